// A list of choices above the text: "/" for quick replies, "@" for people. Arrows choose, Enter or Tab takes.
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

export class Popover {
  constructor(box, text, take) {
    this.box = box;
    this.text = text;
    this.take = take;
    box.addEventListener("mousedown", (event) => {
      const option = event.target.closest("[role=option]");
      if (!option) return;
      event.preventDefault();
      this.choose(option);
    });
    text.addEventListener("blur", () => setTimeout(() => this.close(), 150));
  }

  get options() {
    return [...this.box.querySelectorAll("[role=option]")].filter((option) => !option.hidden);
  }

  get isOpen() {
    return !this.box.hidden;
  }

  open(wanted = "") {
    const words = fold(wanted);
    for (const option of this.box.querySelectorAll("[role=option]")) {
      option.hidden = !fold(option.dataset.searchText ?? option.dataset.personName).includes(words);
    }
    const teaches = Boolean(this.box.querySelector(".composer__teach"));
    this.box.hidden = !this.options.length && !(teaches && !wanted);
    this.point(0);
  }

  close() {
    this.box.hidden = true;
  }

  point(at) {
    const options = this.options;
    this.at = (at + options.length) % (options.length || 1);
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === this.at)));
    options[this.at]?.scrollIntoView({ block: "nearest" });
  }

  choose(option) {
    this.close();
    this.take(option);
  }

  /** Whether the key was for this list. */
  key(event) {
    if (!this.isOpen) return false;
    if (event.key === "Escape") this.close();
    else if (event.key === "ArrowDown") this.point(this.at + 1);
    else if (event.key === "ArrowUp") this.point(this.at - 1);
    else if ((event.key === "Enter" || event.key === "Tab") && this.options.length) this.choose(this.options[this.at]);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
