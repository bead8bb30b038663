// Files waiting in the composer, and their upload.
import { csrfToken, icon, words } from "../words.js";
import { ask, Refused } from "./http.js";

const AS = { image: "image", video: "video", audio: "audio", voice: "voice" };
const PATIENCE = 90; // times that a voice note is asked for
const NAMES = { "audio/webm": "webm", "audio/ogg": "ogg", "audio/mp4": "m4a" };

export class Tray {
  constructor(form, zone) {
    this.form = form;
    this.list = form.querySelector("[data-files]");
    this.files = [];
    const input = form.querySelector("[data-file-input]");
    form.querySelector("[data-attach]").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.add(input.files);
      input.value = "";
    });
    this.dropsOn(zone);
  }

  dropsOn(zone) {
    const carries = (event) => event.dataTransfer?.types.includes("Files") && !this.form.classList.contains("is-note");
    for (const name of ["dragenter", "dragover"]) {
      zone.addEventListener(name, (event) => {
        if (!carries(event)) return;
        event.preventDefault();
        zone.classList.add("is-dropping");
      });
    }
    zone.addEventListener("dragleave", (event) => zone.contains(event.relatedTarget) || zone.classList.remove("is-dropping"));
    zone.addEventListener("drop", (event) => {
      zone.classList.remove("is-dropping");
      if (!carries(event)) return;
      event.preventDefault();
      this.add(event.dataTransfer.files);
      this.form.querySelector("[data-body]").focus();
    });
  }

  // Office programs copy a picture beside the text: then the text is meant.
  paste(event) {
    const { files, types } = event.clipboardData ?? {};
    if (!files?.length || types.includes("text/plain")) return;
    event.preventDefault();
    this.add(files);
  }

  add(files) {
    for (const file of files) if (file.size) this.files.push(file);
    this.draw();
  }

  /** A file that is stored already, as a quick reply's. */
  async addStored(mediaId) {
    const answer = await ask(`/media/${mediaId}`);
    const name = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "arquivo";
    const bytes = await answer.blob();
    this.add([new File([bytes], decodeURIComponent(name), { type: bytes.type })]);
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
  const media = await give(url, file, file.name);
  return [["media_id", media.id], ["type", AS[media.kind] ?? "document"]];
}

/** Of a recording: uploaded, then waited for until a worker has written the voice note. */
export async function uploadVoice(url, blob, said) {
  let voice = await give(url, blob, `voz.${NAMES[blob.type.split(";")[0]] ?? "webm"}`);
  for (let times = 0; voice.state === "preparing" && times < PATIENCE; times += 1) {
    await new Promise((done) => setTimeout(done, Math.min(200 + 100 * times, 2000)));
    voice = await (await ask(`${url}/${voice.id}`, { headers: { Accept: "application/json" } })).json();
  }
  if (voice.state === "failed") throw new Refused(422, voice.message);
  if (voice.state !== "ready") throw new Refused(503, said.wordsPreparing);
  return [["media_id", voice.id], ["type", "voice"]];
}

async function give(url, file, name) {
  const form = new FormData();
  form.set("file", file, name);
  let answer;
  try {
    answer = await fetch(url, { method: "POST", body: form, headers: { "X-CSRFToken": csrfToken() } });
  } catch {
    throw new Refused(0, words("failed"));
  }
  if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) throw new Refused(answer.status, await why(answer));
  return answer.json();
}

async function why(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector(".oops__message, .notice__text, .toast-note__text")?.textContent.trim() || words("failed");
}
