// A multipart form with a drop zone: shows the file, then the progress. The server's redirect comes as a header.
import { release } from "./forms.js";
import { toast } from "./toast.js";
import { words } from "./words.js";

export default function upload(form) {
  const zone = form.querySelector("[data-dropzone]");
  const input = form.querySelector('input[type="file"]');
  if (zone) drop(zone, input);
  if ("autoUpload" in form.dataset) input.addEventListener("change", () => input.files.length && form.requestSubmit());
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    send(form, event.submitter, zone);
  });
  // A file chosen before this script arrived is news too.
  if (input?.files.length) input.dispatchEvent(new Event("change"));
}

function drop(zone, input) {
  const title = zone.querySelector("[data-dropzone-title]");
  const over = (on) => () => zone.classList.toggle("is-over", on);
  zone.addEventListener("dragover", over(true));
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, over(false));
  input.addEventListener("change", () => {
    title.textContent = [...input.files].map((file) => file.name).join(", ") || title.textContent;
  });
}

function send(form, submitter, zone) {
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("X-Upload", "1");
  request.upload.onprogress = (event) => event.lengthComputable && progress(zone, event.loaded / event.total);
  request.onload = () => arrive(request, form, zone);
  request.onerror = () => fail(form, zone);
  request.send(new FormData(form, submitter));
  zone?.classList.add("is-busy");
}

function progress(zone, share) {
  const box = zone?.querySelector("[data-dropzone-progress]");
  if (!box) return;
  box.hidden = false;
  box.querySelector("progress").value = share * 100;
  box.querySelector("[data-dropzone-status]").textContent =
    share < 1 ? words("uploading", { n: Math.floor(share * 100) }) : words("processing");
}

function arrive(request, form, zone) {
  const target = request.getResponseHeader("X-Location");
  if (target) return location.assign(target);
  if (request.status === 401) return location.reload();
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const fresh = page.getElementById("content");
  if (!fresh) return fail(form, zone);
  document.getElementById("content").replaceWith(fresh);
  fresh.querySelector("[data-focus-first]")?.focus();
}

function fail(form, zone) {
  zone?.classList.remove("is-busy");
  const box = zone?.querySelector("[data-dropzone-progress]");
  if (box) box.hidden = true;
  release(form);
  toast(words("failed"), "error");
}
