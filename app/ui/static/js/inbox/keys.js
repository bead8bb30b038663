// The keyboard. Single letters while nobody is writing; with Alt the same letters also from within a text.
import { toast } from "../toast.js";
import { post } from "./http.js";

const PATIENCE = 1200; // ms between "g" and its letter

function writing({ target }) {
  return target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable], [data-recorder]");
}

export function startKeys(root, inbox) {
  const press = (name) => root.querySelector(`[data-part="head"] [data-key="${name}"]`)?.click();
  const tab = (name) => () => root.querySelector(`[data-tab="${name}"]`)?.click();
  const acts = {
    j: () => inbox.step(1),
    k: () => inbox.step(-1),
    a: () => press("take"),
    r: () => inbox.composer?.setMode("reply", true),
    n: () => inbox.composer?.setMode("note", true),
    v: () => inbox.composer?.recorder.start(),
    t: () => press("transfer"),
    e: () => press("close"),
    E: () => closeAndNext(inbox),
    u: () => unread(inbox),
    p: () => inbox.panel.toggle(),
    x: () => inbox.selection.toggle(inbox.ticket),
    1: tab("mine"),
    2: tab("waiting"),
    3: tab("all"),
    "?": () => document.getElementById("inbox-shortcuts").showModal(),
    Escape: () => inbox.selection.clear(),
  };
  let afterG = -Infinity; // "g c" goes elsewhere: its second letter is not ours
  const wanted = (event) => {
    if (event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return null;
    // What Alt makes of a letter differs between keyboards; which key it is does not.
    if (event.altKey) return /^Key[JKARNTEV]$/.test(event.code) ? event.code[3][event.shiftKey ? "toUpperCase" : "toLowerCase"]() : null;
    if (writing(event) || document.querySelector(".dropdown-menu.show")) return null;
    // Who types before the conversation is there means to write, not to command.
    if (inbox.isOpening && !/^[jk]$/.test(event.key)) return null;
    const isSecond = event.timeStamp - afterG < PATIENCE;
    afterG = event.key === "g" ? event.timeStamp : -Infinity;
    return isSecond ? null : event.key;
  };
  const act = (event) => {
    const name = wanted(event);
    if (!name || !Object.hasOwn(acts, name)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    acts[name]();
  };
  addEventListener("keydown", act, true);
}

async function unread(inbox) {
  if (!inbox.ticket) return;
  const url = `${inbox.address(inbox.ticket)}/unread`;
  inbox.shut();
  await post(url, new FormData()).catch((refused) => toast(refused.message, "error"));
  inbox.list.refresh();
}

async function closeAndNext(inbox) {
  const { rows } = inbox.list;
  if (!inbox.ticket || inbox.conversation.dataset.status === "closed") return;
  const next = rows.beside(inbox.ticket, 1) ?? rows.beside(inbox.ticket, -1);
  try {
    await post(`${inbox.address(inbox.ticket)}/close`, new FormData());
    if (next) inbox.stepTo(next);
    else inbox.shut();
  } catch (refused) {
    toast(refused.message, "error");
  }
  inbox.list.refresh();
}
