// A GET form of filters sends itself when a choice changes.
export default function autosubmit(form) {
  form.addEventListener("change", () => form.requestSubmit());
}
