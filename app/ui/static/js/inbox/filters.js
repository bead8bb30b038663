// Which conversations the list shows: tab, search, filters and saved filters, without leaving the open one.
import { toast } from "../toast.js";
import { post } from "./http.js";

const PAUSE = 300; // ms without a key until the search begins

export class Filters {
  constructor(root, list, open) {
    Object.assign(this, { root, list, open });
    this.search = root.querySelector("[data-search]");
    this.form = root.querySelector("[data-filter-form]");
    this.bind();
  }

  bind() {
    let timer = null;
    const type = () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.change({ q: this.search.value.trim() }), PAUSE);
    };
    this.search.addEventListener("input", type);
    this.search.addEventListener("keydown", (event) => this.key(event));
    this.search.form.addEventListener("submit", (event) => (event.preventDefault(), this.openFirst()));
    this.root.querySelector("[data-filters]").addEventListener("click", () => this.fill());
    this.form.addEventListener("submit", (event) => this.apply(event));
    this.root.querySelector("[data-save-filter]").addEventListener("submit", (event) => this.save(event));
    this.root.addEventListener("submit", (event) => event.target.closest("[data-chips]") && this.forget(event), true);
  }

  key(event) {
    if (event.key === "Escape" && this.search.value) this.search.value = "";
    else if (event.key === "Escape") return this.search.blur();
    else if (event.key !== "ArrowDown") return;
    else this.list.box.querySelector("[data-open-ticket]")?.focus();
    event.preventDefault();
    if (event.key === "Escape") this.change({ q: "" });
  }

  async openFirst() {
    const q = this.search.value.trim();
    if (q !== (this.list.search.get("q") ?? "")) await this.change({ q });
    const [row] = this.list.rows.all;
    if (row && q) this.open(row.id);
  }

  change(changes) {
    const search = new URLSearchParams(this.list.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) search.set(name, value);
      else search.delete(name);
    }
    return this.turn(search);
  }

  async turn(search) {
    search.delete("after");
    const tab = search.get("tab") ?? "mine";
    for (const link of this.root.querySelectorAll("[data-tab]")) {
      link.classList.toggle("is-active", link.dataset.tab === tab);
      if (link.dataset.tab === tab) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (document.activeElement !== this.search) this.search.value = search.get("q") ?? "";
    history.replaceState(null, "", `${location.pathname}?${search}`);
    try {
      await this.list.turn(search);
    } catch (refused) {
      toast(refused.message, "error");
    }
  }

  /** The dialog shows what is set now. */
  fill() {
    for (const field of this.form.elements) {
      if (!field.name || field.type === "hidden") continue;
      const value = this.list.search.get(field.name) ?? "";
      if (field.type === "checkbox") field.checked = value === field.value;
      else field.value = value;
    }
  }

  apply(event) {
    event.preventDefault();
    const changes = {};
    for (const field of this.form.elements) {
      if (field.name && field.type !== "hidden") changes[field.name] = field.type === "checkbox" && !field.checked ? "" : field.value;
    }
    this.form.closest("dialog").close();
    this.change(changes);
  }

  async save(event) {
    event.preventDefault();
    const body = new FormData(event.target);
    for (const [name, value] of this.list.search) body.set(name, value);
    await this.tell(event.target.action, body);
    event.target.closest("dialog").close();
    event.target.reset();
  }

  async forget(event) {
    event.preventDefault();
    event.stopPropagation();
    await this.tell(event.target.action, new FormData(event.target));
  }

  async tell(url, body) {
    try {
      await post(url, body);
      await this.list.turn(new URLSearchParams(this.list.search));
    } catch (refused) {
      toast(refused.message, "error");
    }
  }
}
