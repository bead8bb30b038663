// Requests of the inbox. A refusal carries the server's own words.
import { csrfToken, words } from "../words.js";

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function parse(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  return box.content;
}

export async function ask(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, {
      credentials: "same-origin",
      cache: "no-store",
      ...options,
      headers: { "X-Requested-With": "fetch", Accept: "text/html", "X-CSRFToken": csrfToken(), ...options.headers },
    });
  } catch {
    throw new Refused(0, words("failed"));
  }
  if (answer.status === 401 || (answer.redirected && new URL(answer.url).pathname === "/login")) location.reload();
  if (!answer.ok) throw new Refused(answer.status, await reason(answer));
  return answer;
}

async function reason(answer) {
  const found = parse(await answer.text()).querySelector(".notice__text");
  return found?.textContent.trim() || words("failed");
}

export const html = async (url) => (await ask(url)).text();
export const post = (url, body, options = {}) => ask(url, { method: "POST", body, ...options });

/** One call at a time; calls made meanwhile become one more at the end. At most one every `gap()` ms, and when the
    server is slow three times what the last one took; waiting for `ready` is nobody's slowness. */
export function calm(work, gap, ready = null) {
  let running = false;
  let again = false;
  let last = -Infinity;
  let took = 0;
  let timer = null;
  async function run() {
    timer = null;
    if (running) return void (again = true);
    running = true;
    if (ready) await ready();
    last = performance.now();
    try {
      await work();
    } catch {
      // the next event or poll tries again
    }
    running = false;
    took = performance.now() - last;
    if (again) {
      again = false;
      start();
    }
  }
  const pause = () => Math.max(typeof gap === "function" ? gap() : gap, 3 * took);
  function start() {
    timer ??= setTimeout(run, Math.max(0, last + pause() - performance.now()));
  }
  return start;
}

// Without https on a local network there is no crypto.randomUUID.
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
