// No swap loses the focus: it stays on what had it, goes to what has taken its place, or to where the form now stands.
const FOCUSABLE = ":is(a[href], button, summary, [tabindex='0'], input:not([type=hidden]), select, textarea):not([disabled], [tabindex='-1'])";
const held = new WeakMap();
const swapped = new WeakSet();

const title = () => document.getElementById("panel-title");

function isLost() {
  const focused = document.activeElement;
  return !focused || focused === document.body || focused.matches("dialog, :disabled");
}

// What had the focus as the request began, before htmx disables anything, and what it can be found by again.
function hold(element) {
  return {
    element,
    id: element.id,
    name: element.matches("button[name], [type=checkbox], [type=radio]") ? `[name="${CSS.escape(element.name)}"][value="${CSS.escape(element.value)}"]` : "",
    row: element.closest("li[id]")?.id,
    title: title()?.textContent,
  };
}

// Whoever went on while the answer was on its way, from a box into the list under it, stays on the same line of the new
// list, or goes back to where they came from.
function moved(element, list, from) {
  const href = element.getAttribute("href");
  return { ...from, line: () => (href ? [...list.querySelectorAll("a[href]")].find((link) => link.getAttribute("href") === href) : null) };
}

const seen = (element) => (element?.isConnected && element.getClientRects().length && !element.matches(":disabled") ? element : null);

function goalOf(before) {
  const root = document.querySelector("dialog[open]") ?? document;
  const firstIn = (selector) => [...root.querySelectorAll(`${selector} ${FOCUSABLE}`)].find(seen);
  if (seen(before.element)) return before.element;
  const same = before.id && seen(document.getElementById(before.id));
  if (same) return same;
  if (title() && title().textContent !== before.title) return title();
  return (before.name && seen(root.querySelector(before.name)))
    || (before.row && firstIn(`#${CSS.escape(before.row)}`))
    || firstIn("[aria-current=step]")
    || (root === document ? document.querySelector(".cal :is(.appt, .cal-gap)[tabindex='0']") : null)
    || title();
}

function giveBack(xhr) {
  const before = held.get(xhr);
  if (!before || !isLost()) return;
  goalOf(before)?.focus();
  // Some lists are open only while their box has the focus.
  before.line?.()?.focus();
}

export function startKeepFocus() {
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isLost()) held.set(event.detail.xhr, hold(document.activeElement));
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    const [from, focused] = [held.get(xhr), document.activeElement];
    if (from && from.element !== focused && target.contains(focused)) held.set(xhr, moved(focused, target, from));
  });
  document.addEventListener("htmx:afterSwap", (event) => { swapped.add(event.detail.xhr); });
  document.addEventListener("htmx:afterSettle", (event) => giveBack(event.detail.xhr));
  // An answer that puts nothing in, or none at all, does not settle.
  document.addEventListener("htmx:afterRequest", (event) => { if (!swapped.has(event.detail.xhr)) giveBack(event.detail.xhr); });
}
