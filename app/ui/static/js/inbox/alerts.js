// Sound and browser notifications, off until the person turns them on.
import { toast } from "../toast.js";

const CHOICE = "recado:alerts";
const GAP = 3000; // ms between two sounds

export class Alerts {
  constructor(root, list) {
    this.root = root;
    this.list = list;
    this.button = root.querySelector("[data-alerts]");
    this.isOn = localStorage.getItem(CHOICE) === "1";
    this.last = -GAP;
    this.heard = this.call;
    this.mentions = Number(list.ul.dataset.mentions);
    this.button.addEventListener("click", () => this.toggle());
    root.addEventListener("list:updated", () => this.listen());
    this.show();
  }

  /** When the newest customer wrote whom this person owes a look, by the list's own word. */
  get call() {
    return Number(this.list.ul.dataset.call ?? 0);
  }

  show() {
    const words = this.root.dataset[this.isOn ? "wordsAlertsOn" : "wordsAlertsOff"];
    this.button.querySelector("[data-alerts-words]").textContent = words;
    this.button.setAttribute("aria-pressed", String(this.isOn));
  }

  async toggle() {
    this.isOn = !this.isOn;
    localStorage.setItem(CHOICE, this.isOn ? "1" : "0");
    this.show();
    if (!this.isOn) return;
    this.sound();
    if (!("Notification" in window)) return;
    if ((await Notification.requestPermission()) === "denied") toast(this.root.dataset.wordsDenied, "warning");
  }

  listen() {
    const { callTicket, callName, mentions } = this.list.ul.dataset;
    const isCalled = this.call > this.heard;
    const isCited = Number(mentions) > this.mentions;
    this.heard = Math.max(this.heard, this.call);
    this.mentions = Number(mentions);
    if (isCalled && (document.hidden || callTicket !== this.list.active)) this.tell(callName, callTicket);
    else if (isCited) this.tell("", null);
  }

  tell(name, ticketId) {
    if (!this.isOn || performance.now() - this.last < GAP) return;
    this.last = performance.now();
    this.sound();
    if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
    const note = new Notification(name || "Recado", { body: this.root.dataset.wordsNew, tag: ticketId ?? "recado" });
    note.onclick = () => {
      window.focus();
      if (ticketId) this.root.dispatchEvent(new CustomEvent("inbox:open", { detail: ticketId }));
      note.close();
    };
  }

  sound() {
    const context = (this.context ??= new AudioContext());
    const tone = context.createOscillator();
    const volume = context.createGain();
    volume.gain.setValueAtTime(0.12, context.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.35);
    tone.frequency.setValueAtTime(660, context.currentTime);
    tone.frequency.setValueAtTime(880, context.currentTime + 0.12);
    tone.connect(volume).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.36);
  }
}
