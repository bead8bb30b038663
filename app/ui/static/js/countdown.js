// Minutes and seconds until <time datetime>; a `countdown:done` event at the end.
const two = (number) => String(number).padStart(2, "0");

export function remaining(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

export default function countdown(element) {
  const tick = () => {
    const left = Math.ceil((Date.parse(element.dateTime) - Date.now()) / 1000);
    element.textContent = left > 0 ? remaining(left) : element.dataset.done;
    if (left > 0 && element.isConnected) setTimeout(tick, 1000 - (Date.now() % 1000));
    else element.dispatchEvent(new CustomEvent("countdown:done", { bubbles: true }));
  };
  tick();
}
