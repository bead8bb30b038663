// The contact beside the conversation: there by itself where there is room, and as the person left it.
const CHOICE = "recado:panel";
const matches = (width) => matchMedia(`(min-width: ${width})`).matches;

export class Panel {
  constructor(root) {
    this.root = root;
    this.show(localStorage.getItem(CHOICE) !== "0" && matches("80rem"));
  }

  get isOpen() {
    return this.root.classList.contains("has-panel");
  }

  toggle() {
    this.show(!this.isOpen);
    if (matches("62rem")) localStorage.setItem(CHOICE, this.isOpen ? "1" : "0");
  }

  show(on = this.isOpen) {
    this.root.classList.toggle("has-panel", on);
    this.root.querySelector(".talk-head__who")?.setAttribute("aria-expanded", String(on));
  }
}
