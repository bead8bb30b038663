// What is on its way to the server. Each has its key, made here once: asking again never sends twice. What could not
// be handed over stays, also across a reload, until the person sends it again or takes it back.
import { words } from "../words.js";
import { parse, post } from "./http.js";

const TRIES = [0, 1200, 4000]; // ms before each
const label = (root, name) => root.dataset[`words${name}`] ?? "";

export class Outgoing {
  constructor(root, conversation, thread, takeBack) {
    this.root = root;
    this.ticket = conversation.dataset.ticketId;
    this.thread = thread;
    this.takeBack = takeBack;
    this.line = Promise.resolve(); // one after the other: their order is the order of the words
    for (const entry of this.kept()) this.fail(this.draw(entry), entry, label(root, "Unsent"));
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

  /** `entry`: {key, url, fields: [[name, value]], text, isNote, fileName}; `upload` gives the file's fields. */
  send(entry, upload) {
    if (!upload) this.keep([...this.kept(), entry]);
    const bubble = this.draw(entry);
    this.line = this.line.then(() => this.deliver(bubble, entry, upload));
    return this.line;
  }

  draw(entry) {
    const bubble = this.root.querySelector("[data-outgoing]").content.firstElementChild.cloneNode(true);
    bubble.classList.toggle("msg--note", Boolean(entry.isNote));
    bubble.querySelector("[data-pending-text]").textContent = entry.text;
    const file = bubble.querySelector("[data-pending-file]");
    file.textContent = entry.fileName ?? "";
    file.hidden = !entry.fileName;
    return this.thread.add(bubble);
  }

  async deliver(bubble, entry, upload) {
    let why = "";
    for (const wait of TRIES) {
      await new Promise((done) => setTimeout(done, wait));
      try {
        if (upload && !entry.uploaded) entry.uploaded = await upload();
        return this.arrive(bubble, entry, await this.ask(entry));
      } catch (refused) {
        why = refused.message;
        if (refused.status && refused.status < 500 && refused.status !== 429) break;
      }
    }
    return this.fail(bubble, entry, why, upload);
  }

  async ask(entry) {
    const form = new FormData();
    form.set("client_key", entry.key);
    for (const [name, value] of [...entry.fields, ...(entry.uploaded ?? [])]) form.append(name, value);
    return (await post(entry.url, form)).text();
  }

  arrive(bubble, entry, html) {
    this.keep(this.kept().filter((one) => one.key !== entry.key));
    if (!bubble.isConnected) return;
    bubble.remove();
    if (!entry.isLater) this.thread.add(parse(html).firstElementChild);
    this.root.dispatchEvent(new CustomEvent("inbox:sent", { detail: entry }));
  }

  fail(bubble, entry, why, upload) {
    bubble.classList.add("is-failed");
    bubble.querySelector("[data-pending-state]").textContent = label(this.root, "Unsent");
    const box = bubble.querySelector("[data-pending-failed]");
    box.hidden = false;
    box.querySelector("[data-pending-why]").textContent = why || words("failed");
    box.querySelector("[data-pending-retry]").onclick = () => {
      box.hidden = true;
      bubble.classList.remove("is-failed");
      bubble.querySelector("[data-pending-state]").textContent = label(this.root, "Sending");
      this.line = this.line.then(() => this.deliver(bubble, entry, upload));
    };
    box.querySelector("[data-pending-edit]").onclick = () => {
      this.keep(this.kept().filter((one) => one.key !== entry.key));
      bubble.remove();
      this.takeBack(entry);
    };
  }
}
