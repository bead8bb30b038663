// One connection per page. Events carry ids only: whoever listens fetches what changed.
import { io } from "../vendor/socket.io.esm.js";
import { words } from "./words.js";

const PATIENCE = 5000; // ms until a connection that says nothing counts as down
const listeners = new Set(); // (event name, payload)
const changes = new Set(); // (is connected)
let socket = null;

function show(state) {
  for (const element of document.querySelectorAll("[data-live-state]")) {
    element.dataset.liveState = state;
    const text = element.querySelector("[data-live-words]");
    if (text) text.textContent = words(state === "on" ? "live" : "offline");
  }
}

function turn(connected) {
  show(connected ? "on" : "off");
  for (const listener of changes) listener(connected);
}

/** The session is over: the page itself leads to the door. Once a minute at most, whatever is wrong. */
function leave() {
  const last = Number(sessionStorage.getItem("left-at") ?? 0);
  if (Date.now() - last < 60000) return;
  sessionStorage.setItem("left-at", String(Date.now()));
  location.reload();
}

export function connect() {
  const path = document.body.dataset.socket;
  if (!path || socket) return socket;
  socket = io({ path, transports: ["websocket", "polling"], reconnectionDelayMax: 10000 });
  socket.on("connect", () => turn(true));
  socket.on("disconnect", (reason) => {
    turn(false);
    // Thrown out by the server: rights changed, or the session ended. The answer to coming back tells which.
    if (reason === "io server disconnect") socket.connect();
  });
  socket.on("connect_error", (error) => {
    turn(false);
    if (error.message === "unauthorized") leave();
  });
  setTimeout(() => socket.connected || turn(false), PATIENCE);
  socket.onAny((name, payload) => {
    for (const listener of listeners) listener(name, payload ?? {});
  });
  return socket;
}

/** To the server; lost without a connection. */
export const emit = (name, payload) => isConnected() && socket.emit(name, payload);
export const isConnected = () => Boolean(socket?.connected);
export const onEvent = (listener) => listeners.add(listener);

/** A listener that comes when the line is up already is told so: what was said before is lost to it. */
export function onChange(listener) {
  changes.add(listener);
  if (isConnected()) listener(true);
}
