// Buttons with data-insert="{nome}" write at the cursor of data-insert-into="#field".
export default function insert(group) {
  group.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    const area = button && document.querySelector(group.dataset.insertInto);
    if (!area) return;
    const { selectionStart: from, selectionEnd: to } = area;
    area.setRangeText(button.dataset.insert, from, to, "end");
    area.focus();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
