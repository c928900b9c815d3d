// A patient's measurements over time: the table behind is always there; here its numbers become lines. Colours are the page's.
import uPlot from "../vendor/uplot-1.6.32/uPlot.esm.js";
import { findAll } from "./find.js";
import { startVitals } from "./vitals.js";

const HEIGHT = 168;
const dark = matchMedia("(prefers-color-scheme: dark)");

function colours() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue(name).trim();
  return { ink: get("--ink"), second: get("--ink-2"), meta: get("--ink-3"), hair: get("--hair"), leaf: get("--leaf"), danger: get("--danger"), tint: get("--danger-t"), paper: get("--paper") };
}

// A canvas neither fetches letters nor draws again when they arrive: what the days are written with is asked for first.
const letters = () => `12px ${getComputedStyle(document.body).fontFamily}`;

async function fetchLetters(sample) {
  await document.fonts.load(letters(), sample).catch(() => {});
}

// Limits as dashed lines, and a faint band between the two of a blood pressure's high ones.
function drawLimits(plot, limits, tone) {
  const { ctx, bbox } = plot;
  const inside = limits.filter((limit) => limit >= plot.scales.y.min && limit <= plot.scales.y.max);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = tone.danger;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const limit of inside) {
    const y = Math.round(plot.valToPos(limit, "y", true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

function drawBand(plot, limits, tone) {
  if (limits.length < 2) return;
  const [low, high] = [Math.min(...limits), Math.max(...limits)];
  const { ctx, bbox } = plot;
  const top = Math.max(bbox.top, plot.valToPos(high, "y", true));
  const bottom = Math.min(bbox.top + bbox.height, plot.valToPos(low, "y", true));
  if (bottom <= top) return;
  ctx.save();
  ctx.fillStyle = tone.hair;
  ctx.globalAlpha = 0.45;
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  ctx.restore();
}

function drawFlags(plot, flags, tone) {
  const { ctx } = plot;
  ctx.save();
  ctx.fillStyle = tone.danger;
  ctx.strokeStyle = tone.paper;
  ctx.lineWidth = 2 * devicePixelRatio;
  const [first, last] = plot.series[0].idxs ?? [0, flags.length - 1];
  for (let at = first; at <= last; at += 1) {
    if (!flags[at]) continue;
    const x = plot.valToPos(plot.data[0][at], "x", true);
    for (let line = 1; line < plot.data.length; line += 1) {
      const value = plot.data[line][at];
      if (value === null) continue;
      ctx.beginPath();
      ctx.arc(x, plot.valToPos(value, "y", true), 4 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.stroke();
      ctx.fill();
    }
  }
  ctx.restore();
}

function options(drawn, width, tone, words, read) {
  const many = drawn.at.length > 120;
  const line = (label, second) => ({
    label,
    stroke: second ? tone.second : tone.ink,
    width: 1.75,
    dash: second ? [6, 3] : undefined,
    spanGaps: true,
    points: { show: !many, size: 5, stroke: second ? tone.second : tone.ink, fill: tone.paper },
  });
  const axis = { stroke: tone.meta, grid: { stroke: tone.hair, width: 1 }, ticks: { show: false }, font: letters() };
  const numbers = drawn.numbers.flat().filter((value) => value !== null);
  const near = drawn.limits.filter((limit) => limit >= Math.min(...numbers) * 0.7 && limit <= Math.max(...numbers) * 1.3);
  return {
    width,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), words.zone),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 }, focus: { prox: 30 } },
    scales: {
      x: { time: true, range: (_plot, from, to) => (from === to ? [from - 43200, to + 43200] : [from - (to - from) * 0.03, to + (to - from) * 0.03]) },
      y: { range: (_plot, least, most) => {
        const [low, high] = [Math.min(least, ...near), Math.max(most, ...near)];
        const room = (high - low || 2) * 0.12;
        return [Math.max(0, low - room), high + room];
      } },
    },
    axes: [{ ...axis, grid: { show: false }, values: (_plot, at) => at.map((seconds) => words.day(seconds)), space: 72 }, { ...axis, size: 44 }],
    series: [{}, ...drawn.parts.map((label, place) => line(label, place > 0))],
    hooks: {
      drawAxes: [(plot) => { if (drawn.code === "blood_pressure") drawBand(plot, drawn.limits.filter((limit) => limit !== 90 || drawn.parts.length > 1).slice(-2), tone); }],
      draw: [(plot) => { drawLimits(plot, drawn.limits, tone); drawFlags(plot, drawn.flags, tone); }],
      setCursor: [(plot) => read(plot.cursor.idx)],
    },
  };
}

