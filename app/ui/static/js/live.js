// Parts of a page that keep themselves true. A socket event says "fetch again"; without a socket they poll.
import { Idiomorph } from "../vendor/idiomorph.esm.js";
import { connect, isConnected, onChange, onEvent } from "./socket.js";
import { toast } from "./toast.js";
import { words } from "./words.js";
import { isWriting } from "./writing.js";

const DEBOUNCE = 120; // ms after an event
const SHORTEST = 800; // ms between two fetches of one part, however many events come
const LONGEST = 60000; // ms of back-off
const SAFETY = 10; // what events keep true polls this many times more slowly: an event may get lost

class Part {
  constructor(element) {
    this.element = element;
    this.events = (element.dataset.liveEvents ?? "").split(/[\s,]+/).filter(Boolean);
    this.gap = Number(element.dataset.liveGap) || SHORTEST;
    this.interval = Number(element.dataset.liveInterval) || 3000;
    this.failures = 0;
    this.lastStart = 0;
    this.took = 0;
    this.timer = null;
    this.stopped = Boolean(element.querySelector("[data-live-stop]"));
    this.wait();
  }

  hears(name, payload) {
    if (!this.events.includes(name)) return false;
    const [key, value] = (this.element.dataset.liveMatch ?? "").split("=");
    return !key || payload[key] === undefined || String(payload[key]) === value;
  }

  soon() {
    const earliest = this.lastStart + this.gap - performance.now();
    this.schedule(Math.max(DEBOUNCE, earliest));
  }

  wait() {
    const slow = Math.max(this.interval, 250 * Math.sqrt(this.took) - 1000);
    const pace = slow * 2 ** this.failures * (isConnected() && this.events.length ? SAFETY : 1);
    this.schedule(Math.min(pace, LONGEST));
  }

  schedule(delay) {
    const due = performance.now() + delay;
    if (this.stopped || (this.timer && this.due <= due)) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => this.refresh(), delay);
  }

  async refresh() {
    this.timer = null;
    if (this.stopped || !this.element.isConnected) return;
    if (document.hidden || this.running) return void (this.missed = true);
    this.running = true;
    this.lastStart = performance.now();
    try {
      await this.load();
      this.failures = 0;
    } catch {
      this.failures = Math.min(this.failures + 1, 6);
    }
    this.took = performance.now() - this.lastStart;
    this.running = false;
    this.element.classList.toggle("is-stale", this.failures > 1);
    if (this.missed && !document.hidden) this.missed = void this.soon();
    else this.wait();
  }

  async load() {
    const answer = await fetch(this.element.dataset.live, {
      headers: { "X-Requested-With": "fetch", "X-Live": "1", Accept: "text/html" },
      cache: "no-store",
      credentials: "same-origin",
    });
    if (answer.status === 401 || (answer.redirected && new URL(answer.url).pathname === "/login")) return expired();
    if (answer.status === 403 || answer.status === 404 || answer.status === 410) this.stopped = true;
    if (!answer.ok) throw new Error(`live: ${answer.status}`);
    this.show(await answer.text());
    if (answer.headers.get("X-Live-Stop") || this.element.querySelector("[data-live-stop]")) this.stopped = true;
  }

  show(html) {
    if (html === this.shown) return;
    this.shown = html;
    Idiomorph.morph(this.element, html, {
      morphStyle: "innerHTML",
      ignoreActiveValue: isWriting(),
      callbacks: { beforeNodeMorphed: isFree, beforeAttributeUpdated: isServers },
    });
    this.element.dispatchEvent(new CustomEvent("live:updated", { bubbles: true }));
  }
}

// What the person has open or is choosing stays as it is.
function isFree(node, fresh) {
  if (node.matches?.('[data-module~="chart"]')) return handOver(node, fresh);
  return !(node.matches?.("dialog[open], [data-live-keep]") || node.querySelector?.(":scope > .dropdown-menu.show"));
}

// A canvas cannot be morphed: the chart gets its new numbers instead.
function handOver(figure, fresh) {
  const [before, after] = [figure, fresh].map((one) => one.querySelector("[data-chart-data]"));
  if (before && after && before.textContent !== after.textContent) {
    before.textContent = after.textContent;
    figure.dispatchEvent(new CustomEvent("chart:data"));
  }
  return false;
}

function isServers(name, node) {
  return !(name === "open" && node.matches("details, dialog")) && !(name === "checked" && node.matches("[data-bulk-row]"));
}

function expired() {
  toast(words("expired"), "warning");
  setTimeout(() => location.reload(), 900);
}

const parts = new Map();

function adopt() {
  for (const element of parts.keys()) if (!element.isConnected) parts.delete(element);
  for (const element of document.querySelectorAll("[data-live]")) {
    if (!parts.has(element)) parts.set(element, new Part(element));
  }
}

const wakeAll = () => parts.forEach((part) => part.soon());

/** Fetch one part again now, for code that knows it changed. */
export const refresh = (element) => parts.get(element)?.soon();

export function startLive() {
  adopt();
  connect();
  onEvent((name, payload) => parts.forEach((part) => part.hears(name, payload) && part.soon()));
  onChange((connected) => (connected ? wakeAll() : parts.forEach((part) => part.wait())));
  addEventListener("online", wakeAll);
  document.addEventListener("visibilitychange", () => document.hidden || wakeAll());
  new MutationObserver(adopt).observe(document.body, { childList: true, subtree: true });
}
