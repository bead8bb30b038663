// Charts from the JSON beside the canvas, in the theme's colours; the numbers stay in the page as text too.
import { language } from "./words.js";

let loading = null;

const library = () => (loading ??= import(document.body.dataset.chartSrc).then(() => window.Chart));

// Custom properties hold light-dark(); only a computed colour is a colour for the canvas.
function colour(tone) {
  const probe = document.createElement("span");
  probe.className = `key key--${tone}`;
  document.body.append(probe);
  const value = getComputedStyle(probe).backgroundColor;
  probe.remove();
  return value;
}

function ink(name) {
  const probe = Object.assign(document.createElement("span"), { className: name });
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

const fade = (value, share) => value.replace(/^rgb\((.*)\)$/, `rgba($1, ${share})`);

function dataset(type, series) {
  const tone = colour(series.tone ?? "brand");
  const slices = series.tones?.map(colour);
  const line = { borderColor: tone, pointBackgroundColor: tone, backgroundColor: fade(tone, 0.1), borderWidth: 2, pointRadius: 0, pointHitRadius: 12, tension: 0.35, fill: true };
  const solid = { backgroundColor: slices ?? tone, borderWidth: 0, borderRadius: type === "bar" ? 4 : 0, maxBarThickness: 36 };
  return { label: series.label, data: series.data, ...(type === "line" ? line : solid) };
}

function options(type, data) {
  const soft = ink("faint");
  const grid = { color: fade(soft, 0.18), drawTicks: false };
  const format = new Intl.NumberFormat(language());
  const axes = {
    x: { stacked: data.stacked, grid: { display: false }, border: { display: false }, ticks: { color: soft, maxRotation: 0, autoSkipPadding: 16 } },
    y: { stacked: data.stacked, beginAtZero: true, grid, border: { display: false }, ticks: { color: soft, precision: 0, maxTicksLimit: 5, padding: 8, callback: (value) => format.format(value) } },
  };
  return {
    locale: language(),
    maintainAspectRatio: false,
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 300 },
    interaction: { mode: type === "doughnut" ? "nearest" : "index", intersect: false },
    scales: type === "doughnut" ? {} : axes,
    cutout: "68%",
    plugins: { legend: { display: data.series.length > 1 || type === "doughnut", position: "bottom", align: "start", labels: { color: soft, usePointStyle: true, pointStyle: "rectRounded", boxHeight: 7, padding: 16 } } },
  };
}

function draw(Chart, figure) {
  const data = JSON.parse(figure.querySelector("[data-chart-data]").textContent);
  const type = figure.dataset.chart;
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  return new Chart(figure.querySelector("canvas"), {
    type,
    data: { labels: data.labels, datasets: data.series.map((series) => dataset(type, series)) },
    options: options(type, data),
  });
}

export default async function chart(figure) {
  const Chart = await library();
  let drawn = draw(Chart, figure);
  const again = () => {
    drawn.destroy();
    if (figure.isConnected) drawn = draw(Chart, figure);
  };
  figure.addEventListener("chart:data", again);
  document.addEventListener("theme:changed", again);
}
