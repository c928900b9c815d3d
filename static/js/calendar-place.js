// Where things stand in the grid: rows of five minutes (gr<N>, gs<N>), columns, and words for them.
import { showToast } from "./toast.js";

export const GUTTER = 64;

export function clock(minutes) {
  const within = ((minutes % 1440) + 1440) % 1440;
  return `${String(Math.floor(within / 60)).padStart(2, "0")}:${String(within % 60).padStart(2, "0")}`;
}

export function rowsOf(element, prefix) {
  const found = new RegExp(`(?:^| )${prefix}(\\d+)(?: |$)`).exec(element.className.baseVal ?? element.className);
  return found ? Number(found[1]) : 0;
}

export function say(text) {
  const region = document.getElementById("cal-says");
  if (region && text) region.textContent = text;
}

export function words() {
  return document.getElementById("cal-says")?.dataset ?? {};
}

// What of a column is in the way of so many rows from one on. The server has the last word and offers others.
export function inTheWay(column, row, rows, besides) {
  return [...column.querySelectorAll(".appt, .cal-off")].some((other) => {
    if (other === besides || other.classList.contains("is-lifted") || other.classList.contains("is-no_show")) return false;
    const from = rowsOf(other, "gr");
    return from < row + rows && row < from + rowsOf(other, "gs");
  });
}

// Posts a change; the answer puts an undo into the notices, or opens the panel with other times.
export async function post(url, values, appointment, { event, waiting } = {}) {
  if (!window.htmx) return;
  const failed = () => { const said = document.getElementById("network-words")?.dataset; showToast(said?.wrong, "danger"); };
  const failures = ["htmx:responseError", "htmx:sendError", "htmx:timeout"];
  for (const name of failures) appointment.addEventListener(name, failed);
  appointment.classList.add("is-origin");
  document.documentElement.dataset.calendarFocus = appointment.id;
  try {
    await window.htmx.ajax("POST", url, { target: "#panel-content", swap: "innerHTML", source: appointment, event, values });
  } finally {
    for (const name of failures) appointment.removeEventListener(name, failed);
    waiting?.remove();
    appointment.classList.remove("is-origin");
  }
}
