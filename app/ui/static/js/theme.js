// The page changes at once; the cookie follows through the form's own address.
export default function theme(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const choice = event.submitter.value;
    const body = new FormData(form, event.submitter);
    fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" }, redirect: "manual", keepalive: true });
    apply(choice);
    for (const button of document.querySelectorAll('[name="theme"]')) {
      button.setAttribute("aria-pressed", String(button.value === choice));
    }
  });
}

function apply(choice) {
  const root = document.documentElement;
  const dark = choice === "dark" || (choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.themeChoice = choice;
  root.dataset.bsTheme = dark ? "dark" : "light";
  document.dispatchEvent(new CustomEvent("theme:changed"));
}
