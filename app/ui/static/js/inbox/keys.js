// The keyboard. Single letters, only while nobody is writing.
function writing(event) {
  const { target } = event;
  return target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]") || document.querySelector("dialog[open]");
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
    t: () => press("transfer"),
    e: () => press("close"),
    E: () => inbox.closeAndNext(),
    u: () => inbox.unread(),
    p: () => inbox.togglePanel(),
    x: () => inbox.selection.toggle(root.querySelector(".ticket.is-active")),
    1: tab("mine"),
    2: tab("waiting"),
    3: tab("all"),
    "?": () => document.getElementById("inbox-shortcuts").showModal(),
    Escape: () => inbox.selection.clear(),
  };
  let afterG = -Infinity; // "g c" goes elsewhere: its second letter is not ours
  addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || writing(event)) return;
      const isSecond = event.timeStamp - afterG < 1200;
      afterG = event.key === "g" ? event.timeStamp : -Infinity;
      if (isSecond || !Object.hasOwn(acts, event.key)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      acts[event.key]();
    },
    true,
  );
}
