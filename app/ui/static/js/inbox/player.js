// Sounds play in place: one at a time, at the pace one likes; when a voice note ends, the next one goes on by itself.
const PACES = [1, 1.5, 2];
const PACE = "recado:pace";
const STEP = 3; // of a bar and its gap
const HEIGHT = 28;

export const clock = (seconds) => {
  const whole = Math.max(0, Math.round(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

/** The path of a sound's picture; the server draws the same for what it stored. */
export function wave(peaks) {
  return peaks
    .map((peak, at) => {
      const tall = Math.max(2, Math.round((peak / 100) * (HEIGHT - 2)));
      return `M${at * STEP + 1} ${(HEIGHT - tall) / 2}v${tall}`;
    })
    .join("");
}

const kept = () => PACES.find((pace) => String(pace) === localStorage.getItem(PACE)) ?? 1;
const whole = (audio, box) => (Number.isFinite(audio.duration) ? audio.duration : Number(box.dataset.seconds) || 0);

function show(box) {
  const audio = box.querySelector("audio");
  const length = whole(audio, box);
  const part = length ? Math.min(1, audio.currentTime / length) : 0;
  const seek = box.querySelector("[data-player-seek]");
  box.classList.add("is-touched");
  box.classList.toggle("is-playing", !audio.paused);
  box.classList.toggle("is-started", !audio.paused || audio.currentTime > 0);
  box.querySelector("[data-player-heard]")?.setAttribute("width", `${part * 100}%`);
  const shown = audio.currentTime && !audio.ended ? audio.currentTime : length;
  box.querySelector("[data-player-time]").textContent = clock(shown);
  seek.value = String(part * 1000);
  seek.setAttribute("aria-valuetext", `${clock(audio.currentTime)} / ${clock(length)}`);
  const button = box.querySelector("[data-player-play]");
  const words = audio.paused ? button.dataset.wordsPlay : button.dataset.wordsPause;
  button.setAttribute("aria-label", words);
  button.title = words;
}

function toggle(box) {
  const audio = box.querySelector("audio");
  if (!audio.paused) return audio.pause();
  setPace(box, kept());
  audio.play().catch(() => audio.error && broken(box));
}

function setPace(box, pace) {
  box.querySelector("audio").playbackRate = pace;
  box.querySelector("[data-player-pace]").textContent = `${String(pace).replace(".", ",")}×`;
}

function nextPace(box) {
  const pace = PACES[(PACES.indexOf(kept()) + 1) % PACES.length];
  localStorage.setItem(PACE, String(pace));
  setPace(box, pace);
}

function seekTo(box, share) {
  const audio = box.querySelector("audio");
  const length = whole(audio, box);
  if (length) audio.currentTime = share * length;
  show(box);
}

function broken(box) {
  box.classList.add("is-broken");
  box.querySelector("[data-player-broken]").hidden = false;
}

function goOn(box) {
  const here = box.closest(".msg");
  let next = here?.nextElementSibling;
  while (next && !next.matches(".msg")) next = next.nextElementSibling;
  const voice = next?.className === here?.className && next?.querySelector("[data-player=voice]");
  if (box.dataset.player === "voice" && voice) toggle(voice);
}

/** Listens once for the whole page: bubbles come and go. */
export function startPlayers(root) {
  const box = (event) => event.target.closest?.("[data-player]");
  root.addEventListener("click", (event) => {
    if (event.target.closest("[data-player-play]")) toggle(box(event));
    else if (event.target.closest("[data-player-pace]")) nextPace(box(event));
  });
  root.addEventListener("input", (event) => {
    if (event.target.matches("[data-player-seek]")) seekTo(box(event), event.target.value / 1000);
  });
  const onSound = (name, act) => root.addEventListener(name, (event) => box(event) && act(box(event), event.target), true);
  onSound("play", (one, audio) => {
    for (const other of document.querySelectorAll("audio, video")) if (other !== audio && !other.paused) other.pause();
    show(one);
  });
  for (const name of ["pause", "timeupdate", "loadedmetadata"]) onSound(name, show);
  onSound("ended", (one, audio) => {
    audio.currentTime = 0;
    show(one);
    goOn(one);
  });
  onSound("error", broken);
}
