// The list of conversations: pages by key as one scrolls, rows redrawn in place.
import { Idiomorph } from "../../vendor/idiomorph.esm.js";
import { isConnected } from "../socket.js";
import { language } from "../words.js";
import { calm, html, parse } from "./http.js";

const PAGE = 40;
const MOST = 100; // rows redrawn at once; further down only what was scrolled to stays

export class List {
  constructor(root) {
    this.root = root;
    this.box = root.querySelector("[data-list]");
    this.search = new URLSearchParams(location.search);
    this.title = document.title;
    this.refresh = calm(() => this.load(), 400);
    this.box.addEventListener("scroll", () => this.near() && this.more(), { passive: true });
    this.count();
    this.more();
  }

  get rows() {
    return this.box.querySelector("[data-tickets]");
  }

  address(extra) {
    const query = new URLSearchParams(this.search);
    for (const [name, value] of Object.entries(extra)) query.set(name, value);
    return `${this.root.dataset.listUrl}?${query}`;
  }

  async load() {
    const loaded = this.rows.children.length;
    const extra = { limit: Math.min(Math.max(PAGE, loaded), MOST) };
    if (!isConnected()) extra.polling = 1;
    const asked = this.search;
    const fresh = parse(await html(this.address(extra)));
    if (asked !== this.search) return;
    this.show(fresh, loaded);
  }

  show(fresh, loaded) {
    const rows = fresh.querySelector("[data-tickets]");
    if (loaded > MOST && rows.dataset.next) this.keepTail(rows);
    this.dress(rows);
    const holder = document.createElement("div");
    holder.append(...fresh.children);
    Idiomorph.morph(this.box, holder, {
      morphStyle: "innerHTML",
      ignoreActiveValue: true,
      callbacks: { beforeAttributeUpdated: (name, node) => !(name === "checked" && node.matches("[data-bulk-pick]")) },
    });
    this.count();
    this.root.dispatchEvent(new CustomEvent("list:updated"));
  }

  keepTail(rows) {
    const known = new Set([...rows.children].map((row) => row.id));
    const tail = [...this.rows.children].slice(MOST).filter((row) => !known.has(row.id));
    rows.append(...tail.map((row) => row.cloneNode(true)));
    rows.dataset.next = this.rows.dataset.next;
  }

  dress(rows) {
    for (const row of rows.children) {
      row.classList.toggle("is-active", row.dataset.ticket === this.active);
      const before = document.getElementById(row.id);
      if (before?.querySelector("[data-bulk-pick]")?.checked) row.querySelector("[data-bulk-pick]").checked = true;
    }
  }

  near() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 600;
  }

  async more() {
    const next = this.rows.dataset.next;
    if (!next || this.loading || !this.near()) return;
    this.loading = true;
    const asked = this.search;
    try {
      const fresh = parse(await html(this.address({ after: next, limit: PAGE }))).querySelector("[data-tickets]");
      if (asked !== this.search) return;
      this.dress(fresh);
      for (const row of [...fresh.children]) if (!document.getElementById(row.id)) this.rows.append(row);
      this.rows.dataset.next = fresh.dataset.next;
    } catch {
      // scrolling asks again
    } finally {
      this.loading = false;
    }
    this.more();
  }

  count() {
    for (const place of this.root.querySelectorAll("[data-count]")) {
      const number = Number(this.rows.dataset[place.dataset.count]);
      place.textContent = number > 9999 ? "9.999+" : number.toLocaleString(language());
    }
    const unread = Number(this.rows.dataset.unread);
    document.title = (unread ? `(${unread}) ` : "") + this.title;
  }

  mark(ticketId) {
    this.active = ticketId;
    for (const row of this.rows.children) {
      const on = row.dataset.ticket === ticketId;
      row.classList.toggle("is-active", on);
      const link = row.querySelector("[data-open-ticket]");
      if (on) link?.setAttribute("aria-current", "true");
      else link?.removeAttribute("aria-current");
    }
  }

  has(ticketId) {
    return Boolean(document.getElementById(`t-${ticketId}`));
  }

  /** The row after (1) or before (-1) the open one. */
  beside(step) {
    const rows = [...this.rows.children];
    const at = rows.findIndex((row) => row.dataset.ticket === this.active);
    return at < 0 ? rows[0] : rows[at + step];
  }
}
