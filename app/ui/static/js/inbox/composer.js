// Where one writes: answers and notes, files, voice, quick replies.
import { toast } from "../toast.js";
import { Draft, holdsDrafts } from "./drafts.js";
import { Tray, upload, uploadVoice } from "./files.js";
import { ask, newKey } from "./http.js";
import { choose } from "./later.js";
import { holdsFiles, outgoingOf } from "./outgoing.js";
import { clock } from "./player.js";
import { Popover } from "./popover.js";
import { drawPlayer, Recorder } from "./recorder.js";

const TYPING_EVERY = 3000; // ms
const SIGN = "recado:sign";
const TWICE = 1000; // ms; the second click of two says nothing
const LONGEST = 4096; // of an answer; notes may be longer
const MARKS = { KeyB: "*", KeyI: "_" };
let current = null;

// Files and recordings are in this page only: leaving it asks.
addEventListener("beforeunload", (event) => {
  if (holdsFiles() || holdsDrafts() || current?.holdsFiles()) event.preventDefault();
});

export class Composer {
  constructor(root, conversation, thread, tell) {
    Object.assign(this, { root, conversation, tell });
    this.form = conversation.querySelector("[data-composer]");
    this.text = this.form.querySelector("[data-body]");
    this.mentions = new Map();
    this.tray = new Tray(this.form, conversation);
    this.recorder = new Recorder(this.form, (recording) => this.sendVoice(recording));
    this.draft = new Draft(root, this.form, conversation.dataset.ticketId);
    this.outgoing = outgoingOf(root, conversation.dataset.ticketId);
    this.popovers = [
      new Popover(this.form.querySelector("[data-popover]"), this.text, (option) => this.quick(option)),
      new Popover(this.form.querySelector("[data-mentions]"), this.text, (option) => this.mention(option)),
    ];
    this.bind();
    this.comeBack();
    this.outgoing.attach(thread, (entry, back) => this.takeBack(entry, back));
    current = this;
  }

