// The menus on small screens: the sidebar, and the row of settings' sections.
export function startShell() {
  document.querySelector(".settings__nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  const sidebar = document.getElementById("sidebar");
  const scrim = document.querySelector(".scrim");
  const opener = document.querySelector("[data-open-menu]");
  if (!sidebar || !opener) return;

  const show = (open) => {
    sidebar.classList.toggle("is-open", open);
    scrim.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    (open ? sidebar.querySelector("a, button") : opener).focus({ preventScroll: true });
  };
  opener.addEventListener("click", () => show(true));
  document.addEventListener("click", (event) => event.target.closest("[data-close-menu]") && show(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && sidebar.classList.contains("is-open")) show(false);
  });
}
