// Several conversations at once. What is chosen is a set of ids: the rows come and go as one scrolls.
import { ask } from "../confirm.js";
import { toast } from "../toast.js";
import { post } from "./http.js";

const MOST = 200; // the server's limit of one go

export class Selection {
  constructor(root, list, refresh) {
    Object.assign(this, { root, list, refresh });
    this.form = root.querySelector("[data-bulk-form]");
    root.querySelector("[data-select-mode]").addEventListener("click", () => this.turn(true));
    this.form.querySelector("[data-bulk-off]").addEventListener("click", () => this.clear());
    this.form.querySelector("[data-bulk-all]").addEventListener("click", () => this.all());
    this.form.addEventListener("submit", (event) => this.submit(event));
    root.addEventListener("list:updated", () => this.forget());
    list.box.addEventListener("click", (event) => event.target.matches("[data-bulk-pick]") && this.pick(event));
  }

  turn(on) {
    this.list.isSelecting = on;
    this.root.classList.toggle("is-selecting", on);
    this.show();
  }

  // With Shift, everything between the last one and this one.
  pick(event) {
    const { value: id, checked } = event.target;
    const [from, to] = [this.list.rows.place(this.last), this.list.rows.place(id)].sort((a, b) => a - b);
    const range = event.shiftKey && from >= 0 ? this.list.rows.all.slice(from, to + 1).map((row) => row.id) : [id];
    for (const one of range) this.set(one, checked);
    this.last = id;
    this.turn(this.list.isSelecting || checked);
  }

  set(id, on) {
    if (on) this.list.picked.add(id);
    else this.list.picked.delete(id);
  }

  toggle(id) {
    if (!id) return;
    this.set(id, !this.list.picked.has(id));
    this.last = id;
    this.turn(this.list.isSelecting || this.list.picked.size > 0);
  }

  all() {
    const rows = this.list.rows.all;
    for (const row of rows.slice(0, MOST)) this.list.picked.add(row.id);
    if (rows.length > MOST || this.list.rows.next) toast(this.root.dataset.wordsMost, "info");
    this.show();
  }

  clear() {
    this.list.picked.clear();
    this.form.elements.action.value = "";
    this.turn(false);
  }

  // What left the list is no longer chosen: nobody acts on what they cannot see.
  forget() {
    for (const id of this.list.picked) if (!this.list.rows.find(id)) this.list.picked.delete(id);
    this.show();
  }

  async submit(event) {
    event.preventDefault();
    event.stopPropagation();
    const { action } = this.form.elements;
    if (!action.value || !this.list.picked.size || !(await this.agreed(action))) return;
    const body = new FormData(this.form); // the form has a field named "action", which hides its own
    body.delete("ids");
    for (const id of this.list.picked) body.append("ids", id);
    try {
      toast(await (await post(this.form.getAttribute("action"), body)).text(), "info");
      this.clear();
    } catch (refused) {
      toast(refused.message, "error");
    }
    this.refresh();
  }

  agreed(action) {
    if (action.value !== "close" || this.list.picked.size < 2) return true;
    const confirm = this.root.dataset.wordsClose.replace("{n}", this.list.picked.size);
    return ask({ confirm, confirmLabel: action.selectedOptions[0].textContent });
  }

  show() {
    const count = this.list.picked.size;
    const { wordsOne, wordsMany } = this.root.dataset;
    this.form.hidden = !this.list.isSelecting;
    this.form.querySelector("[data-bulk-words]").textContent = count === 1 ? wordsOne : wordsMany.replace("{n}", count);
    this.list.draw(true);
  }
}
