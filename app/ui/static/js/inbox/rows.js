// What is known of the list, in its order, by a key that sorts as text. No element lives here.
const fields = (element) => ({
  id: element.dataset.ticket,
  key: element.dataset.key,
  cursor: element.dataset.cursor,
  unread: Number(element.dataset.unread),
  hit: element.dataset.hit,
  html: element.outerHTML.trim(),
});

export class Rows {
  constructor() {
    this.all = [];
    this.next = "";
    this.at = 0; // where the last row that was asked for stood
  }

  /** A page of the server's answer, which is true for everything from `after` (a row's key) to its own last row. */
  take(list, after = null) {
    const now = performance.now();
    const fresh = [...list.children].map((element) => ({ ...fields(element), seen: now }));
    const ids = new Set(fresh.map((row) => row.id));
    const kept = this.all.filter((row) => !ids.has(row.id));
    const { next, order } = list.dataset;
    const isUp = order === "up";
    const isBehind = (row, key) => (isUp ? row.key > key : row.key < key);
    const before = after ? kept.filter((row) => !isBehind(row, after)) : [];
    const end = fresh.at(-1)?.key;
    const behind = next ? kept.filter((row) => isBehind(row, end)) : [];
    this.all = [...before, ...fresh, ...behind];
    // The oldest first: whoever just wrote stands behind the last that we know.
    this.next = next && behind.length ? this.next || (isUp ? behind.at(-1).cursor : "") : next;
  }

  get size() {
    return this.all.length;
  }

  find(id) {
    return this.all.find((row) => row.id === id);
  }

  /** Of the row, or of the place that it left. */
  place(id) {
    const at = this.all.findIndex((row) => row.id === id);
    if (at >= 0) this.at = at;
    return at;
  }

  /** The row after (1) or before (-1) this one; where it is gone, the one that took its place. */
  beside(id, step) {
    const at = this.place(id);
    if (at < 0) return id ? (this.all[step > 0 ? this.at : this.at - 1] ?? null) : (this.all[0] ?? null);
    return this.all[at + step] ?? null;
  }
}
