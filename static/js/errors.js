// After a refused form the focus goes to the first field that needs another look, or to the summary.
import { findAll } from "./find.js";

// Into a group the focus goes by its chosen or first choice.
function entryOf(goal) {
  if (!goal.matches("fieldset, [role=radiogroup]")) return goal;
  return goal.querySelector("input:checked") ?? goal.querySelector("input, select, textarea");
}

export function focusFirstError(root) {
  const field = findAll(root, "[aria-invalid=true]:not([data-no-focus])").find((element) => element.offsetParent !== null || element.type === "radio");
  const summary = findAll(root, "[data-error-summary]")[0];
  const goal = field ?? summary;
  if (!goal) return false;
  (entryOf(goal) ?? goal).focus({ preventScroll: true });
  goal.scrollIntoView({ block: "center" });
  return true;
}

export function startErrors() {
  document.addEventListener("htmx:afterSettle", (event) => {
    const status = event.detail.xhr?.status;
    if (status !== 422 && status !== 409) return;
    const root = event.detail.elt?.isConnected ? event.detail.elt : document.getElementById(event.detail.target?.id ?? "") ?? document.body;
    if (!focusFirstError(root)) focusFirstError(document);
  });
  // A link in the summary goes to its field, also where the field is a group.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-error-summary] a[href^='#']");
    const goal = link && document.getElementById(link.hash.slice(1));
    if (!goal) return;
    event.preventDefault();
    const field = entryOf(goal);
    field?.focus();
    field?.scrollIntoView({ block: "center" });
  });
}
