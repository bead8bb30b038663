import "../vendor/tabler.esm.js";
import htmx from "../vendor/htmx.esm.js";
import { startConfirm } from "./confirm.js";
import { startDialogs } from "./dialogs.js";
import { startForms } from "./forms.js";
import { startLive } from "./live.js";
import { watch } from "./modules.js";
import { startShell } from "./shell.js";
import { startShortcuts } from "./shortcuts.js";
import { startToasts, toast } from "./toast.js";
import { csrfToken, words } from "./words.js";

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRFToken"] = csrfToken();
});
document.addEventListener("htmx:response:error", (event) => {
  if (event.detail.ctx.response?.raw?.status === 401) location.reload();
  else toast(words("failed"), "error");
});
window.htmx = htmx;
document.addEventListener("live:updated", (event) => htmx.process(event.target));

startConfirm();
startDialogs();
startForms();
startShell();
startShortcuts();
startToasts();
startLive();
watch();
