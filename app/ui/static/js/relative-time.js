// "há 5 minutos" stays true while the page is open; beyond a week the server's date stands.
import { language } from "./words.js";

const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const WEEK = 7 * 86400;
const elements = new Set();
let timer = null;

function say(seconds) {
  const format = new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(0, "second");
}

function update() {
  for (const element of elements) {
    if (!element.isConnected) elements.delete(element);
    const seconds = (Date.parse(element.dateTime) - Date.now()) / 1000;
    if (Math.abs(seconds) < WEEK) element.textContent = say(seconds);
  }
}

export default function relativeTime(element) {
  elements.add(element);
  update();
  timer ??= setInterval(update, 30000);
}
