// Walking the calendar by keyboard: one stop for Tab, arrows from visit to visit and to free times.
import { isTyping } from "./find.js";
import { rowsOf } from "./calendar-place.js";
import { Resize } from "./calendar-resize.js";

const ITEMS = ".appt[href], .cal-gap";
let changing = null;

const itemsOf = (column) => [...column.querySelectorAll(ITEMS)].sort((one, other) => rowsOf(one, "gr") - rowsOf(other, "gr"));

function stand(item, focus = false) {
  for (const other of document.querySelectorAll('.cal [tabindex="0"]:is(.appt, .cal-gap)')) if (other !== item) other.tabIndex = -1;
  item.tabIndex = 0;
  if (!focus) return;
  item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// Of all visits and free times one can be reached by Tab: where the focus was last, else what comes next today.
export function rove() {
  const calendar = document.querySelector(".cal");
  for (const day of document.querySelectorAll(".month a")) day.tabIndex = day.closest(".is-today") ? 0 : -1;
  if (document.querySelector(".month a") && !document.querySelector('.month [tabindex="0"]')) document.querySelector(".month td:not(.is-outside) a").tabIndex = 0;
  if (!calendar) return;
  const items = [...calendar.querySelectorAll(ITEMS)];
  const stood = items.find((item) => item === document.activeElement) ?? items.find((item) => item.getAttribute("tabindex") === "0");
  for (const item of items) if (item !== stood) item.tabIndex = -1;
  const share = Number(calendar.dataset.now);
  const row = share ? Math.floor(share * rowsOf(calendar.querySelector(".cal-body"), "gs")) : 0;
  const first = stood ?? items.find((item) => rowsOf(item, "gr") >= row) ?? items[0];
  if (first) first.tabIndex = 0;
}

function beside(item, step) {
  const columns = [...item.closest(".cal-body").querySelectorAll(".cal-col")];
  const row = rowsOf(item, "gr");
  for (let at = columns.indexOf(item.closest(".cal-col")) + step; columns[at]; at += step) {
    const items = itemsOf(columns[at]);
    if (!items.length) continue;
    return items.reduce((best, one) => (Math.abs(rowsOf(one, "gr") - row) < Math.abs(rowsOf(best, "gr") - row) ? one : best));
  }
  return null;
}

function walk(item, key) {
  if (key === "ArrowLeft" || key === "ArrowRight") return beside(item, key === "ArrowLeft" ? -1 : 1);
  const items = itemsOf(item.closest(".cal-col"));
  const at = items.indexOf(item);
  return { ArrowDown: items[at + 1], ArrowUp: items[at - 1], Home: items[0], End: items[items.length - 1] }[key];
}

// Shift and the arrows change a visit's length; Enter keeps it, Escape does not.
function lengthen(item, event) {
  const step = event.shiftKey ? { ArrowDown: 1, ArrowUp: -1 }[event.key] : 0;
  if (step && item.hasAttribute("data-v")) {
    if (!changing) { changing = new Resize(item, null); changing.begin(); }
    changing.change(changing.rows + step);
    return true;
  }
  if (!changing) return false;
  if (event.key === "Shift") return true;
  const last = changing;
  changing = null;
  last.end(event.key === "Enter", event);
  return event.key === "Enter" || event.key === "Escape";
}

function walkMonth(day, key) {
  const days = [...day.closest(".month").querySelectorAll("a")];
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[key];
  const at = days.indexOf(day);
  const next = step ? days[at + step] : { Home: days[at - (at % 7)], End: days[at - (at % 7) + 6] }[key];
  if (!next) return false;
  for (const other of days) other.tabIndex = other === next ? 0 : -1;
  next.focus();
  return true;
}

function enter() {
  const jump = document.querySelector("[data-cal-jump]");
  if (jump && jump.offsetParent) { jump.focus(); return true; }
  const item = document.querySelector('.cal [tabindex="0"]:is(.appt, .cal-gap), .month [tabindex="0"]');
  if (item?.matches(".month *")) item.focus();
  else if (item) stand(item, true);
  return Boolean(item);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return false;
  const item = event.target.closest?.(".cal :is(.appt[href], .cal-gap)");
  if (item && lengthen(item, event)) return true;
  if (event.shiftKey && event.key.length > 1) return false;
  if (event.key === "g") return enter();
  const day = event.target.closest?.(".month a");
  if (day) return walkMonth(day, event.key);
  if (!item) return false;
  if (event.key === "v" && item.hasAttribute("data-v")) {
    window.htmx?.ajax("GET", `${item.getAttribute("href")}/move`, { target: "#panel-content", source: item, event });
    return true;
  }
  if (!/^(Arrow|Home$|End$)/.test(event.key)) return false;
  const next = walk(item, event.key);
  if (next) stand(next, true);
  return true;
}

export function startCalendarKeys() {
  document.addEventListener("keydown", (event) => {
    if (!onKey(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("focusin", (event) => {
    const item = event.target.closest?.(".cal :is(.appt[href], .cal-gap)");
    if (item) stand(item);
    if (changing && item !== changing.appointment) { changing.end(false); changing = null; }
  });
}
