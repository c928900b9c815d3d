// Lists by keyboard: in [data-list-keys], arrows or j and k go from row to row; a row is a link, button or [data-list-row].
import { isTyping } from "./find.js";

const ROWS = "[data-list-row], a[href].result, [role=option]";

function rowsOf(list) {
  const rows = [...list.querySelectorAll(ROWS)].filter((row) => row.offsetParent !== null);
  return rows.length ? rows : [...list.querySelectorAll("a[href], button:not([disabled])")].filter((row) => row.offsetParent !== null);
}

export function focusRow(list, step) {
  const rows = rowsOf(list);
  if (!rows.length) return false;
  const here = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const next = here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step;
  if (next < 0 || next >= rows.length) return false;
  const row = rows[next];
  const goal = row.matches("a[href], button, [tabindex]") ? row : row.querySelector("a[href], button") ?? row;
  goal.focus();
  goal.scrollIntoView({ block: "nearest" });
  return true;
}

export function startListKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (!step || isTyping(event.target)) return;
    const focused = event.target instanceof Element ? event.target.closest("[data-list-keys]") : null;
    // j and k also start from nowhere, in the page's main list.
    const list = focused ?? (event.key.length === 1 && event.target === document.body ? document.querySelector("main [data-list-keys]") : null);
    if (list && focusRow(list, step)) event.preventDefault();
  });
}
