// Selection of rows: all of the page, a range with Shift, or everything the filter finds.
export default function bulk(form) {
  const rows = () => [...form.querySelectorAll("[data-bulk-row]")];
  const allField = form.querySelector("[data-bulk-all-field]");
  const whole = form.querySelector("[data-bulk-select-total]");
  const count = form.querySelector("[data-bulk-count]");
  let last = null;

  const update = () => {
    const boxes = rows();
    const chosen = boxes.filter((box) => box.checked).length;
    const all = form.querySelector("[data-bulk-all]");
    form.classList.toggle("has-selection", chosen > 0);
    if (all) {
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    if (allField.value && chosen < boxes.length) allField.value = "";
    count.textContent = allField.value ? whole.dataset.labelTotal : chosen === 1 ? count.dataset.one : count.dataset.many.replace("{n}", chosen);
    if (whole) whole.hidden = Boolean(allField.value) || chosen < boxes.length || Number(whole.dataset.bulkSelectTotal) <= chosen;
  };

  const check = (boxes, on) => boxes.forEach((box) => (box.checked = on));

  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-bulk-all]")) check(rows(), event.target.checked);
    update();
  });
  form.addEventListener("click", (event) => {
    const box = event.target.closest("[data-bulk-row]");
    if (box && event.shiftKey && last) check(between(rows(), last, box), box.checked);
    if (box) last = box;
    if (event.target.closest("[data-bulk-clear]")) check(rows(), false);
    if (event.target.closest("[data-bulk-select-total]")) allField.value = "1";
    update();
  });
  form.addEventListener("live:updated", update);
  update();
}

function between(boxes, one, other) {
  const [from, to] = [boxes.indexOf(one), boxes.indexOf(other)].sort((a, b) => a - b);
  return boxes.slice(Math.max(from, 0), to + 1);
}
