// Where one writes: answers and notes, files, quick replies, the draft.
import { toast } from "../toast.js";
import { csrfToken, words } from "../words.js";
import { Tray, upload } from "./files.js";
import { ask, newKey, post } from "./http.js";
import { Outgoing } from "./outgoing.js";
import { Popover } from "./popover.js";

const PAUSE = 900; // ms without a key until the draft is kept
const TYPING_EVERY = 3000; // ms
const SIGN = "recado:sign";

export class Composer {
  constructor(root, conversation, thread, tell) {
    Object.assign(this, { root, conversation, thread, tell });
    this.form = conversation.querySelector("[data-composer]");
    this.text = this.form.querySelector("[data-body]");
    this.tray = new Tray(this.form);
    this.mentions = new Map();
    this.outgoing = new Outgoing(root, conversation, thread, (entry) => this.takeBack(entry));
    this.popovers = [
      new Popover(this.form.querySelector("[data-popover]"), this.text, (option) => this.quick(option)),
      new Popover(this.form.querySelector("[data-mentions]"), this.text, (option) => this.mention(option)),
    ];
    this.setMode(this.form.classList.contains("is-note") ? "note" : "reply");
    this.bind();
    this.fit();
  }

  bind() {
    const on = (selector, act) => this.form.querySelector(selector).addEventListener("click", act);
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.form.addEventListener("click", (event) => this.click(event));
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("paste", (event) => this.paste(event));
    on("[data-later]", () => this.later());
    on("[data-quick-open]", () => this.openQuick());
    on("[data-quote-off]", () => this.quote(null));
    const sign = this.form.querySelector("[data-sign]");
    sign.checked = localStorage.getItem(SIGN) === "1";
    sign.addEventListener("change", () => localStorage.setItem(SIGN, sign.checked ? "1" : "0"));
    this.dropTarget();
  }

