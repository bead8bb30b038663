// A file is uploaded as soon as it is chosen; its card comes back as HTML and the form keeps its id.
import { toast } from "./toast.js";
import { csrfToken, words } from "./words.js";

export default function mediaPicker(picker) {
  const find = (name) => picker.querySelector(name);
  const input = find('input[type="file"]');
  const choose = find("[data-media-choose]");
  input.addEventListener("change", () => input.files.length && send(picker, input.files[0]));
  for (const name of ["dragover", "dragleave", "drop"]) {
    choose.addEventListener(name, () => choose.classList.toggle("is-over", name === "dragover"));
  }
  if (input.files.length) send(picker, input.files[0]); // chosen before this script had arrived
  picker.addEventListener("click", (event) => event.target.closest("[data-media-remove]") && show(picker, ""));
}

function send(picker, file) {
  const request = new XMLHttpRequest();
  const bar = picker.querySelector("progress");
  request.open("POST", picker.dataset.url);
  request.setRequestHeader("X-CSRFToken", csrfToken());
  request.setRequestHeader("X-Requested-With", "fetch");
  request.upload.onprogress = (event) => event.lengthComputable && (bar.value = (event.loaded / event.total) * 100);
  request.onload = () => arrive(picker, request);
  request.onerror = () => fail(picker, words("failed"));
  const body = new FormData();
  body.append("file", file);
  bar.value = 0;
  bar.hidden = false;
  picker.setAttribute("aria-busy", "true");
  request.send(body);
}

function arrive(picker, request) {
  if (request.status === 401) return location.reload();
  if (request.status !== 201) return fail(picker, reason(request.responseText));
  rest(picker);
  show(picker, request.responseText);
}

function show(picker, html) {
  const card = picker.querySelector("[data-media-card]");
  card.innerHTML = html;
  const media = card.firstElementChild;
  const value = picker.querySelector("[data-media-value]");
  value.value = media?.dataset.mediaId ?? "";
  picker.querySelector("[data-media-choose]").hidden = Boolean(media);
  for (const name of ["change", "mediachange"]) value.dispatchEvent(new Event(name, { bubbles: true }));
}

function fail(picker, message) {
  rest(picker);
  toast(message, "error");
}

function rest(picker) {
  picker.removeAttribute("aria-busy");
  picker.querySelector("progress").hidden = true;
  picker.querySelector('input[type="file"]').value = "";
}

function reason(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  return page.querySelector(".notice__text")?.textContent || words("failed");
}
