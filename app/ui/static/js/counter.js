// Characters of a textarea, below it; data-max warns beyond the limit.
import { language, words } from "./words.js";

export default function counter(area) {
  const note = Object.assign(document.createElement("p"), { className: "field__help num" });
  note.setAttribute("aria-live", "polite");
  area.after(note);
  const format = new Intl.NumberFormat(language());
  const update = () => {
    const length = [...area.value].length;
    const limit = Number(area.dataset.max) || 0;
    note.textContent = words("characters", { n: limit ? `${format.format(length)} / ${format.format(limit)}` : format.format(length) });
    note.classList.toggle("tone-danger", limit > 0 && length > limit);
  };
  area.addEventListener("input", update);
  update();
}