  bind() {
    const on = (selector, act) => this.form.querySelector(selector).addEventListener("click", act);
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.send()));
    this.form.addEventListener("click", (event) => this.click(event));
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("paste", (event) => this.isNote || this.tray.paste(event));
    on("[data-later]", () => this.later());
    on("[data-quick-open]", () => this.openQuick());
    on("[data-quote-off]", () => this.quote(null));
    const sign = this.form.querySelector("[data-sign]");
    sign.checked = localStorage.getItem(SIGN) === "1";
    sign.addEventListener("change", () => localStorage.setItem(SIGN, sign.checked ? "1" : "0"));
  }

  /** As the conversation was left. */
  comeBack() {
    const { text, isNote = this.form.classList.contains("is-note"), files, quoted, recording } = this.draft.find();
    if (text !== null) this.text.value = text;
    this.setMode(isNote ? "note" : "reply");
    if (files?.length) this.tray.add(files);
    if (quoted) this.quote(quoted);
    Promise.resolve(recording).then((one) => one && this.recorder.show(one));
    this.fit();
  }

  click(event) {
    const { mode, emoji, wrap } = event.target.closest("[data-mode], [data-emoji], [data-wrap]")?.dataset ?? {};
    if (mode) this.setMode(mode, true);
    if (emoji) this.insert(emoji);
    if (wrap) this.wrap(wrap);
  }

  setMode(mode, focus = false) {
    this.isNote = mode === "note";
    this.form.classList.toggle("is-note", this.isNote);
    for (const tab of this.form.querySelectorAll("[data-mode]")) {
      tab.setAttribute("aria-selected", String(tab.dataset.mode === mode));
      tab.tabIndex = tab.dataset.mode === mode ? 0 : -1;
    }
    this.text.placeholder = this.isNote ? this.text.dataset.hintNote : this.text.dataset.hintReply;
    const send = this.form.querySelector("[data-send-words]");
    send.textContent = this.isNote ? send.dataset.sendNote : send.dataset.sendReply;
    this.form.querySelector("[data-send]").title = send.textContent;
    for (const only of this.form.querySelectorAll("[data-reply-only]")) only.hidden = this.isNote;
    this.fit();
    if (focus) this.text.focus();
  }

  key(event) {
    if (this.popovers.some((one) => one.key(event))) return;
    const mark = (event.ctrlKey || event.metaKey) && !event.altKey && MARKS[event.code];
    if (mark) (event.preventDefault(), this.wrap(mark));
    if (event.key === "Escape") this.text.blur();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!event.repeat) this.form.requestSubmit();
  }

  typed() {
    this.fit();
    const before = this.text.value.slice(0, this.text.selectionStart);
    const slash = /^\/([^\s/]*)$/.exec(before);
    const at = /(?:^|\s)@([^\s@]*)$/.exec(before);
    const [quick, people] = this.popovers;
    if (slash && !this.isNote) quick.open(slash[1]);
    else quick.close();
    if (at && this.isNote) people.open(at[1]);
    else people.close();
    this.draft.later(this.isNote);
    if (!this.isNote && performance.now() - (this.told ?? -TYPING_EVERY) > TYPING_EVERY) {
      this.told = performance.now();
      this.tell();
    }
  }

  fit() {
    this.text.rows = 1;
    const line = Number.parseFloat(getComputedStyle(this.text).lineHeight) || 22;
    this.text.rows = Math.min(9, Math.max(2, Math.round((this.text.scrollHeight - 8) / line)));
    const over = this.isNote ? 0 : this.text.value.length - LONGEST;
    const note = this.form.querySelector("[data-too-long]");
    note.hidden = over <= 0;
    note.textContent = over > 0 ? note.dataset.words.replace("{n}", over) : "";
  }

  insert(words) {
    this.text.focus();
    this.text.setRangeText(words, this.text.selectionStart, this.text.selectionEnd, "end");
    this.typed();
  }

  wrap(mark) {
    const { selectionStart: start, selectionEnd: end, value } = this.text;
    this.text.focus();
    this.text.setRangeText(mark + value.slice(start, end) + mark, start, end, "end");
    if (start === end) this.text.setSelectionRange(start + 1, start + 1);
    else this.text.setSelectionRange(start + 1, end + 1);
    this.typed();
  }

  openQuick() {
    this.text.focus();
    this.popovers[0].open("");
  }

  async quick(option) {
    try {
      const text = await (await ask(option.dataset.quick)).text();
      const rest = this.text.value.replace(/^\/[^\s/]*/, "");
      this.text.value = text + rest;
      if (option.dataset.media) await this.tray.addStored(option.dataset.media);
      this.typed();
      this.text.focus();
    } catch (refused) {
      toast(refused.message, "error");
    }
  }

  mention(option) {
    const { person, personName } = option.dataset;
    this.mentions.set(person, `@${personName}`);
    const end = this.text.selectionStart;
    const start = this.text.value.lastIndexOf("@", end - 1);
    this.text.setRangeText(`@${personName} `, start, end, "end");
    this.typed();
  }

  /** `source`: {reply, who, words} of the message to quote, or null. */
  quote(source) {
    const box = this.form.querySelector("[data-quote]");
    this.quoted = source && { reply: source.reply, who: source.who, words: source.words };
    box.hidden = !source;
    box.querySelector("[data-quote-who]").textContent = source?.who ?? "";
    box.querySelector("[data-quote-text]").textContent = source?.words ?? "";
    if (source) this.setMode("reply", true);
  }

  send(sendAfter = null) {
    const text = this.text.value.trim();
    if (this.isNote) return text ? this.given(this.note(text)) : this.nothing();
    if (text.length > LONGEST) return this.text.focus();
    const files = this.tray.take();
    if (!text && !files.length) return this.nothing();
    const later = sendAfter ? [["send_after", sendAfter]] : [];
    if (!files.length) return this.given(this.answer(text, later));
    files.forEach((file, at) => {
      const entry = { ...this.answer(at ? "" : text, later), fileName: file.name };
      this.outgoing.send(entry, { upload: () => upload(this.form.dataset.uploadUrl, file), back: { files: [file] } });
    });
    this.clear();
  }

  nothing() {
    if (performance.now() - (this.cleared ?? -TWICE) > TWICE) toast(this.root.dataset.wordsEmpty, "info");
  }

  given(entry) {
    this.outgoing.send(entry);
    this.clear();
  }

  sendVoice(recording) {
    const entry = { ...this.answer("", []), fileName: clock(recording.seconds) };
    const { form } = this;
    this.outgoing.send(entry, {
      upload: () => uploadVoice(form.dataset.recordingUrl, recording.blob, this.root.dataset),
      player: () => drawPlayer(form, recording),
      back: { recording },
    });
    this.quote(null);
    this.text.focus();
  }

  answer(text, more) {
    const fields = [["body", text], ...more];
    if (this.quoted) fields.push(["reply_to", this.quoted.reply]);
    if (this.form.querySelector("[data-sign]").checked) fields.push(["sign", "1"]);
    return { key: newKey(), url: this.form.dataset.replyUrl, fields, text, isLater: Boolean(more.length) };
  }

  note(text) {
    const called = [...this.mentions].filter(([, name]) => text.includes(name)).map(([id]) => ["mentions", id]);
    return { key: newKey(), url: this.form.dataset.noteUrl, fields: [["body", text], ...called], text, isNote: true };
  }

  clear() {
    this.cleared = performance.now();
    this.text.value = "";
    this.mentions.clear();
    this.quote(null);
    this.fit();
    this.draft.save(this.isNote);
    this.text.focus();
  }

  takeBack(entry, back) {
    this.setMode(entry.isNote ? "note" : "reply");
    this.text.value = [this.text.value, entry.text].filter(Boolean).join("\n");
    if (back?.files) this.tray.add(back.files);
    if (back?.recording) this.recorder.show(back.recording);
    this.typed();
    if (!back?.recording) this.text.focus();
  }

  later() {
    if (!this.text.value.trim() && !this.tray.files.length) return this.nothing();
    choose((moment) => this.send(moment));
  }

  holdsFiles() {
    return this.form.isConnected && (this.tray.files.length > 0 || this.recorder.isOn);
  }

  leave() {
    const recording = this.recorder.isOn ? this.recorder.stop() : null;
    this.draft.leave(this.isNote, { files: this.tray.files, quoted: this.quoted, recording });
  }
}
