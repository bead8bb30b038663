// Pictures of the conversation, large: arrows go from one to the next.
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
let shown = null;

function show(dialog, link) {
  shown = link;
  dialog.querySelector("[data-viewer-image]").src = link.href;
  dialog.querySelector("[data-viewer-image]").alt = link.querySelector("img")?.alt ?? "";
  dialog.querySelector("[data-viewer-name]").textContent = link.dataset.name;
  dialog.querySelector("[data-viewer-download]").href = `${link.href}?download=1`;
  const all = pictures();
  dialog.querySelector("[data-viewer-before]").disabled = all[0] === link;
  dialog.querySelector("[data-viewer-after]").disabled = all.at(-1) === link;
}

const pictures = () => [...document.querySelectorAll(".thread .msg__picture--image[data-view]")];

function step(dialog, by) {
  const all = pictures();
  const next = all[all.indexOf(shown) + by];
  if (next && all.includes(shown)) show(dialog, next);
}

export function startViewer() {
  const dialog = document.getElementById("viewer");
  dialog.querySelector("[data-viewer-before]").addEventListener("click", () => step(dialog, -1));
  dialog.querySelector("[data-viewer-after]").addEventListener("click", () => step(dialog, 1));
  dialog.addEventListener("keydown", (event) => STEPS[event.key] && step(dialog, STEPS[event.key]));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => shown?.isConnected && shown.focus());
}

export function view(link) {
  const dialog = document.getElementById("viewer");
  show(dialog, link);
  dialog.showModal();
}
