// The customer is writing, or recording: beside their name, until they stop, their message comes, or nothing more is heard.
import { onEvent } from "../socket.js";

const SHOWN_FOR = 15_000; // ms; WhatsApp repeats it while it lasts
let conversation = null; // one is open at a time
let timer = null;

function show(doing) {
  clearTimeout(timer);
  const line = conversation.querySelector("[data-customer-typing]");
  if (!line) return;
  line.textContent = { typing: line.dataset.wordsTyping, recording: line.dataset.wordsRecording }[doing] ?? "";
  if (doing) timer = setTimeout(() => show(""), SHOWN_FOR);
}

onEvent((name, payload) => {
  if (!conversation?.isConnected || payload.ticket_id !== conversation.dataset.ticketId) return;
  if (name === "contact:typing") show(payload.doing);
  if (name === "message:new") show("");
});

export default (root) => {
  conversation = root;
};
