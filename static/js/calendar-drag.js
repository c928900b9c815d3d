// Moving a visit: it lifts, a dotted thread leads from where it was, and letting go asks the clinic for that time.
// The mouse lifts by moving; a finger or pen by resting on the visit, so that the page can still be scrolled.
import { clock, GUTTER, inTheWay, post, rowsOf, say, words } from "./calendar-place.js";
import { Resize } from "./calendar-resize.js";
import { letRefresh } from "./calendar-refresh.js";

const THRESHOLD = 6;
const SLIP = 10;
const REST = 300;
const EDGE = 56;
const GRIP = 8;
const SVG = "http://www.w3.org/2000/svg";

class Drag {
  constructor(appointment, event) {
    this.appointment = appointment;
    this.calendar = appointment.closest(".cal");
    this.body = appointment.closest(".cal-body");
    this.scroll = appointment.closest(".cal-scroll");
    this.home = appointment.closest(".cal-col");
    this.first = Number(this.calendar.dataset.first) || 0;
    this.length = rowsOf(appointment, "gs");
    this.whole = rowsOf(this.body, "gs");
    // In a room's column another room cannot be chosen, nor another therapist for who only helps.
    this.stays = appointment.hasAttribute("data-fixed") || (!this.home.dataset.practitioner && !this.home.dataset.day);
    this.at = { x: event.clientX, y: event.clientY };
    const box = appointment.getBoundingClientRect();
    this.grip = { x: event.clientX - box.left, y: event.clientY - box.top };
    this.lifted = null;
  }

  begin() {
    const { width, height } = this.appointment.getBoundingClientRect();
    this.lifted = this.appointment.cloneNode(true);
    this.lifted.className = `${this.appointment.className} is-lifted`;
    for (const name of ["href", "id", "tabindex"]) this.lifted.removeAttribute(name);
    this.lifted.setAttribute("aria-hidden", "true");
    this.lifted.style.width = `${width}px`;
    this.lifted.style.height = `${Math.max(height, 46)}px`;
    this.says = this.lifted.querySelector("span:not(.appt-icons)");
    this.drop = document.createElement("div");
    this.thread = document.createElementNS(SVG, "svg");
    this.thread.setAttribute("class", "drag-thread");
    this.path = this.thread.appendChild(document.createElementNS(SVG, "path"));
    this.body.append(this.thread, this.lifted);
    this.appointment.classList.add("is-origin");
    document.documentElement.classList.add("is-dragging");
    say(words().moving);
    this.place();
    const step = () => { if (this.lifted) { this.nudge(); this.frame = requestAnimationFrame(step); } };
    this.frame = requestAnimationFrame(step);
  }

  move(event) {
    this.at = { x: event.clientX, y: event.clientY };
    this.place();
  }

  place() {
    const frame = this.body.getBoundingClientRect();
    const left = this.at.x - frame.left - this.grip.x;
    const top = this.at.y - frame.top - this.grip.y;
    this.lifted.style.left = `${left}px`;
    this.lifted.style.top = `${top}px`;
    this.column = this.stays ? this.home : this.columnAt(this.at.x) ?? this.column;
    this.row = Math.max(0, Math.min(this.whole - this.length, Math.round((top / frame.height) * this.whole)));
    if (this.column) {
      const taken = inTheWay(this.column, this.row, this.length, this.appointment);
      this.drop.className = `cal-drop gr${this.row} gs${this.length}${taken ? " is-refused" : ""}`;
      if (this.drop.parentNode !== this.column) this.column.append(this.drop);
      const from = this.first + this.row * 5;
      this.says.textContent = `${clock(from)}–${clock(from + this.length * 5)} ${this.column.dataset.name ?? ""}`;
    }
    this.draw(left, top, frame);
  }

  columnAt(x) {
    return [...this.body.querySelectorAll(".cal-col")].find((column) => {
      const box = column.getBoundingClientRect();
      return x >= box.left && x < box.right;
    });
  }

  draw(left, top, frame) {
    const origin = this.appointment.getBoundingClientRect();
    const x = origin.left - frame.left + origin.width / 2;
    const y = (top > origin.top - frame.top ? origin.bottom : origin.top) - frame.top;
    const endY = top + 18;
    this.path.setAttribute("d", `M${x} ${y}C${x} ${(y + endY) / 2} ${(x + left) / 2} ${endY} ${left} ${endY}`);
  }

