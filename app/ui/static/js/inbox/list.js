// The list of conversations: pages by key as one scrolls, and only the rows near the window in the page.
import { Idiomorph } from "../../vendor/idiomorph.esm.js";
import { isConnected } from "../socket.js";
import { language } from "../words.js";
import { calm, html, parse } from "./http.js";
import { Rows } from "./rows.js";

const PAGE = 40;
const MOST = 100; // rows of one answer
const SPARE = 14; // rows kept ready above and below the window
const STEP = 6; // rows that one scrolls until the page changes
const AHEAD = 30; // rows before the end at which the next page is asked for
const USUAL = 84; // px of a row, until one was measured
const LIVE = 400; // ms between two refreshes
const HIDDEN = 3000;
const HAND = 600; // ms after the pointer's last move in the list
const LONGEST_HAND = 3000;

export class List {
  constructor(root) {
    this.root = root;
    this.box = root.querySelector("[data-list]");
    this.ul = this.box.querySelector("[data-tickets]");
    this.search = new URLSearchParams(location.search);
    this.search.delete("after");
    this.title = document.title;
    this.picked = new Set();
    this.rows = new Rows();
    this.drawn = new WeakMap(); // element → the html that it shows
    this.changedAt = 0;
    this.pointed = -HAND;
    const gap = () => (document.hidden ? HIDDEN : LIVE);
    this.refreshNow = calm(() => this.load(), gap, () => this.calmHand());
    this.adopt();
    this.box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.box.addEventListener("pointermove", () => (this.pointed = performance.now()), { passive: true });
    new ResizeObserver(() => this.resized()).observe(this.box);
  }

  adopt() {
    this.rows.take(this.ul);
    this.rows.all.forEach((row, at) => this.drawn.set(this.ul.children[at], row.html));
    this.count();
    this.draw(true);
    this.more();
  }

  /** Something changed somewhere. */
  refresh() {
    this.changedAt = performance.now();
    this.refreshNow();
  }

  address(extra) {
    const query = new URLSearchParams(this.search);
    for (const [name, value] of Object.entries(extra)) query.set(name, value);
    return `${this.root.dataset.listUrl}?${query}`;
  }

  /** A page of the list as it is asked for now; nothing when the person asks for another meanwhile. */
  async ask(extra) {
    const asked = this.search;
    if (!isConnected()) extra.polling = 1;
    const fresh = parse(await html(this.address(extra)));
    return asked === this.search ? fresh : null;
  }

  // Nothing moves under a hand that is about to click.
  async calmHand() {
    const since = performance.now();
    while (performance.now() - this.pointed < HAND && performance.now() - since < LONGEST_HAND) {
      await new Promise((go) => setTimeout(go, HAND / 2));
    }
  }

  async load() {
    const fresh = await this.ask({ limit: PAGE });
    if (!fresh) return;
    this.show(fresh);
    const { first, last } = this.range();
    if (last <= PAGE || this.rows.size <= PAGE) return;
    const before = this.rows.all[Math.min(Math.max(first, 1), this.rows.size) - 1];
    const deeper = await this.ask({ after: before.cursor, limit: Math.min(MOST, last - first + 2) });
    if (deeper) this.show(deeper, before.key);
  }

  /** Other conversations than before: from the top, with the chips that say which. */
  async turn(search) {
    this.search = search;
    this.box.setAttribute("aria-busy", "true");
    try {
      const fresh = await this.ask({ limit: PAGE, chips: 1 });
      if (!fresh) return;
      this.chips(fresh);
      this.rows = new Rows();
      this.box.scrollTop = this.top = 0;
      this.show(fresh);
      this.root.querySelector("[data-list-said]").textContent = this.ul.dataset.said;
    } finally {
      if (search === this.search) this.box.removeAttribute("aria-busy");
    }
  }

  chips(fresh) {
    const chips = fresh.querySelector("[data-chips]");
    this.root.querySelector("[data-chips]").replaceWith(chips);
    const isNarrowed = Boolean(chips.querySelector("[data-drop-filter]"));
    this.root.querySelector("[data-filters]").classList.toggle("is-set", isNarrowed);
  }

  show(fresh, after = null) {
    const list = fresh.querySelector("[data-tickets]");
    const anchor = this.anchor();
    this.rows.take(list, after);
    for (const [name, value] of Object.entries(list.dataset)) this.ul.dataset[name] = value;
    if (!list.dataset.call) delete this.ul.dataset.call;
    const empty = fresh.querySelector("[data-list-empty]");
    this.box.querySelector("[data-list-empty]")?.remove();
    if (empty && !this.rows.size) this.box.append(empty);
    this.draw(true, anchor);
    this.count();
    this.root.dispatchEvent(new CustomEvent("list:updated"));
    this.more();
  }

  // What stands in the window stays where it is while rows come and go above it.
  anchor() {
    if (this.box.scrollTop < this.height / 2) return [];
    const first = Math.floor(this.box.scrollTop / this.height);
    return this.rows.all.slice(first, first + 8).map((row, at) => [row, (first + at) * this.height - this.box.scrollTop]);
  }

