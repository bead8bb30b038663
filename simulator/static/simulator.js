// Follows what happens and fetches again the parts of the page that changed. Every form works without this file.
const parts = () => [...document.querySelectorAll("[data-part]")];
const waiting = new Map();

function atBottom(box, margin = 80) {
  return box.scrollHeight - box.scrollTop - box.clientHeight < margin;
}

function busy(part) {
  return part.contains(document.activeElement) && part.querySelector("details[open]");
}

// One fetch at a time for each part; what changes meanwhile is fetched once more.
const fetching = new Map();

async function refresh(part) {
  if (fetching.has(part)) return fetching.set(part, true);
  fetching.set(part, false);
  try {
    await fetchPart(part);
  } finally {
    const again = fetching.get(part);
    fetching.delete(part);
    if (again) setTimeout(() => refresh(part), 300);
  }
}

async function fetchPart(part) {
  const answer = await fetch(part.dataset.part, { headers: { Accept: "text/html" } });
  if (!answer.ok || busy(part)) return;
  const html = await answer.text();
  if (html === waiting.get(part)) return;
  waiting.set(part, html);
  const follow = "stream" in part.dataset && atBottom(part);
  if ([...part.querySelectorAll("audio, video")].some((player) => !player.paused)) return;
  part.innerHTML = html;
  if (follow) part.scrollTop = part.scrollHeight;
}

function changed(topic) {
  for (const part of parts()) {
    const topics = part.dataset.topics.split(" ");
    if (topics.includes("*") || topics.includes(topic)) refresh(part).then(() => readArrived(part));
  }
}

function follow() {
  const news = new EventSource(`/_sim/news?of=${encodeURIComponent(document.body.dataset.watch)}`);
  news.onmessage = (event) => changed(event.data);
  news.onopen = () => parts().forEach((part) => refresh(part));
}

// --- the conversation ---
const composer = document.querySelector("[data-composer]");
const stream = document.querySelector("[data-stream]");

const post = (url, body) => fetch(url, { method: "POST", body, redirect: "manual" });

function readArrived(part) {
  if (part !== stream || document.hidden) return;
  if (composer.querySelector("[data-autoread]").checked) post(composer.dataset.read, new FormData());
}

function quote(id, preview) {
  const box = composer.querySelector("[data-quote]");
  composer.elements.quote.value = id;
  composer.querySelector("[data-quote-text]").textContent = preview;
  box.hidden = !id;
  if (id) composer.elements.text.focus();
}

async function say(event) {
  event.preventDefault();
  const body = new FormData(composer, event.submitter);
  composer.elements.text.value = "";
  composer.querySelector("[data-file]").value = "";
  composer.querySelector("details.menu").open = false;
  quote("", "");
  await post(composer.action, body);
  stream.scrollTop = stream.scrollHeight;
}

let lastTyping = 0;
function tellTyping() {
  if (Date.now() - lastTyping < 4000 || composer.querySelector("[data-role]").checked) return;
  lastTyping = Date.now();
  post(composer.dataset.typing, new FormData());
}

if (composer) {
  stream.scrollTop = stream.scrollHeight;
  stream.addEventListener("load", () => { if (atBottom(stream, 420)) stream.scrollTop = stream.scrollHeight; }, true);
  readArrived(stream);
  composer.addEventListener("submit", say);
  composer.elements.text.addEventListener("input", tellTyping);
  composer.querySelector("[data-file]").addEventListener("change", () => composer.requestSubmit());
  composer.querySelector("[data-quote-off]").addEventListener("click", () => quote("", ""));
  document.addEventListener("visibilitychange", () => readArrived(stream));
  stream.addEventListener("play", (event) => {
    const body = new FormData();
    body.set("do", "played");
    if (event.target.dataset.played) post(event.target.dataset.played, body);
  }, true);
  stream.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reply]");
    if (button) quote(button.dataset.reply, button.dataset.preview);
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("quiet" in form.dataset)) return;
  event.preventDefault();
  if ("edit" in form.dataset) {
    const text = window.prompt("Novo texto", form.dataset.edit);
    if (!text) return;
    form.elements.text.value = text;
  }
  post(form.action, new FormData(form));
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

follow();
