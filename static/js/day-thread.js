// The knot moves on each minute; where it started came with the page.
import { once } from "./find.js";

export function startDayThread(root) {
  once(root, "[data-day-thread]", "DayThread", (svg) => {
    const start = Number(svg.dataset.dayThread);
    const minutes = Number(svg.dataset.dayLength) || 660;
    const began = Date.now();
    if (!(start > 0 && start < 1)) return;
    const move = () => {
      const at = Math.min(1, start + (Date.now() - began) / 60000 / minutes);
      const x = `${(at * 100).toFixed(3)}%`;
      svg.querySelector("[data-day-line]")?.setAttribute("x2", x);
      svg.querySelector("[data-day-knot]")?.setAttribute("cx", x);
    };
    const timer = setInterval(() => (svg.isConnected ? move() : clearInterval(timer)), 60000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) move(); });
  });
}
