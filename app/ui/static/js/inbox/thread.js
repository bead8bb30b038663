// One conversation's messages: grows at both ends without moving what one reads.
import { Idiomorph } from "../../vendor/idiomorph.esm.js";
import { calm, html, parse } from "./http.js";
import { Rows } from "./window.js";

const NEAR = 90; // px from the end that still count as the end
const AHEAD = 700; // px before an edge at which more comes
const TYPING_FOR = 6000; // ms
const SEARCHED = 40; // pages back when a quote is followed

export class Thread {
  constructor(conversation) {
    this.base = conversation.dataset.base;
    this.box = conversation.querySelector("[data-thread]");
    this.items = this.box.querySelector("[data-items]");
    this.rows = new Rows(this.box, this.items);
    this.older = this.items.dataset.older;
    this.down = conversation.querySelector("[data-to-end]");
    this.fresh = 0;
    this.refresh = calm(() => this.load(), 250);
    this.redraw = calm(() => this.loadSome(), 300);
    this.changed = new Set();
    this.box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.down.addEventListener("click", () => this.toEnd(true));
    this.box.addEventListener("load", () => this.sticks && this.toEnd(), true);
    // The composer grows, a banner comes: the end stays in sight.
    new ResizeObserver(() => this.sticks && this.toEnd()).observe(this.box);
    this.sticks = true;
    this.start();
  }

  start() {
    const line = this.items.querySelector("[data-unread-line]");
    if (line && line.offsetTop < this.box.scrollHeight - this.box.clientHeight) {
      this.sticks = false;
      this.box.scrollTop = line.offsetTop - 60;
    } else this.toEnd();
    if (this.box.scrollHeight < this.box.clientHeight + AHEAD) this.back();
  }

  atEnd() {
    return !this.rows.below.length && this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR;
  }

  toEnd(smooth = false) {
    this.sticks = true;
    if (this.rows.below.length) {
      this.rows.around();
      smooth = false;
    }
    this.box.scrollTo({ top: this.box.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    this.tell(0);
  }

  scrolled() {
    this.sticks = this.atEnd();
    if (this.sticks) this.tell(0);
    else this.down.hidden = false;
    if (this.box.scrollTop < AHEAD) this.back();
    else if (this.rows.below.length && this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < AHEAD) this.rows.down();
  }

  tell(count) {
    this.fresh = count;
    this.down.hidden = this.atEnd();
    this.down.querySelector("[data-new-count]").textContent = count || "";
  }

  /** Older ones: those that wait beside, else the server's. */
  async back() {
    if (this.rows.above.length) return this.rows.up(), true;
    if (!this.older || this.loading) return false;
    this.loading = true;
    try {
      const page = parse(await html(`${this.base}/thread?before=${encodeURIComponent(this.older)}`));
      this.prepend(page.querySelector("[data-items]"));
      return true;
    } catch {
      return false;
    } finally {
      this.loading = false;
    }
  }

  prepend(page) {
    const rows = [...page.children];
    const first = this.rows.firstDay();
    const again = first && rows.findLast((row) => row.dataset.day)?.dataset.day === first.dataset.day;
    this.older = page.dataset.older;
    this.rows.prepend(rows, again ? first : null);
  }

  async load() {
    const fresh = parse(await html(`${this.base}/thread`)).querySelector("[data-items]");
    if (this.rows.below.length) return this.later(fresh);
    const stick = this.sticks || this.atEnd();
    const before = this.items.querySelectorAll(".msg--in").length;
    this.merge(fresh);
    const added = Math.max(0, this.items.querySelectorAll(".msg--in").length - before);
    if (stick) this.toEnd();
    else if (added) this.tell(this.fresh + added);
  }

  // The end is not in the page: what is new waits there.
  later(fresh) {
    let added = 0;
    for (const row of [...fresh.children]) {
      const existing = this.rows.find(row.id);
      if (existing) morph(existing, row);
      else if (!row.dataset.day && !row.matches("[data-unread-line]")) {
        this.rows.below.push(row);
        added += row.matches(".msg--in");
      }
    }
    if (added) this.tell(this.fresh + added);
  }

  merge(fresh) {
    const rows = [...fresh.children];
    const known = new Map([...this.items.children].filter((row) => row.id).map((row) => [row.id, row]));
    const start = rows.findIndex((row) => !row.dataset.day && known.has(row.id));
    if (start < 0) return this.replace(fresh, rows);
    const wanted = new Set(rows.map((row) => row.id));
    let at = known.get(rows[start].id);
    const rest = new Set();
    for (let node = at; node; node = node.nextElementSibling) rest.add(node);
    for (const row of rows.slice(start)) at = this.place(row, known.get(row.id), at);
    for (const node of rest) if (!wanted.has(node.id) && !this.stays(node)) node.remove();
    this.items.querySelector("#thread-none:not(:only-child)")?.remove();
  }

  place(row, existing, cursor) {
    let at = cursor;
    while (at?.matches("[data-unread-line]")) at = at.nextElementSibling;
    if (row.matches("[data-unread-line]") && existing) return cursor;
    if (existing) morph(existing, row);
    const node = existing ?? row;
    if (node === at) return at.nextElementSibling;
    this.items.insertBefore(node, at ?? this.items.querySelector("[data-pending]"));
    return at;
  }

  replace(fresh, rows) {
    const pending = [...this.items.querySelectorAll("[data-pending]")];
    this.older = fresh.dataset.older;
    this.rows.reset([...rows, ...pending]);
  }

  stays(node) {
    return node.matches("[data-pending], [data-unread-line]");
  }

  has(messageId) {
    return Boolean(this.rows.find(`m-${messageId}`));
  }

  /** A message somewhere in the thread changed: ticks, an edit, a reaction. */
  change(messageId) {
    if (!this.has(messageId)) return;
    this.changed.add(messageId);
    this.redraw();
  }

  async loadSome() {
    const some = [...this.changed];
    this.changed.clear();
    if (some.length > 4) return this.load();
    for (const messageId of some) {
      const fresh = parse(await html(`/inbox/messages/${messageId}`)).firstElementChild;
      const existing = this.rows.find(`m-${messageId}`);
      if (existing) morph(existing, fresh);
    }
    if (this.sticks) this.toEnd();
  }

  add(row) {
    if (this.rows.below.length) this.rows.around();
    const same = this.rows.find(row.id);
    if (same) morph(same, row);
    else this.items.append(row);
    this.items.querySelector("#thread-none")?.remove();
    this.toEnd();
    return same || row;
  }

  showTyping(words) {
    const line = this.box.querySelector("[data-typing]");
    line.textContent = words;
    line.hidden = false;
    if (this.sticks) this.toEnd();
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => (line.hidden = true), TYPING_FOR);
  }

  /** Whether that row is in this thread and the thread is in the page. */
  shows(row) {
    return this.box.isConnected && this.rows.holds(row);
  }

  async go(messageId) {
    const id = `m-${messageId}`;
    for (let page = 0; page < SEARCHED && !this.rows.find(id); page += 1) {
      if (!(await this.back())) break;
    }
    const found = this.rows.find(id);
    if (!found) return;
    if (!found.isConnected) this.rows.around(found);
    this.sticks = false;
    found.scrollIntoView({ block: "center" });
    found.classList.add("is-shown");
    setTimeout(() => found.classList.remove("is-shown"), 1800);
  }
}

function morph(existing, fresh) {
  Idiomorph.morph(existing, fresh, {
    morphStyle: "outerHTML",
    callbacks: { beforeNodeMorphed: (node) => !node.matches?.("video, [data-player].is-touched") },
  });
}
