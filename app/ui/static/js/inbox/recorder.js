// A voice message: recorded, heard, sent or thrown away. What the microphone gives stays in this page until it is sent.
import { toast } from "../toast.js";
import { clock, wave } from "./player.js";

const LONGEST = 15 * 60 - 5; // s; the server's bound is 15 min
const SHORTEST = 0.5;
const EVERY = 60; // ms between two bars
const BARS = 48;
const FORMS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const MICROPHONE = { audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true } };
const REFUSALS = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", NotReadableError: "busy" };

/** Of the same length whatever was measured: the loudest of each part. */
function peaksOf(levels) {
  const top = Math.max(...levels, 0.01);
  return Array.from({ length: BARS }, (_, at) => {
    const from = Math.floor((at * levels.length) / BARS);
    const part = levels.slice(from, Math.max(from + 1, Math.floor(((at + 1) * levels.length) / BARS)));
    return Math.round((Math.max(...part, 0) / top) * 100);
  });
}

export class Recorder {
  /** `send(recording)` takes {blob, seconds, peaks}. */
  constructor(form, send) {
    this.form = form;
    this.box = form.querySelector("[data-recorder]");
    this.button = form.querySelector("[data-record]");
    this.time = this.box.querySelector("[data-record-time]");
    this.heard = this.box.querySelector("[data-record-heard]");
    this.canvas = this.box.querySelector("canvas");
    this.give = send;
    const on = (name, act) => this.box.querySelector(`[data-record-${name}]`).addEventListener("click", act);
    this.button.addEventListener("click", () => this.start());
    on("off", () => this.discard());
    on("stop", () => this.stop());
    on("send", () => this.send());
    this.box.addEventListener("keydown", (event) => this.key(event));
  }

  get isOn() {
    return !this.box.hidden;
  }

  words(name) {
    return this.box.dataset[`words${name[0].toUpperCase()}${name.slice(1)}`];
  }

  async start() {
    if (this.isOn || this.asking || this.form.classList.contains("is-note")) return;
    if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return toast(this.words("insecure"), "error");
    this.asking = true;
    this.button.classList.add("is-busy");
    try {
      const stream = await navigator.mediaDevices.getUserMedia(MICROPHONE);
      if (this.form.isConnected) this.record(stream);
      else stop(stream);
    } catch (refused) {
      toast(this.words(REFUSALS[refused.name] ?? "busy"), "error");
    }
    this.asking = false;
    this.button.classList.remove("is-busy");
  }

  record(stream) {
    const mimeType = FORMS.find((form) => MediaRecorder.isTypeSupported(form));
    const chunks = []; // of this recording: the last words of one thrown away may come late
    Object.assign(this, { stream, chunks, levels: [], taken: null, thrown: false, seconds: 0, began: performance.now() });
    this.time.textContent = clock(0);
    this.recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 48000 });
    this.recorder.ondataavailable = (event) => event.data.size && chunks.push(event.data);
    stream.getAudioTracks()[0].onended = () => this.stop();
    this.recorder.start(1000);
    this.listen(stream);
    this.turn("recording");
    this.timer = setInterval(() => this.tick(), EVERY);
    this.box.querySelector("[data-record-stop]").focus();
  }

  listen(stream) {
    this.audio = new AudioContext();
    this.meter = this.audio.createAnalyser();
    this.meter.fftSize = 2048;
    this.audio.createMediaStreamSource(stream).connect(this.meter);
    this.samples = new Float32Array(this.meter.fftSize);
  }

  tick() {
    this.meter.getFloatTimeDomainData(this.samples);
    this.levels.push(this.samples.reduce((most, one) => Math.max(most, Math.abs(one)), 0));
    this.seconds = (performance.now() - this.began) / 1000;
    this.time.textContent = clock(this.seconds);
    this.draw();
    if (this.seconds > LONGEST) {
      toast(this.words("long"), "info");
      this.stop();
    }
  }

  draw() {
    const { width, height } = this.canvas;
    const pen = this.canvas.getContext("2d");
    const last = this.levels.slice(-Math.floor(width / 6));
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = getComputedStyle(this.canvas).color;
    last.forEach((level, at) => {
      const tall = Math.max(4, Math.min(1, Math.sqrt(level)) * height);
      pen.fillRect(width - (last.length - at) * 6, (height - tall) / 2, 4, tall);
    });
  }

  /** Ends the recording; resolves with it, or with null when nothing was said. */
  async stop() {
    if (!this.recorder) return this.taken;
    const { recorder, stream, audio, chunks, thrown } = this;
    this.recorder = null;
    clearInterval(this.timer);
    const ended = new Promise((done) => (recorder.onstop = done));
    if (recorder.state !== "inactive") {
      recorder.stop();
      await ended;
    }
    stop(stream);
    audio.close();
    if (thrown) return null;
    if (this.seconds < SHORTEST || !chunks.length) {
      toast(this.words("short"), "info");
      return this.close(), null;
    }
    this.show({ blob: new Blob(chunks, { type: recorder.mimeType }), seconds: this.seconds, peaks: peaksOf(this.levels) });
    return this.taken;
  }

  /** Ready to be heard; also one that comes back from a failed sending or another conversation. */
  show(recording) {
    this.taken = recording;
    const player = drawPlayer(this.form, recording);
    this.heard.replaceChildren(player);
    this.turn("ready");
    if (this.form.isConnected) this.box.querySelector("[data-record-send]").focus();
  }

  async send() {
    const recording = this.recorder ? await this.stop() : this.taken;
    if (!recording) return;
    this.close();
    this.give(recording);
  }

  discard() {
    if (this.recorder) {
      this.thrown = true;
      this.stop();
    }
    this.close();
  }

  close() {
    this.taken = null;
    this.heard.replaceChildren();
    this.turn("");
    this.button.focus();
  }

  turn(state) {
    this.box.hidden = !state;
    this.box.dataset.state = state;
    this.form.classList.toggle("is-recording", Boolean(state));
    this.box.querySelector("[data-record-state]").textContent = state ? this.words(state) : "";
  }

  key(event) {
    if (event.key !== "Escape" && !(event.key === "Enter" && !event.target.matches("button"))) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") this.discard();
    else this.send();
  }
}

function stop(stream) {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}

export function drawPlayer(form, { blob, seconds, peaks }) {
  const player = form.querySelector("[data-player-template]").content.firstElementChild.cloneNode(true);
  player.dataset.seconds = String(seconds);
  player.querySelector("[data-player-time]").textContent = clock(seconds);
  for (const path of player.querySelectorAll("[data-player-wave]")) path.setAttribute("d", wave(peaks));
  player.querySelector("audio").src = URL.createObjectURL(blob);
  return player;
}
