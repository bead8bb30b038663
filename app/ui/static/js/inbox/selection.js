// Several conversations at once.
import { toast } from "../toast.js";
import { post } from "./http.js";

export class Selection {
  constructor(root, refresh) {
    this.root = root;
    this.form = root.querySelector("[data-bulk-form]");
    root.querySelector("[data-select-mode]").addEventListener("click", () => this.turn(true));
    this.form.querySelector("[data-bulk-off]").addEventListener("click", () => this.clear());
    root.addEventListener("change", (event) => event.target.matches("[data-bulk-pick]") && this.show());
    root.addEventListener("list:updated", () => this.show());
    this.form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (!this.form.elements.action.value) return;
      try {
        toast(await (await post(this.form.action, new FormData(this.form))).text(), "info");
        this.clear();
      } catch (refused) {
        toast(refused.message, "error");
      }
      refresh();
    });
  }

  get picked() {
    return [...this.root.querySelectorAll("[data-bulk-pick]:checked")];
  }

  turn(on) {
    this.root.classList.toggle("is-selecting", on);
    this.show();
  }

  toggle(row) {
    const box = row?.querySelector("[data-bulk-pick]");
    if (!box) return;
    box.checked = !box.checked;
    this.show();
  }

  clear() {
    for (const box of this.picked) box.checked = false;
    this.form.elements.action.value = "";
    this.turn(false);
  }

  show() {
    const count = this.picked.length;
    const { wordsOne, wordsMany } = this.root.dataset;
    if (count) this.root.classList.add("is-selecting");
    this.form.hidden = !this.root.classList.contains("is-selecting");
    this.form.querySelector("[data-bulk-words]").textContent = count === 1 ? wordsOne : wordsMany.replace("{n}", count);
  }
}