  hold(anchor) {
    for (const [row, offset] of anchor) {
      const at = this.rows.all.findIndex((one) => one.id === row.id && one.key === row.key);
      if (at >= 0) return void (this.box.scrollTop = at * this.height - offset);
    }
  }

  // On a phone the list is away while a conversation is open, and its place with it.
  resized() {
    if (!this.box.clientHeight) return;
    this.measured = 0;
    this.draw(true);
    if (this.top && !this.box.scrollTop) this.box.scrollTop = this.top;
  }

  /** All rows are equally high. */
  get height() {
    this.measured ||= this.ul.firstElementChild?.getBoundingClientRect().height ?? 0;
    return this.measured || USUAL;
  }

  range() {
    const { height } = this;
    const first = Math.floor(this.box.scrollTop / height / STEP) * STEP - SPARE;
    const last = Math.ceil((this.box.scrollTop + this.box.clientHeight) / height / STEP) * STEP + SPARE;
    return { first: Math.max(0, first), last: Math.min(this.rows.size, last), height };
  }

  scrolled() {
    if (this.box.clientHeight) this.top = this.box.scrollTop;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
      this.more();
      if (this.isStale()) this.refreshNow();
    });
  }

  isStale() {
    return this.rows.all.slice(this.first, this.last).some((row) => row.seen < this.changedAt);
  }

  draw(always = false, anchor = []) {
    const sized = this.rows.size;
    if (anchor.length) {
      this.ul.style.paddingBottom = `${Math.max(0, sized - this.ul.children.length) * this.height}px`;
      this.hold(anchor);
    }
    const { first, last, height } = this.range();
    if (!always && first === this.first && last === this.last) return;
    Object.assign(this, { first, last });
    const focused = this.ul.contains(document.activeElement) ? document.activeElement : null;
    this.ul.style.paddingTop = `${first * height}px`;
    this.ul.style.paddingBottom = `${(sized - last) * height}px`;
    this.place(this.rows.all.slice(first, last), first);
    if (focused && focused !== document.activeElement) (focused.isConnected ? focused : this.box).focus({ preventScroll: true });
  }

  place(wanted, first) {
    const ids = new Set(wanted.map((row) => row.id));
    const have = new Map();
    for (const element of [...this.ul.children]) {
      if (ids.has(element.dataset.ticket)) have.set(element.dataset.ticket, element);
      else element.remove();
    }
    let here = this.ul.firstElementChild;
    wanted.forEach((row, at) => {
      const element = have.get(row.id) ?? this.make(row);
      if (element === here) here = here.nextElementSibling;
      else this.ul.insertBefore(element, here);
      this.dress(element, row, first + at);
    });
  }

  make(row) {
    const element = parse(row.html).firstElementChild;
    this.drawn.set(element, row.html);
    return element;
  }

  dress(element, row, at) {
    if (this.drawn.get(element) !== row.html) {
      Idiomorph.morph(element, row.html, { morphStyle: "outerHTML" });
      this.drawn.set(element, row.html);
    }
    const isOpen = row.id === this.active;
    const isPicked = this.picked.has(row.id);
    element.classList.toggle("is-active", isOpen);
    element.classList.toggle("is-picked", isPicked);
    const check = element.querySelector("[data-bulk-pick]");
    check.checked = isPicked;
    check.tabIndex = this.isSelecting ? 0 : -1;
    element.setAttribute("aria-posinset", at + 1);
    element.setAttribute("aria-setsize", this.rows.next ? -1 : this.rows.size);
    const link = element.querySelector("[data-open-ticket]");
    if (isOpen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }

  async more() {
    if (!this.rows.next || this.loading || this.rows.size - this.last > AHEAD) return;
    this.loading = true;
    const after = this.rows.all.at(-1);
    try {
      const fresh = await this.ask({ after: this.rows.next, limit: MOST });
      if (fresh) this.rows.take(fresh.querySelector("[data-tickets]"), after?.key);
      if (fresh) this.draw(true);
    } catch {
      return; // scrolling asks again
    } finally {
      this.loading = false;
    }
    this.more();
  }

  count() {
    for (const place of this.root.querySelectorAll("[data-count]")) {
      const number = Number(this.ul.dataset[place.dataset.count]);
      place.textContent = number > 9999 ? "9.999+" : number.toLocaleString(language());
    }
    const unread = Number(this.ul.dataset.unread);
    document.title = (unread ? `(${unread}) ` : "") + this.title;
  }

  mark(ticketId) {
    this.active = ticketId;
    this.rows.place(ticketId);
    this.draw(true);
  }

  /** Scroll until the row is to be seen; its link. */
  reveal(id) {
    const at = this.rows.place(id);
    if (at < 0) return null;
    const { height } = this;
    const top = at * height;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top + height > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = top + height - this.box.clientHeight;
    this.draw();
    this.more();
    return document.getElementById(`t-${id}`)?.querySelector("[data-open-ticket]");
  }
}
