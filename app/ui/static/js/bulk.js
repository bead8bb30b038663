// Selection of rows: all of the page, a range with Shift, or everything the filter finds.
export default function bulk(box) {
  const rows = () => [...box.querySelectorAll("[data-bulk-row]")];
  const allField = box.querySelector("form > [name=all]");
  const whole = box.querySelector("[data-bulk-select-total]");
  const count = box.querySelector("[data-bulk-count]");
  let last = null;
  if (!allField || !count) return; // a role that may choose nothing

  const update = () => {
    const boxes = rows();
    const chosen = boxes.filter((row) => row.checked).length;
    const all = box.querySelector("[data-bulk-all]");
    box.classList.toggle("has-selection", chosen > 0);
    if (all) {
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    if (allField.value && chosen < boxes.length) allField.value = "";
    count.textContent = allField.value ? whole.dataset.labelTotal : chosen === 1 ? count.dataset.one : count.dataset.many.replace("{n}", chosen);
    if (whole) whole.hidden = Boolean(allField.value) || chosen < boxes.length || Number(whole.dataset.bulkSelectTotal) <= chosen;
  };

  const check = (boxes, on) => boxes.forEach((row) => (row.checked = on));

  box.addEventListener("change", (event) => {
    if (event.target.matches("[data-bulk-all]")) check(rows(), event.target.checked);
    update();
  });
  box.addEventListener("click", (event) => {
    const row = event.target.closest("[data-bulk-row]");
    if (row && event.shiftKey && last) check(between(rows(), last, row), row.checked);
    if (row) last = row;
    const clear = event.target.closest("[data-bulk-clear]");
    const everything = event.target.closest("[data-bulk-select-total]");
    if (clear) check(rows(), false);
    if (everything) allField.value = "1";
    if (clear || everything) update(); // boxes change after their click: "change" sees them settled
  });
  box.addEventListener("live:updated", update);
  update();
}

function between(boxes, one, other) {
  const [from, to] = [boxes.indexOf(one), boxes.indexOf(other)].sort((a, b) => a - b);
  return boxes.slice(Math.max(from, 0), to + 1);
}
