// A slider says its value: data-unit follows the number.
import { language } from "./words.js";

export default function range(slider) {
  const note = Object.assign(document.createElement("output"), { className: "range-value num", htmlFor: slider.id });
  slider.before(note);
  const format = new Intl.NumberFormat(language(), { maximumFractionDigits: 2 });
  const update = () => {
    note.textContent = [format.format(slider.value), slider.dataset.unit].filter(Boolean).join(" ");
    slider.setAttribute("aria-valuetext", note.textContent);
  };
  slider.addEventListener("input", update);
  update();
}