  dropTarget() {
    const zone = this.conversation;
    for (const name of ["dragenter", "dragover"]) {
      zone.addEventListener(name, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        zone.classList.add("is-dropping");
      });
    }
    zone.addEventListener("dragleave", (event) => zone.contains(event.relatedTarget) || zone.classList.remove("is-dropping"));
    zone.addEventListener("drop", (event) => {
      zone.classList.remove("is-dropping");
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.tray.add(event.dataTransfer.files);
      this.text.focus();
    });
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
    }
    this.text.placeholder = this.isNote ? this.text.dataset.hintNote : this.text.dataset.hintReply;
    const send = this.form.querySelector("[data-send-words]");
    send.textContent = this.isNote ? send.dataset.sendNote : send.dataset.sendReply;
    for (const only of this.form.querySelectorAll("[data-attach], [data-later], [data-quick-open]")) only.hidden = this.isNote;
    this.form.querySelector(".composer__sign").hidden = this.isNote;
    if (focus) this.text.focus();
  }

  key(event) {
    if (this.popovers.some((one) => one.key(event))) return;
    if (event.key === "Escape") this.text.blur();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.form.requestSubmit();
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
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.saveDraft(), PAUSE);
    if (!this.isNote && performance.now() - (this.told ?? -TYPING_EVERY) > TYPING_EVERY) {
      this.told = performance.now();
      this.tell();
    }
  }

  fit() {
    this.text.rows = Math.min(9, Math.max(2, this.text.value.split("\n").length));
  }

  saveDraft(options) {
    clearTimeout(this.timer);
    const body = new FormData();
    body.set("body", this.text.value);
    body.set("is_note", this.isNote ? "1" : "0");
    if (this.drafted === this.text.value) return;
    this.drafted = this.text.value;
    post(this.form.dataset.draftUrl, body, options).catch(() => (this.drafted = null));
  }

  paste(event) {
    if (!event.clipboardData?.files.length || this.isNote) return;
    event.preventDefault();
    this.tray.add(event.clipboardData.files);
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
      if (option.dataset.media) await this.attachStored(option.dataset.media);
      this.typed();
      this.text.focus();
    } catch (refused) {
      toast(refused.message, "error");
    }
  }

  async attachStored(mediaId) {
    const answer = await ask(`/media/${mediaId}`);
    const name = /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "arquivo";
    const bytes = await answer.blob();
    this.tray.add([new File([bytes], name, { type: bytes.type })]);
  }

  mention(option) {
    const { person, personName } = option.dataset;
    this.mentions.set(person, `@${personName}`);
    const end = this.text.selectionStart;
    const start = this.text.value.lastIndexOf("@", end - 1);
    this.text.setRangeText(`@${personName} `, start, end, "end");
    this.typed();
  }

  quote(source) {
    const box = this.form.querySelector("[data-quote]");
    this.quoted = source?.dataset.reply ?? null;
    box.hidden = !source;
    box.querySelector("[data-quote-who]").textContent = source?.dataset.who ?? "";
    box.querySelector("[data-quote-text]").textContent = source?.dataset.words ?? "";
    if (source) this.setMode("reply", true);
  }

  submit(event) {
    event.preventDefault();
    this.send();
  }

  send(sendAfter = null) {
    const text = this.text.value.trim();
    const files = this.isNote ? [] : this.tray.take();
    if (!text && !files.length) return toast(this.root.dataset.wordsEmpty, "info");
    const later = sendAfter ? [["send_after", sendAfter]] : [];
    if (this.isNote) this.outgoing.send(this.note(text));
    else if (!files.length) this.outgoing.send(this.answer(text, later));
    files.forEach((file, at) => {
      const entry = { ...this.answer(at ? "" : text, later), fileName: file.name };
      this.outgoing.send(entry, () => upload(this.form.dataset.uploadUrl, file));
    });
    this.clear();
  }

  answer(text, more) {
    const fields = [["body", text], ...more];
    if (this.quoted) fields.push(["reply_to", this.quoted]);
    if (this.form.querySelector("[data-sign]").checked) fields.push(["sign", "1"]);
    return { key: newKey(), url: this.form.dataset.replyUrl, fields, text, isLater: Boolean(more.length) };
  }

  note(text) {
    const called = [...this.mentions].filter(([, name]) => text.includes(name)).map(([id]) => ["mentions", id]);
    return { key: newKey(), url: this.form.dataset.noteUrl, fields: [["body", text], ...called], text, isNote: true };
  }

  clear() {
    this.text.value = "";
    this.mentions.clear();
    this.quote(null);
    this.fit();
    this.saveDraft();
    this.text.focus();
  }

  takeBack(entry) {
    this.setMode(entry.isNote ? "note" : "reply");
    this.text.value = [this.text.value, entry.text].filter(Boolean).join("\n");
    this.typed();
    this.text.focus();
  }

  later() {
    const dialog = document.getElementById("send-later");
    const form = dialog.querySelector("[data-later-form]");
    form.querySelector("[data-later-text]").hidden = true;
    dialog.showModal();
    form.onsubmit = (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.send(form.elements.send_after.value);
      dialog.close();
    };
  }

  leave() {
    if (this.text.value !== (this.drafted ?? this.text.defaultValue)) this.saveDraft({ keepalive: true });
  }
}

/** Change one that waits: its text and its moment. */
export function reschedule(button, done) {
  const dialog = document.getElementById("send-later");
  const form = dialog.querySelector("[data-later-form]");
  form.querySelector("[data-later-text]").hidden = false;
  form.elements.body.value = button.dataset.body;
  form.elements.send_after.value = button.dataset.at;
  dialog.showModal();
  form.onsubmit = async (event) => {
    event.preventDefault();
    event.stopPropagation();
    const body = new FormData(form);
    body.set("csrf_token", csrfToken());
    try {
      await post(button.dataset.reschedule, body);
      dialog.close();
      done();
    } catch (refused) {
      toast(refused.message || words("failed"), "error");
    }
  };
}
