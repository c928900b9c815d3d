// What marks the present moves on each minute: the masthead's knot, the day's ruler, the calendar's line.
// Where it started came with the page, as a share of the hours shown; only the minutes since are counted here.
import { once } from "./find.js";

const SVG = "http://www.w3.org/2000/svg";

function eachMinute(element, move) {
  const began = Date.now();
  const tick = () => move((Date.now() - began) / 60000);
  const timer = setInterval(() => (element.isConnected ? tick() : clearInterval(timer)), 60000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && element.isConnected) tick(); });
}

function clockAfter(text, minutes) {
  const parts = /^(\d{1,2}):(\d{2})$/.exec(text);
  if (!parts) return text;
  const all = (Number(parts[1]) * 60 + Number(parts[2]) + Math.floor(minutes)) % 1440;
  return `${String(Math.floor(all / 60)).padStart(2, "0")}:${String(all % 60).padStart(2, "0")}`;
}

export function startDayThread(root) {
  once(root, "[data-day-thread]", "DayThread", (svg) => {
    const start = Number(svg.dataset.dayThread);
    const length = Number(svg.dataset.dayLength) || 660;
    if (!(start > 0 && start < 1)) return;
    eachMinute(svg, (minutes) => {
      const x = `${(Math.min(1, start + minutes / length) * 100).toFixed(3)}%`;
      svg.querySelector("[data-day-line]")?.setAttribute("x2", x);
      svg.querySelector("[data-day-knot]")?.setAttribute("cx", x);
    });
  });
  once(root, "[data-day-ruler]", "DayRuler", (svg) => {
    const text = svg.querySelector("text.is-now");
    const said = text?.textContent ?? "";
    const start = Number(svg.dataset.dayRuler);
    const length = Number(svg.dataset.dayLength) || 660;
    if (!text) return;
    eachMinute(svg, (minutes) => {
      const at = start + minutes / length;
      text.setAttribute("x", `${(at * 100).toFixed(2)}%`);
      // The hours make room for the time beside them.
      for (const hour of svg.querySelectorAll("text.hour")) {
        const gap = Math.abs(parseFloat(hour.getAttribute("x")) / 100 - at);
        hour.classList.toggle("is-hidden", gap < 0.024);
        hour.classList.toggle("is-near", gap < 0.046);
        hour.classList.toggle("is-close", gap < 0.08);
      }
      text.textContent = clockAfter(said, minutes);
    });
  });
  once(root, "[data-now]", "Now", (calendar) => {
    // A refresh brings a later share, from which the minutes are counted anew.
    let known = calendar.dataset.now;
    let counted = 0;
    let said = calendar.querySelector("[data-now-text]")?.textContent ?? "";
    eachMinute(calendar, (minutes) => {
      const text = calendar.querySelector("[data-now-text]");
      if (calendar.dataset.now !== known) {
        known = calendar.dataset.now;
        counted = minutes;
        said = text?.textContent ?? "";
      }
      const passed = minutes - counted;
      const y = `${((Number(known) + passed / (Number(calendar.dataset.nowLength) || 660)) * 100).toFixed(3)}%`;
      for (const mark of calendar.querySelectorAll("[data-now-y]")) {
        if (mark.namespaceURI !== SVG) continue;
        for (const name of { line: ["y1", "y2"], circle: ["cy"] }[mark.tagName] ?? ["y"]) mark.setAttribute(name, y);
      }
      if (text) text.textContent = clockAfter(said, passed);
    });
    // The day opens with the present in view.
    const start = Number(known);
    const scroll = calendar.querySelector(".cal-scroll");
    const body = calendar.querySelector(".cal-body");
    if (scroll && body && start > 0 && start < 1 && scroll.scrollTop === 0) scroll.scrollTop = Math.max(0, body.offsetHeight * start - scroll.clientHeight / 3);
  });
}
