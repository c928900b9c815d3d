// The calendar: moving and resizing by mouse, pen and finger, walking by keyboard, refreshing in place, finding a column.
import { startDrag } from "./calendar-drag.js";
import { startCalendarKeys, rove } from "./calendar-keys.js";
import { startJump } from "./calendar-jump.js";
import { startRefresh } from "./calendar-refresh.js";

export function startCalendar() {
  rove();
  startJump();
  if (document.documentElement.dataset.calendar) return;
  document.documentElement.dataset.calendar = "yes";
  startRefresh();
  startDrag();
  startCalendarKeys();
}
