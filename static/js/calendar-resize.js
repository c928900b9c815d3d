// Changing the length of a visit at its lower edge, in steps of five minutes.
import { clock, inTheWay, post, rowsOf, say, words } from "./calendar-place.js";
import { letRefresh } from "./calendar-refresh.js";

const MOST = 144;

export class Resize {
  constructor(appointment, event) {
    this.appointment = appointment;
    this.calendar = appointment.closest(".cal");
    this.column = appointment.closest(".cal-col");
    this.body = appointment.closest(".cal-body");
    this.first = Number(this.calendar.dataset.first) || 0;
    this.row = rowsOf(appointment, "gr");
    this.length = rowsOf(appointment, "gs");
    this.rows = this.length;
    this.at = event ? { x: event.clientX, y: event.clientY } : null;
    this.lifted = null;
  }

  begin() {
    this.lifted = document.createElement("span");
    this.lifted.className = "appt-length";
    this.appointment.append(this.lifted);
    this.appointment.classList.add("is-resizing");
    document.documentElement.classList.add("is-resizing-now");
    say(words().resizing);
    this.show();
  }

  move(event) {
    const frame = this.body.getBoundingClientRect();
    const whole = rowsOf(this.body, "gs");
    this.change(Math.round(((event.clientY - frame.top) / frame.height) * whole) - this.row);
  }

  change(rows) {
    this.rows = Math.max(1, Math.min(MOST, rowsOf(this.body, "gs") - this.row, rows));
    this.show();
  }

  show() {
    this.appointment.style.setProperty("--rs", this.rows);
    const until = clock(this.first + (this.row + this.rows) * 5);
    const text = `${until} · ${this.rows * 5} ${words().minutes ?? ""}`;
    if (this.lifted.textContent === text) return;
    this.lifted.textContent = text;
    this.appointment.classList.toggle("is-refused", inTheWay(this.column, this.row, this.rows, this.appointment));
    if (!this.at) say(text);
  }

  end(kept, event) {
    if (!this.lifted) return;
    this.lifted.remove();
    this.lifted = null;
    document.documentElement.classList.remove("is-resizing-now");
    const leave = () => {
      this.appointment.style.removeProperty("--rs");
      this.appointment.classList.remove("is-resizing", "is-refused");
    };
    if (!kept || this.rows === this.length) {
      leave();
      say(words().back);
      letRefresh();
      return;
    }
    const values = { minutes: this.rows * 5, version: this.appointment.dataset.v, tell: "1" };
    post(`${this.appointment.getAttribute("href")}/length`, values, this.appointment, { event }).then(() => { leave(); letRefresh(); });
  }
}
