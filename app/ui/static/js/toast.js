import { icon, words } from "./words.js";

const ICONS = { success: "circle-check", error: "alert-circle", warning: "alert-triangle", info: "info-circle" };
const STAYS = 7000; // ms; errors stay until closed

function leave(note) {
  note.classList.add("is-leaving");
  setTimeout(() => note.remove(), 220);
}

function settle(note, kind) {
  const close = note.querySelector("[data-toast-close]");
  close.hidden = false;
  close.addEventListener("click", () => leave(note));
  if (kind === "error") return;
  let timer = setTimeout(() => leave(note), STAYS);
  note.addEventListener("pointerenter", () => clearTimeout(timer));
  note.addEventListener("pointerleave", () => (timer = setTimeout(() => leave(note), STAYS / 2)));
}

function build(text, kind) {
  const note = document.createElement("div");
  note.className = `toast-note toast-note--${kind}`;
  note.setAttribute("role", kind === "error" ? "alert" : "status");
  const mark = Object.assign(document.createElement("span"), { className: "toast-note__icon" });
  mark.append(icon(ICONS[kind]));
  const body = Object.assign(document.createElement("div"), { className: "toast-note__text", textContent: text });
  const close = Object.assign(document.createElement("button"), { className: "toast-note__close", type: "button" });
  close.dataset.toastClose = "";
  close.setAttribute("aria-label", words("close"));
  close.append(icon("x"));
  note.append(mark, body, close);
  return note;
}

/** kind: success, error, warning, info. The same words again take the place of the first. */
export function toast(text, kind = "info") {
  const note = build(text, kind);
  const place = document.querySelector("[data-toasts]");
  [...(place?.children ?? [])].find((one) => one.className === note.className && one.textContent.trim() === text.trim())?.remove();
  place?.append(note);
  settle(note, kind);
}

export function startToasts() {
  for (const note of document.querySelectorAll("[data-toast]")) {
    settle(note, note.getAttribute("role") === "alert" ? "error" : "info");
  }
}
