// What one began to write, per conversation: on the server for every screen of the person, here until it is there.
import { post } from "./http.js";

const PAUSE = 900; // ms without a key until the draft is kept
const RECENT = 15_000; // ms; younger than this the page's own memory is the truth
const memory = new Map(); // by ticket: what a conversation that was left still held

export class Draft {
  constructor(root, form, ticket) {
    Object.assign(this, { form, text: form.querySelector("[data-body]") });
    this.name = `recado:draft:${root.dataset.me}:${ticket}`;
    this.ticket = ticket;
    this.saved = this.text.value;
  }

  /** What was left behind: {text, isNote} when it is newer than the server's, and {files, quoted, recording}. */
  find() {
    const held = memory.get(this.ticket);
    memory.delete(this.ticket);
    const unsent = this.unsaved();
    const newer = held && Date.now() - held.at < RECENT ? held : unsent;
    return { ...held, text: newer?.text ?? null, isNote: newer?.isNote };
  }

  unsaved() {
    try {
      return JSON.parse(localStorage.getItem(this.name) ?? "null");
    } catch {
      return null;
    }
  }

  later(isNote) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(isNote), PAUSE);
  }

  async save(isNote, options) {
    clearTimeout(this.timer);
    const text = this.text.value;
    if (text === this.saved) return;
    this.saved = text;
    const body = new FormData();
    body.set("body", text);
    body.set("is_note", isNote ? "1" : "0");
    try {
      await post(this.form.dataset.draftUrl, body, options);
      localStorage.removeItem(this.name);
    } catch {
      if (this.saved === text) this.saved = null;
      if (text) localStorage.setItem(this.name, JSON.stringify({ text, isNote }));
    }
  }

  leave(isNote, more) {
    memory.set(this.ticket, { text: this.text.value, isNote, at: Date.now(), ...more });
    this.save(isNote, { keepalive: true });
  }
}

export const holdsDrafts = () => [...memory.values()].some((held) => held.files?.length || held.recording);
