/** A picture of the thread, as large as the window. */
export function view(link) {
  const dialog = document.getElementById("viewer");
  dialog.querySelector("[data-viewer-image]").src = link.href;
  dialog.querySelector("[data-viewer-name]").textContent = link.dataset.name;
  dialog.querySelector("[data-viewer-download]").href = `${link.href}?download=1`;
  dialog.showModal();
}
