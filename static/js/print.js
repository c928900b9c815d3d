// A button that prints; without scripts it is not shown.
import { once } from "./find.js";

export function startPrint(root) {
  once(root, "[data-print]", "Print", (button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });
}
