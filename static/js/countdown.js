// data-countdown="60": seconds left in words and thread. At the end: the notice goes, or [data-countdown-then] is shown.
import { once } from "./find.js";

export function startCountdown(root) {
  once(root, "[data-countdown]", "Countdown", (box) => {
    const whole = Math.max(1, Number(box.dataset.countdownOf) || Number(box.dataset.countdown) || 0);
    const end = Date.now() + Number(box.dataset.countdown) * 1000;
    // Without scripts what comes after is there from the start.
    for (const then of box.querySelectorAll("[data-countdown-then]")) then.hidden = true;
    const left = box.querySelector("[data-countdown-left]");
    const line = box.querySelector("[data-countdown-line]");
    const show = () => {
      const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      if (left) left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      line?.setAttribute("x2", `${((seconds / whole) * 100).toFixed(1)}%`);
      if (seconds > 0 && box.isConnected) return;
      clearInterval(timer);
      for (const then of box.querySelectorAll("[data-countdown-then]")) then.hidden = false;
      for (const until of box.querySelectorAll("[data-countdown-until]")) until.hidden = true;
      if (box.hasAttribute("data-undo-toast")) box.remove();
    };
    const timer = setInterval(show, 1000);
    show();
  });
}
