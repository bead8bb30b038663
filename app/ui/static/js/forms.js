// One click sends a form once; the first wrong field gets the focus.
const GIVE_BACK = 10000; // ms: an answer that is a download never leaves the page

function busy(form, submitter) {
  form.dataset.sent = "1";
  submitter?.classList.add("is-busy");
  setTimeout(() => release(form), GIVE_BACK);
}

export function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll(".is-busy")) button.classList.remove("is-busy");
}

export function startForms() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented || "noBusy" in form.dataset) return;
    if (form.dataset.sent) event.preventDefault();
    else busy(form, event.submitter);
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));
  document.querySelector("[data-focus-first]")?.focus();
}
