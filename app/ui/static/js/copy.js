import { icon } from "./words.js";

export default function copy(button) {
  button.addEventListener("click", async () => {
    await write(button.dataset.copy);
    const before = button.firstElementChild;
    before.replaceWith(icon("check"));
    button.classList.add("is-done");
    button.setAttribute("title", button.dataset.copied);
    setTimeout(() => {
      button.firstElementChild.replaceWith(before);
      button.classList.remove("is-done");
    }, 1600);
  });
}

// The clipboard API exists only on HTTPS and localhost; a server in the office is often neither.
async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement("textarea"), { value: text, className: "visually-hidden" });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
