// Writing for later: choosing the moment, and changing one that waits.
import { toast } from "../toast.js";
import { csrfToken, words } from "../words.js";
import { post } from "./http.js";

function open(withText, submit) {
  const dialog = document.getElementById("send-later");
  const form = dialog.querySelector("[data-later-form]");
  form.querySelector("[data-later-text]").hidden = !withText;
  form.onsubmit = (event) => {
    event.preventDefault();
    event.stopPropagation();
    submit(form, () => dialog.close());
  };
  dialog.showModal();
  return form;
}

export function choose(send) {
  open(false, (form, close) => {
    close();
    send(form.elements.send_after.value);
  });
}

/** Change one that waits: its text and its moment. */
export function reschedule(button, done) {
  const form = open(true, async (filled, close) => {
    const body = new FormData(filled);
    body.set("csrf_token", csrfToken());
    try {
      await post(button.dataset.reschedule, body);
      close();
      done();
    } catch (refused) {
      toast(refused.message || words("failed"), "error");
    }
  });
  form.elements.body.value = button.dataset.body;
  form.elements.send_after.value = button.dataset.at;
}
