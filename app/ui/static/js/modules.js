// data-module="x" names what to bind. Elements that arrive later (htmx, live parts) bind too.
const registry = {
  autosubmit: () => import("./autosubmit.js"),
  bulk: () => import("./bulk.js"),
  chart: () => import("./charts.js"),
  copy: () => import("./copy.js"),
  countdown: () => import("./countdown.js"),
  counter: () => import("./counter.js"),
  "customer-typing": () => import("./inbox/customer-typing.js"),
  frame: () => import("./frame.js"),
  inbox: () => import("./inbox/index.js"),
  insert: () => import("./insert.js"),
  "media-picker": () => import("./media-picker.js"),
  leave: () => import("./leave.js"),
  range: () => import("./range.js"),
  "relative-time": () => import("./relative-time.js"),
  spoken: () => import("./inbox/spoken.js"),
  theme: () => import("./theme.js"),
  upload: () => import("./upload.js"),
};
const bound = new WeakMap(); // element → names already bound

async function bindOne(element, name) {
  const done = bound.get(element) ?? new Set();
  if (done.has(name) || !registry[name]) return;
  bound.set(element, done.add(name));
  const module = await registry[name]();
  module.default(element);
}

export function bind(root) {
  const found = [...(root.querySelectorAll?.("[data-module]") ?? [])];
  if (root.matches?.("[data-module]")) found.push(root);
  for (const element of found) {
    for (const name of element.dataset.module.split(/\s+/)) bindOne(element, name);
  }
}

/** A feature's own script adds its module: register("qr", () => import("…")). */
export function register(name, load) {
  registry[name] = load;
  bind(document);
}

export function watch() {
  bind(document);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.nodeType === 1) bind(node);
    }
  }).observe(document.body, { childList: true, subtree: true });
}
