// What is on its way to the server, per conversation: it goes on when another one is opened. Each has its key, made here
// once: asking again never sends twice. What could not be handed over stays, also across a reload when it is text, until
// the person sends it again or takes it back; a lost connection sends it when it is there again.
import { toast } from "../toast.js";
import { words } from "../words.js";
import { parse, post } from "./http.js";

const TRIES = [0, 1200, 4000]; // ms before each
const YOUNG = 60_000; // ms; what a reload interrupted goes on by itself
const FRESH = 600_000; // ms; what a lost connection stopped goes on by itself
const lines = new Map();

export function outgoingOf(root, ticket) {
  if (!lines.has(ticket)) lines.set(ticket, new Outgoing(root, ticket));
  return lines.get(ticket);
}

/** Files and recordings are only in this page. */
export const holdsFiles = () => [...lines.values()].some((line) => line.items.some((item) => item.upload));

addEventListener("online", () => {
  for (const line of lines.values()) line.goOn();
});

class Outgoing {
  constructor(root, ticket) {
    Object.assign(this, { root, ticket, line: Promise.resolve() }); // one after the other, as they were written
    this.items = this.kept().map((entry) => ({ entry, state: "failed", why: "" }));
  }

  /** Shows what waits in the thread that is open now. */
  attach(thread, takeBack) {
    Object.assign(this, { thread, takeBack });
    for (const item of this.items) this.draw(item);
    for (const item of [...this.items]) if (item.state === "failed" && Date.now() - item.entry.at < YOUNG) this.again(item);
  }

  store() {
    return `recado:unsent:${this.root.dataset.me}:${this.ticket}`;
  }

  kept() {
    try {
      return JSON.parse(localStorage.getItem(this.store()) ?? "[]");
    } catch {
      return [];
    }
  }

  keep(entries) {
    try {
      if (entries.length) localStorage.setItem(this.store(), JSON.stringify(entries));
      else localStorage.removeItem(this.store());
    } catch {
      // private windows have no storage; the bubble itself still holds the words
    }
  }

  /** `entry`: {key, url, fields: [[name, value]], text, isNote, fileName}; `file`: {upload, player?, back?}. */
  send(entry, file) {
    const item = { entry: { ...entry, at: Date.now() }, state: "sending", why: "", ...file };
    this.items.push(item);
    if (!item.upload) this.keep([...this.kept(), item.entry]);
    this.draw(item);
    this.queue(item);
  }

  queue(item) {
    this.line = this.line.then(() => this.deliver(item));
  }

  draw(item) {
    const { entry } = item;
    const bubble = this.root.querySelector("[data-outgoing]").content.firstElementChild.cloneNode(true);
    const find = (name) => bubble.querySelector(`[data-pending-${name}]`);
    bubble.classList.toggle("msg--note", Boolean(entry.isNote));
    find("text").textContent = entry.text;
    find("file").textContent = entry.fileName ?? "";
    find("file").hidden = !entry.fileName || Boolean(item.player);
    if (item.player) find("file").after(item.player());
    find("retry").onclick = () => this.again(item);
    find("edit").onclick = () => this.take(item);
    find("drop").onclick = () => this.remove(item);
    item.bubble = this.thread.add(bubble);
    this.show(item);
  }

  show({ bubble, state, why }) {
    const failed = state === "failed";
    bubble.classList.toggle("is-failed", failed);
    bubble.querySelector("[data-pending-state]").textContent = this.root.dataset[failed ? "wordsUnsent" : "wordsSending"];
    bubble.querySelector("[data-pending-why]").textContent = why || this.root.dataset.wordsUnsentWhy;
    bubble.querySelector("[data-pending-failed]").hidden = !failed;
  }

  again(item) {
    if (item.state !== "failed") return;
    item.state = "sending";
    this.show(item);
    this.queue(item);
  }

  /** The connection is back: what it stopped goes, in its order. */
  goOn() {
    for (const item of this.items) if (item.isLost && Date.now() - item.entry.at < FRESH) this.again(item);
  }

  take(item) {
    this.remove(item);
    this.takeBack(item.entry, item.back);
  }

  remove(item) {
    this.items = this.items.filter((one) => one !== item);
    this.keep(this.kept().filter((one) => one.key !== item.entry.key));
    if (item.bubble) this.thread.rows.remove(item.bubble);
  }

  async deliver(item) {
    for (const wait of TRIES) {
      await new Promise((done) => setTimeout(done, wait));
      try {
        if (item.upload) item.uploaded ??= await item.upload();
        return this.arrive(item, await this.ask(item));
      } catch (refused) {
        item.why = refused.status ? refused.message : this.root.dataset.wordsOffline;
        item.isLost = !refused.status;
        if (!navigator.onLine || (refused.status && refused.status < 500 && refused.status !== 429)) break;
      }
    }
    return this.fail(item);
  }

  async ask({ entry, uploaded }) {
    const form = new FormData();
    form.set("client_key", entry.key);
    for (const [name, value] of [...entry.fields, ...(uploaded ?? [])]) form.append(name, value);
    return (await post(entry.url, form)).text();
  }

  arrive(item, html) {
    const isShown = item.bubble && this.thread.shows(item.bubble);
    this.remove(item);
    if (isShown && !item.entry.isLater) this.thread.add(parse(html).firstElementChild);
    this.root.dispatchEvent(new CustomEvent("inbox:sent", { detail: item.entry }));
  }

  fail(item) {
    item.state = "failed";
    this.show(item);
    if (!this.thread.shows(item.bubble)) toast(item.why || words("failed"), "error");
  }
}
