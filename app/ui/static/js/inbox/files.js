// Files waiting in the composer, and their upload.
import { csrfToken, icon, words } from "../words.js";
import { Refused } from "./http.js";

const AS = { image: "image", video: "video", audio: "audio", voice: "voice" };

export class Tray {
  constructor(form) {
    this.form = form;
    this.list = form.querySelector("[data-files]");
    this.files = [];
    const input = form.querySelector("[data-file-input]");
    form.querySelector("[data-attach]").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.add(input.files);
      input.value = "";
    });
  }

  add(files) {
    for (const file of files) if (file.size) this.files.push(file);
    this.draw();
  }

  take() {
    const taken = this.files;
    this.files = [];
    this.draw();
    return taken;
  }

  draw() {
    this.list.hidden = !this.files.length;
    this.list.replaceChildren(...this.files.map((file, at) => this.item(file, at)));
  }

  item(file, at) {
    const item = document.createElement("li");
    item.className = "composer__file";
    if (file.type.startsWith("image/")) {
      const picture = new Image(40, 40);
      picture.src = URL.createObjectURL(file);
      picture.onload = () => URL.revokeObjectURL(picture.src);
      picture.alt = "";
      item.append(picture);
    } else item.append(icon("file"));
    const name = document.createElement("span");
    name.textContent = file.name;
    const off = document.createElement("button");
    off.type = "button";
    off.className = "icon-btn icon-btn--sm";
    off.setAttribute("aria-label", `${words("cancel")}: ${file.name}`);
    off.append(icon("x"));
    off.addEventListener("click", () => {
      this.files.splice(at, 1);
      this.draw();
    });
    item.append(name, off);
    return item;
  }
}

/** The message's fields for an uploaded file. */
export async function upload(url, file) {
  const form = new FormData();
  form.set("file", file, file.name);
  let answer;
  try {
    answer = await fetch(url, { method: "POST", body: form, headers: { "X-CSRFToken": csrfToken() } });
  } catch {
    throw new Refused(0, words("failed"));
  }
  if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) throw new Refused(answer.status, await why(answer));
  const media = await answer.json();
  return [["media_id", media.id], ["type", AS[media.kind] ?? "document"]];
}

async function why(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector(".oops__message, .notice__text, .toast-note__text")?.textContent.trim() || words("failed");
}
