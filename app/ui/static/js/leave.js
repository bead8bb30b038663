// A part that says "done" takes the person on, after a moment to read it. The link inside does the same at once.
export default function leave(element) {
  setTimeout(() => element.isConnected && location.assign(element.dataset.leave), 1600);
}
