// A button that copies the text of another element; without scripts it is not shown.
import { once } from "./find.js";

const linesOf = (element) => {
  const lines = [...element.querySelectorAll("li")].map((line) => line.textContent.trim());
  return lines.length ? lines.join("\n") : element.textContent.trim();
};

once(document, "[data-copy]", "Copy", (button) => {
  const source = document.getElementById(button.dataset.copy);
  const words = button.querySelector("span");
  if (!source || !words || !navigator.clipboard) return;
  const before = words.textContent;
  words.setAttribute("aria-live", "polite");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(linesOf(source));
      words.textContent = button.dataset.copied;
      setTimeout(() => { words.textContent = before; }, 4000);
    } catch {
      getSelection()?.selectAllChildren(source); // refused: what is marked can be copied by hand
    }
  });
});
