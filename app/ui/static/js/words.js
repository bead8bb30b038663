// Interface text comes translated from the page: <body data-words-…>.
export function words(key, values = {}) {
  const text = document.body.dataset[`words${key[0].toUpperCase()}${key.slice(1)}`] ?? "";
  return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

export const language = () => document.documentElement.lang || "pt-BR";
export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}
