// What stands around the thread (head, banner, panel), drawn again after something happened to the conversation.
import { Idiomorph } from "../../vendor/idiomorph.esm.js";
import { toast } from "../toast.js";
import { isWriting } from "../writing.js";
import { html, parse } from "./http.js";

export async function redraw(inbox) {
  const { conversation } = inbox;
  if (!conversation) return;
  let fresh;
  try {
    fresh = parse(await html(`${conversation.dataset.base}/parts`)).firstElementChild;
  } catch (refused) {
    if (refused.status !== 404 || isLeft(inbox, conversation)) return;
    toast(inbox.root.dataset.wordsGone, "info");
    return inbox.shut();
  }
  if (isLeft(inbox, conversation)) return;
  if (fresh.dataset.status !== conversation.dataset.status) changeState(inbox, fresh.dataset.status);
  for (const part of fresh.children) morph(conversation.querySelector(`[data-part="${part.dataset.part}"]`), part);
}

/** Another one is open, or on its way: news of this one must not bring it back. */
function isLeft(inbox, conversation) {
  return conversation !== inbox.conversation || (inbox.wanted && inbox.wantedId !== inbox.ticket);
}

// Closing takes the composer away, reopening brings it back: the whole conversation is drawn again.
function changeState(inbox, status) {
  const { dataset } = inbox.conversation;
  const before = dataset.status;
  dataset.status = status;
  if (status === "open") inbox.seen();
  if (status !== "closed" && before !== "closed") return;
  inbox.composer?.leave();
  dataset.ticketId = "";
  inbox.open(dataset.base, false);
}

function morph(place, fresh) {
  if (!place || place.querySelector("dialog[open], .dropdown-menu.show")) return;
  Idiomorph.morph(place, fresh.innerHTML, {
    morphStyle: "innerHTML",
    ignoreActiveValue: isWriting(),
    callbacks: { beforeAttributeUpdated: (name, node) => !(name === "open" && node.matches("details, dialog")) },
  });
}
