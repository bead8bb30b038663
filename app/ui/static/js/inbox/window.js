// Of a long conversation only the rows around what one reads are in the page; the others wait beside, already drawn.
const MOST = 240; // rows in the page
const STEP = 60; // rows that come or go at once

export class Rows {
  constructor(box, items) {
    Object.assign(this, { box, items, above: [], below: [] });
  }

  /** By its element's id, in the page or not. */
  find(id) {
    if (!id) return null;
    const same = (row) => row.id === id;
    return document.getElementById(id) ?? this.above.find(same) ?? this.below.find(same) ?? null;
  }

  holds(row) {
    return row.parentElement === this.items || this.below.includes(row) || this.above.includes(row);
  }

  remove(row) {
    row.remove();
    this.above = this.above.filter((one) => one !== row);
    this.below = this.below.filter((one) => one !== row);
  }

  firstDay() {
    const isDay = (row) => row.dataset.day;
    return this.above.find(isDay) ?? [...this.items.children].find(isDay) ?? this.below.find(isDay);
  }

  /** What one reads stays where it is while rows come and go around it. */
  still(change) {
    const edge = this.box.getBoundingClientRect().top;
    const anchor = [...this.items.children].find((row) => row.getBoundingClientRect().bottom > edge);
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (anchor?.isConnected) this.box.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  /** Older ones come, `gone` goes; of the newest as many as are too many. */
  prepend(rows, gone = null) {
    this.still(() => {
      if (gone) this.remove(gone);
      this.items.prepend(...rows);
      const surplus = [...this.items.children].slice(MOST);
      for (const row of surplus) row.remove();
      this.below.unshift(...surplus);
    });
  }

  up() {
    this.prepend(this.above.splice(-STEP));
  }

  down() {
    this.still(() => {
      this.items.append(...this.below.splice(0, STEP));
      const surplus = [...this.items.children].slice(0, -MOST);
      for (const row of surplus) row.remove();
      this.above.push(...surplus);
    });
  }

  /** The rows around that one, or the last ones. */
  around(row = null) {
    const all = [...this.above, ...this.items.children, ...this.below];
    const at = row ? all.indexOf(row) : all.length;
    const end = Math.min(all.length, Math.max(at + MOST / 2, MOST));
    const start = Math.max(0, end - MOST);
    this.above = all.slice(0, start);
    this.below = all.slice(end);
    this.items.replaceChildren(...all.slice(start, end));
  }

  reset(rows) {
    this.above = [];
    this.below = [];
    this.items.replaceChildren(...rows);
  }
}