  // Near an edge the calendar scrolls by itself, the faster the nearer.
  nudge() {
    const box = this.scroll.getBoundingClientRect();
    const step = (at, low, high) => {
      if (at < low + EDGE) return -Math.ceil((low + EDGE - Math.max(at, low)) / 4);
      return at > high - EDGE ? Math.ceil((Math.min(at, high) - high + EDGE) / 4) : 0;
    };
    const x = this.stays ? 0 : step(this.at.x, box.left + GUTTER, box.right);
    const y = step(this.at.y, box.top + 48, Math.min(box.bottom, innerHeight));
    if (!x && !y) return;
    this.scroll.scrollBy({ left: x, top: y, behavior: "instant" });
    this.place();
  }

  end(kept, event) {
    if (!this.lifted) return;
    cancelAnimationFrame(this.frame);
    const moved = this.column !== this.home || this.row !== rowsOf(this.appointment, "gr");
    this.lifted.remove();
    this.thread.remove();
    this.lifted = null;
    document.documentElement.classList.remove("is-dragging");
    this.appointment.classList.remove("is-origin");
    if (!kept || !moved || !this.column) {
      this.drop.remove();
      say(words().back);
      letRefresh();
      return;
    }
    post(`${this.appointment.getAttribute("href")}/move`, this.values(), this.appointment, { event, waiting: this.drop }).then(letRefresh);
  }

  values() {
    const day = this.column.dataset.day ?? this.calendar.dataset.day;
    return {
      action: "move",
      slot: "any",
      any_day: day,
      any_time: clock(this.first + this.row * 5),
      from_day: day,
      practitioner: (this.stays ? this.appointment.dataset.lead : this.column.dataset.practitioner) ?? "",
      version: this.appointment.dataset.v,
      tell: "1",
    };
  }
}

let held = null;
let timer = 0;

function isBusy() {
  return Boolean(held?.lifted);
}

function letGo(kept, event) {
  clearTimeout(timer);
  held?.end(kept, event);
  held = null;
}

function onGrip(appointment, event) {
  const box = appointment.getBoundingClientRect();
  const zone = Math.min(event.pointerType === "mouse" ? GRIP : 16, box.height * 0.3);
  return event.clientY > box.bottom - zone;
}

export function startDrag() {
  let justDropped = false;
  document.addEventListener("pointerdown", (event) => {
    const appointment = event.target.closest?.(".cal[data-drag] .appt[data-v]");
    if (!appointment || event.button !== 0 || !event.isPrimary || held) return;
    held = onGrip(appointment, event) ? new Resize(appointment, event) : new Drag(appointment, event);
    if (event.pointerType === "mouse") return;
    timer = setTimeout(() => {
      if (!held) return;
      navigator.vibrate?.(12);
      held.begin();
    }, REST);
  });
  document.addEventListener("pointermove", (event) => {
    if (!held || !event.isPrimary) return;
    if (!held.lifted) {
      const far = Math.hypot(event.clientX - held.at.x, event.clientY - held.at.y);
      if (event.pointerType !== "mouse") { if (far > SLIP) letGo(false); return; }
      if (far < THRESHOLD) return;
      held.begin();
    }
    held.move(event);
  });
  document.addEventListener("pointerup", (event) => {
    if (!held || !event.isPrimary) return;
    justDropped = isBusy();
    letGo(true, event);
    setTimeout(() => { justDropped = false; });
  });
  document.addEventListener("pointercancel", () => letGo(false));
  // While a visit is held the finger moves it and not the page; and a long press opens no menu.
  document.addEventListener("touchmove", (event) => { if (isBusy() && event.cancelable) event.preventDefault(); }, { passive: false });
  document.addEventListener("contextmenu", (event) => { if (held && event.target.closest?.(".appt[data-v]")) event.preventDefault(); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isBusy()) return;
    event.preventDefault();
    event.stopPropagation();
    letGo(false);
    justDropped = true;
  }, true);
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".appt[data-v]")) event.preventDefault(); });
  document.addEventListener("click", (event) => {
    if (!justDropped) return;
    justDropped = false;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}
