// Six digits above six knots: paints what the one real field holds, and sends the form when it is full.
import { once } from "./find.js";

export function startCode(root) {
  once(root, "[data-code]", "Code", (box) => {
    const input = box.querySelector("input");
    const digits = [...box.querySelectorAll(".code-digits i")];
    const lines = [...box.querySelectorAll("svg line")];
    const knots = [...box.querySelectorAll("svg circle")];
    if (!input || !digits.length) return;
    box.classList.add("is-live");
    let sent = "";
    const paint = () => {
      const clean = input.value.replace(/\D/g, "").slice(0, digits.length);
      if (clean !== input.value) input.value = clean;
      digits.forEach((digit, i) => {
        digit.textContent = clean[i] ?? "";
        digit.classList.toggle("is-now", i === clean.length);
      });
      knots.forEach((knot, i) => {
        const state = i < clean.length ? "knot is-joined" : i === clean.length ? "ring" : "hollow";
        knot.setAttribute("class", `thread-${state}`);
        knot.setAttribute("r", { "knot is-joined": 5.5, ring: 8, hollow: 6 }[state]);
      });
      lines.forEach((line, i) => line.setAttribute("class", i < clean.length ? "thread-line" : "thread-track"));
      if (clean.length === digits.length && clean !== sent && input.form && !input.hasAttribute("data-no-send")) {
        sent = clean;
        input.form.requestSubmit();
      }
    };
    input.addEventListener("input", paint);
    // The caret stays at the end: a digit in the middle cannot be seen to be replaced.
    input.addEventListener("focus", () => requestAnimationFrame(() => input.setSelectionRange(input.value.length, input.value.length)));
    // A pasted code may carry spaces or words; maxlength would cut them first.
    input.addEventListener("paste", (event) => {
      const text = (event.clipboardData?.getData("text") ?? "").replace(/\D/g, "");
      if (!text) return;
      event.preventDefault();
      input.value = text.slice(0, digits.length);
      paint();
    });
    // A refused code came back with the page: it is shown, and not sent again by itself.
    sent = input.value.replace(/\D/g, "");
    paint();
  });
}