function figureOf(drawn, words) {
  const figure = document.createElement("figure");
  figure.className = "vital-chart";
  figure.dataset.vitalChart = drawn.code;
  const caption = document.createElement("figcaption");
  const unit = document.createElement("small");
  unit.textContent = drawn.unit;
  const readout = document.createElement("p");
  readout.className = "vital-readout";
  caption.append(drawn.label, unit, readout);
  const place = document.createElement("div");
  place.className = "vital-plot";
  place.tabIndex = 0;
  place.setAttribute("role", "img");
  figure.append(caption, place);

  let shown = drawn.at.length - 1;
  const said = (at) => {
    const value = drawn.numbers.map((line) => line[at] ?? "–").join("/");
    const index = drawn.bmi?.[at] ? `, ${words.bmi} ${drawn.bmi[at]}` : "";
    return `${words.moment(drawn.at[at])}: ${value}${drawn.unit ? ` ${drawn.unit}` : ""}${index}`;
  };
  const read = (at) => {
    if (at === null || at === undefined) at = drawn.at.length - 1;
    shown = at;
    readout.replaceChildren(said(at));
    if (drawn.flags[at]) {
      const flag = document.createElement("span");
      flag.className = "is-flagged";
      flag.textContent = ` ${words.flagged}`;
      readout.append(flag);
    }
  };
  place.setAttribute("aria-label", `${drawn.label}: ${said(shown)}. ${words.help}`);
  place.addEventListener("focus", () => readout.setAttribute("aria-live", "polite"));
  place.addEventListener("blur", () => readout.removeAttribute("aria-live"));
  return { figure, place, read, at: () => shown };
}

function startChart(drawn, words, host) {
  const { figure, place, read, at } = figureOf(drawn, words);
  host.append(figure);
  if (drawn.at.length < 2) {
    place.remove();
    read(0);
    return;
  }
  let plot = null;
  const draw = () => {
    plot?.destroy();
    const width = Math.max(240, Math.floor(figure.clientWidth));
    plot = new uPlot(options(drawn, width, colours(), words, read), [drawn.at, ...drawn.numbers], place);
    read(drawn.at.length - 1);
  };
  draw();
  dark.addEventListener("change", draw);
  new ResizeObserver(() => {
    const width = Math.floor(figure.clientWidth);
    if (width && Math.abs(width - plot.width) > 1) plot.setSize({ width, height: HEIGHT });
  }).observe(figure);
  place.addEventListener("keydown", (event) => {
    const last = drawn.at.length - 1;
    const to = { ArrowLeft: at() - 1, ArrowRight: at() + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = Math.min(last, Math.max(0, to));
    plot.setCursor({ left: plot.valToPos(drawn.at[next], "x"), top: 10 });
    read(next);
  });
}

function startCharts(root) {
  for (const host of findAll(root, "[data-vital-charts]")) {
    const points = document.querySelector("[data-vital-points]");
    const behind = document.querySelector("[data-vital-table]");
    const button = document.querySelector("[data-as-table]");
    if (!points || !behind) continue;
    const { locale, zone, flagged, bmi, help } = host.dataset;
    const language = locale === "hi" ? "hi-IN" : "en-IN";
    const years = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: zone });
    const whole = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
    const words = { zone, flagged, bmi, help, day: (seconds) => years.format(seconds * 1000), moment: (seconds) => whole.format(seconds * 1000) };
    host.hidden = false;
    const months = Array.from({ length: 12 }, (_one, month) => years.format(new Date(Date.UTC(2024, month, 15)))).join("");
    fetchLetters(months).then(() => { for (const drawn of JSON.parse(points.textContent)) startChart(drawn, words, host); });
    const show = (asTable) => {
      behind.hidden = !asTable;
      host.hidden = asTable;
      button?.setAttribute("aria-pressed", String(asTable));
    };
    if (button) {
      button.hidden = false;
      button.addEventListener("click", () => show(button.getAttribute("aria-pressed") !== "true"));
    }
    show(new URLSearchParams(location.search).has("after"));
  }
}

// The first box is where somebody begins; after a refusal the first that is wrong.
function startForm(root) {
  for (const form of findAll(root, "form[data-vitals-form]")) {
    const wrong = form.querySelector("[aria-invalid=true]");
    if (wrong) wrong.focus();
    else if (!location.hash) form.querySelector(".vital input")?.focus({ preventScroll: true });
  }
}

startVitals(document);
startCharts(document);
startForm(document);
