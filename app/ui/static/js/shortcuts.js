// "/" searches, "?" lists, "g c" goes; a page adds its own with data-shortcut="n".
const PLACES = { p: "/", i: "/inbox", c: "/contacts", l: "/lists", k: "/campaigns", m: "/templates", n: "/instances" };
const PATIENCE = 1200; // ms between "g" and its letter

function typing(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]");
}

function go(key) {
  const link = document.querySelector(`.sidebar__nav a[href="${PLACES[key]}"]`); // only where the menu goes
  if (link) link.click();
}

function press(event) {
  const search = document.querySelector("[data-search]");
  const own = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  if (event.key === "/" && search) search.focus();
  else if (event.key === "?") document.getElementById("shortcuts")?.showModal();
  else if (own) own.click();
  else return;
  event.preventDefault();
}

export function startShortcuts() {
  let waitingSince = -PATIENCE;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.timeStamp - waitingSince < PATIENCE && event.key in PLACES) {
      waitingSince = -PATIENCE;
      go(event.key);
    } else if (event.key === "g") waitingSince = event.timeStamp;
    else press(event);
  });
}
