// Refreshing in place: what is under the hand, in focus or opened stays as it is.
import { isTyping } from "./find.js";

const OWN = new Set(["tabindex", "open", "data-started-now", "data-drag-known"]);
let missed = false;

const isBusy = () => document.documentElement.matches(".is-dragging, .is-resizing-now");

const isCalendar = (element) => element?.id === "calendar" || element?.id === "list-results";

// A refresh that came while a visit was held is made up for once it is let go.
export function letRefresh() {
  if (!missed) return;
  missed = false;
  document.body.dispatchEvent(new CustomEvent("sutra:schedule", { bubbles: true }));
}

export function startRefresh() {
  const defaults = window.Idiomorph?.defaults;
  if (defaults) {
    // What scripts have set is not in the server's page, and is no difference.
    defaults.callbacks.beforeNodeMorphed = (node, fresh) => !(node.id === "cal-actions" && !fresh.children.length);
    defaults.callbacks.beforeAttributeUpdated = (name, node) => !(OWN.has(name) && node.closest?.("#calendar"));
  }
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isCalendar(event.detail.elt) || !isBusy()) return;
    missed = true;
    event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isCalendar(event.detail.target)) return;
    // What is being typed stays; a visit in focus says its new time.
    if (defaults) defaults.ignoreActiveValue = isTyping(document.activeElement);
    if (!isBusy()) return;
    missed = true;
    event.detail.shouldSwap = false;
  });
  // After a move the focus is on the visit, wherever it went.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!isCalendar(event.detail.target)) return;
    const wanted = document.documentElement.dataset.calendarFocus;
    if (!wanted || document.querySelector("dialog[open]")) return;
    document.documentElement.dataset.calendarFocus = "";
    document.getElementById(wanted)?.focus();
  });
}
