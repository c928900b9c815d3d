// Moving an appointment by mouse or pen: it lifts, a dotted thread leads from where it was, and letting go opens the
// Move panel with that time filled in. Nothing is changed here; the same panel opens from a link for everybody else.
import { findAll } from "./find.js";

const THRESHOLD = 6;
const EDGE = 48;
const SVG = "http://www.w3.org/2000/svg";

function clock(minutes) {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

function rowsOf(element, prefix) {
  const name = [...element.classList].find((word) => new RegExp(`^${prefix}\\d+$`).test(word));
  return name ? Number(name.slice(2)) : 0;
}

class Drag {
  constructor(appointment, event) {
    this.appointment = appointment;
    this.calendar = appointment.closest(".cal");
    this.body = appointment.closest(".cal-body");
    this.scroll = appointment.closest(".cal-scroll");
    this.first = Number(this.calendar.dataset.first) || 0;
    this.snap = Number(this.calendar.dataset.snap) || 3;
    this.length = rowsOf(appointment, "gs");
    this.start = { x: event.clientX, y: event.clientY };
    const box = appointment.getBoundingClientRect();
    this.grip = { x: event.clientX - box.left, y: event.clientY - box.top };
    this.lifted = null;
  }

  lift() {
    const { width, height } = this.appointment.getBoundingClientRect();
    this.lifted = this.appointment.cloneNode(true);
    this.lifted.className = `${this.appointment.className} is-lifted`;
    this.lifted.removeAttribute("href");
    this.lifted.removeAttribute("id");
    this.lifted.style.cssText = "";
    this.lifted.style.width = `${width}px`;
    this.lifted.style.height = `${Math.max(height, 36)}px`;
    this.says = this.lifted.querySelector("span:not(.appt-icons)") ?? this.lifted.appendChild(document.createElement("span"));
    this.drop = document.createElement("div");
    this.thread = document.createElementNS(SVG, "svg");
    this.thread.setAttribute("class", "drag-thread");
    this.path = this.thread.appendChild(document.createElementNS(SVG, "path"));
    this.body.append(this.thread, this.lifted);
    this.appointment.classList.add("is-origin");
    document.documentElement.classList.add("is-dragging");
  }

  move(event) {
    if (!this.lifted) {
      if (Math.hypot(event.clientX - this.start.x, event.clientY - this.start.y) < THRESHOLD) return;
      this.lift();
    }
    this.nudge(event);
    const frame = this.body.getBoundingClientRect();
    const left = event.clientX - frame.left - this.grip.x;
    const top = event.clientY - frame.top - this.grip.y;
    this.lifted.style.left = `${left}px`;
    this.lifted.style.top = `${top}px`;
    this.column = [...this.body.querySelectorAll(".cal-col")].find((column) => {
      const box = column.getBoundingClientRect();
      return event.clientX >= box.left && event.clientX < box.right;
    });
    const whole = rowsOf(this.body, "gs");
    const row = Math.round((top / frame.height) * whole / this.snap) * this.snap;
    this.row = Math.max(0, Math.min(whole - this.length, row));
    if (this.column) {
      this.drop.className = `cal-drop gr${this.row} gs${this.length}${this.taken() ? " is-refused" : ""}`;
      this.column.append(this.drop);
      this.says.textContent = [clock(this.first + this.row * 5), this.column.dataset.name].filter(Boolean).join(" ");
    } else {
      this.drop.remove();
    }
    this.draw(left, top, frame);
  }

  // Overlaps as drawn; the server has the last word and offers others.
  taken() {
    return [...this.column.querySelectorAll(".appt, .cal-off")].some((other) => {
      if (other === this.appointment || other === this.lifted) return false;
      const from = rowsOf(other, "gr");
      return from < this.row + this.length && this.row < from + rowsOf(other, "gs");
    });
  }

  draw(left, top, frame) {
    const origin = this.appointment.getBoundingClientRect();
    const x = origin.left - frame.left + origin.width / 2;
    const below = top > origin.top - frame.top;
    const y = (below ? origin.bottom : origin.top) - frame.top;
    const endY = top + 18;
    this.path.setAttribute("d", `M${x} ${y}C${x} ${(y + endY) / 2} ${(x + left) / 2} ${endY} ${left} ${endY}`);
  }

  nudge(event) {
    const box = this.scroll.getBoundingClientRect();
    const step = (at, low, high) => (at < low + EDGE ? -12 : at > high - EDGE ? 12 : 0);
    this.scroll.scrollBy(step(event.clientX, box.left + 64, box.right), step(event.clientY, box.top + 48, box.bottom));
  }

  end(kept) {
    const target = kept && this.lifted && this.column ? this.address() : null;
    this.lifted?.remove();
    this.drop?.remove();
    this.thread?.remove();
    this.appointment.classList.remove("is-origin");
    document.documentElement.classList.remove("is-dragging");
    if (!target) return;
    if (window.htmx) window.htmx.ajax("GET", target, { target: "#panel-content", source: this.appointment });
    else location.assign(target);
  }

  address() {
    const url = new URL(this.appointment.dataset.moveUrl, location.href);
    url.searchParams.set("time", clock(this.first + this.row * 5));
    for (const name of ["day", "practitioner", "room"]) {
      const value = this.column.dataset[name] ?? this.calendar.dataset[name];
      if (value) url.searchParams.set(name, value);
    }
    return url.pathname + url.search;
  }
}

export function startCalendar(root) {
  if (!findAll(root, ".cal[data-drag]").length || document.documentElement.dataset.calendar) return;
  document.documentElement.dataset.calendar = "yes";
  let drag = null;
  let justDropped = false;
  document.addEventListener("pointerdown", (event) => {
    const appointment = event.target.closest?.(".cal[data-drag] .appt[data-move-url]");
    if (!appointment || event.button !== 0 || event.pointerType === "touch") return;
    drag = new Drag(appointment, event);
  });
  document.addEventListener("pointermove", (event) => { if (drag) drag.move(event); });
  document.addEventListener("pointerup", () => {
    if (!drag) return;
    justDropped = Boolean(drag.lifted);
    drag.end(true);
    drag = null;
    setTimeout(() => { justDropped = false; });
  });
  document.addEventListener("pointercancel", () => { drag?.end(false); drag = null; });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && drag?.lifted) { drag.end(false); drag = null; justDropped = true; } });
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".appt[data-move-url]")) event.preventDefault(); });
  document.addEventListener("click", (event) => {
    if (!justDropped) return;
    justDropped = false;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}
