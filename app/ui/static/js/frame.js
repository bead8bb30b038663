// A table that fits needs no scroll box; without one its header sticks to the window while the page scrolls.
export default function frame(element) {
  const table = element.firstElementChild;
  const measure = () => element.classList.toggle("is-fitting", table.offsetWidth <= element.clientWidth);
  new ResizeObserver(measure).observe(element);
  new ResizeObserver(measure).observe(table);
}
