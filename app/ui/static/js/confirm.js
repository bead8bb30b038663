// data-confirm on a form or on its submit button: ask first, in a native dialog.
import { words } from "./words.js";

const KINDS = { danger: "btn-danger", primary: "btn-primary", success: "btn-success" };

function fill(dialog, data) {
  const find = (name) => dialog.querySelector(`[data-confirm-${name}]`);
  find("message").textContent = data.confirm;
  find("heading").textContent = data.confirmTitle || find("heading").dataset.usual || find("heading").textContent;
  find("yes").textContent = data.confirmLabel || words("confirm");
  find("yes").className = `btn ${KINDS[data.confirmKind] ?? "btn-primary"}`;
  fillTyping(find, data.confirmType);
}

function fillTyping(find, expected) {
  const typed = find("typed");
  find("typing").hidden = !expected;
  find("typing-label").textContent = words("type", { x: expected });
  typed.value = "";
  find("yes").disabled = Boolean(expected);
  typed.oninput = () => {
    find("yes").disabled = digitsOrText(typed.value) !== digitsOrText(expected);
  };
}

// "1.240" and "1240" are the same answer.
function digitsOrText(value) {
  const text = (value ?? "").trim();
  return /^[\d.\s]+$/.test(text) ? text.replace(/\D/g, "") : text;
}

export function ask(data) {
  const dialog = document.querySelector("[data-confirm-dialog]");
  const heading = dialog.querySelector("[data-confirm-heading]");
  heading.dataset.usual ??= heading.textContent;
  fill(dialog, data);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

export function startConfirm() {
  const agreed = new WeakSet();
  document.addEventListener(
    "submit",
    async (event) => {
      const { target: form, submitter } = event;
      const source = submitter?.dataset.confirm ? submitter : form;
      if (!source.dataset.confirm || agreed.delete(form)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!(await ask(source.dataset))) return;
      agreed.add(form);
      form.requestSubmit(submitter ?? undefined);
    },
    true,
  );
}
