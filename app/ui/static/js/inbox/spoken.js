// What is typed, heard before it is sent as a voice note: the button beside the composer's own.
import { toast } from "../toast.js";
import { post } from "./http.js";

export default function spoken(button) {
  const form = button.closest("form");
  const place = form.querySelector("[data-spoken]");
  const text = form.querySelector("[data-body]");

  async function tried(work) {
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      toast(error.message, "error");
    }
    button.disabled = false;
  }

  const listen = () =>
    tried(async () => {
      const answer = await post(button.dataset.listen, new FormData(form));
      place.innerHTML = await answer.text();
    });

  button.addEventListener("click", listen);
  // Another voice is another audio, to be heard before it is sent.
  place.addEventListener("change", async (event) => {
    if (!event.target.matches("[data-spoken-voice]")) return;
    await listen();
    place.querySelector("[data-spoken-voice]")?.focus();
  });

  place.addEventListener("click", (event) => {
    if (event.target.closest("[data-spoken-off]")) place.replaceChildren();
    const send = event.target.closest("[data-spoken-send]");
    if (!send) return;
    tried(async () => {
      await post(send.dataset.spokenSend, new FormData(form));
      place.replaceChildren();
      text.value = "";
      text.dispatchEvent(new Event("input", { bubbles: true }));
    });
  });
}
