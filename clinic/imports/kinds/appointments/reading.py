"""What one line of a diary says about a visit to come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any, NamedTuple

from clinic.core import clock
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.imports import values
from clinic.imports.kinds.base import Context, Reader, Reading
from clinic.imports.values.blank import word
from clinic.scheduling.models import AppointmentStatus
from clinic.scheduling.service.rules import LATE_ENTRY

LONGEST_NAME, LONGEST_NUMBER, LONGEST_REASON = 200, 60, 500
_STATUSES = {
    AppointmentStatus.CONFIRMED: (
        "confirmed", "scheduled", "booked", "active", "new", "open",
        "planned", "reserved", "upcoming", "rescheduled", "पुष्ट", "निर्धारित", "बुक", "तय",
    ),
    AppointmentStatus.PENDING: (
        "pending", "requested", "request", "waiting", "unconfirmed", "not confirmed",
        "tentative", "to be confirmed", "लंबित", "प्रतीक्षा", "प्रतीक्षा में",
    ),
    AppointmentStatus.CANCELLED: (
        "cancelled", "canceled", "cancel", "cancelled by patient", "रद्द", "निरस्त",
    ),
    AppointmentStatus.REJECTED: ("rejected", "declined", "अस्वीकृत"),
    AppointmentStatus.NO_SHOW: (
        "no show", "no-show", "noshow", "no_show", "did not come", "absent", "नहीं आए",
    ),
    AppointmentStatus.COMPLETED: (
        "completed", "done", "closed", "checked out", "finished", "seen", "billed", "पूर्ण", "हो गया",
    ),
    AppointmentStatus.ARRIVED: ("arrived", "checked in", "in progress", "in_progress", "started"),
}  # fmt: skip
_STATUS_OF = {word(name): status for status, names in _STATUSES.items() for name in names}
_MODES = {
    "in_person": (
        "in person", "in_person", "in-person", "clinic", "in clinic", "at clinic", "offline", "opd",
        "walk in", "walk-in", "visit", "physical", "face to face", "क्लिनिक", "प्रत्यक्ष",
    ),
    "online": (
        "online", "video", "video call", "tele", "teleconsult", "teleconsultation", "telemedicine",
        "phone", "virtual", "remote", "zoom", "google meet", "ऑनलाइन", "वीडियो",
    ),
}  # fmt: skip
_MODE_OF = {word(name): mode for mode, names in _MODES.items() for name in names}
_UNTIL = re.compile(r"\s*(?:[-\u2013\u2014]|\bto\b|से)\s*")


class _Wall(NamedTuple):
    """A day and a time on the clinic's clocks, and the field that says the time."""

    day: date
    time: time
    field: str


def read_visit(cells: Mapping[str, str], context: Context) -> Reading:
    """Read a line: what is wrong stands beside its field. Whom it is about is looked up later."""
    reader = Reader(cells, context)
    phones = reader.take("mobile", values.read_phones)
    wall = _wall(reader)
    status = _status(reader)
    said: dict[str, Any] = {
        "patient": reader.line("patient", LONGEST_NAME),
        "number": reader.line("patient_number", LONGEST_NUMBER),
        "file_number": reader.line("file_number", LONGEST_NUMBER),
        "mobile": phones.mobile if phones else None,
        "minutes": reader.take("minutes", values.read_minutes),
        "practitioner": reader.line("practitioner", LONGEST_NAME),
        "service": reader.line("service", LONGEST_NAME),
        "room": reader.line("room", LONGEST_NAME),
        "mode": reader.take("mode", _read_mode) or "in_person",
        "reason": _reason(reader),
        "status": str(status),
    }
    if wall is not None:
        starts = clock.at(wall.day, wall.time, context.facility.zone)
        said |= {"day": wall.day.isoformat(), "time": f"{wall.time:%H:%M}", "at": wall.field}
        said["starts"] = starts.isoformat()
        if starts < clock.now() - LATE_ENTRY:
            reader.refuse(wall.field, _("This time has passed."))
    reading = reader.reading
    reading.values = said
    reading.name = said.get("day")
    return reading


def _wall(reader: Reader) -> _Wall | None:
    """When it is, from a column with both or from one for each."""
    context = reader.context
    latest = date(context.today.year + 2, 12, 31)
    moment = reader.take(
        "moment", lambda cell: values.read_moment(cell, context.order, context.today, field="moment")
    )
    if moment is not None:
        return _Wall(*moment, "moment")
    if not values.is_blank(reader.text("time")) or values.is_blank(reader.text("date")):
        day = reader.take(
            "date",
            lambda cell: values.read_day(
                cell, order=context.order, today=context.today, field="date", latest=latest
            ),
        )
        at = reader.take("time", _read_time)
        if day is not None and at is not None:
            return _Wall(day.value, at, "time")
        _say_what_is_missing(reader, "date" if day is None else "time")
        return None
    both = reader.take(
        "date", lambda cell: values.read_moment(cell, context.order, context.today, field="date")
    )
    return _Wall(*both, "date") if both else None


def _say_what_is_missing(reader: Reader, field: str) -> None:
    if {fault["field"] for fault in reader.reading.faults}.isdisjoint(("moment", "date", "time")):
        words = {"date": _("There is no date on this line."), "time": _("There is no time on this line.")}
        reader.refuse(field, words[field])


def _read_time(text: str) -> time | None:
    """A time of day; of ``10:30 - 11:00`` the first."""
    try:
        return values.read_time(text)
    except Invalid:
        first = _UNTIL.split(text, maxsplit=1)[0]
        if first == text or not first:
            raise
        return values.read_time(first)


def _read_mode(text: str) -> str | None:
    if values.is_blank(text):
        return None
    mode = _MODE_OF.get(word(text).strip(" .")) if len(text) <= 40 else None
    if mode is None:
        raise Invalid(_("Write in person or online."), field="mode")
    return mode


def _status(reader: Reader) -> AppointmentStatus:
    """What is agreed is confirmed. A visit that is over or called off is no visit to come, whatever may be
    left out.
    """
    text = reader.text("status")
    if values.is_blank(text):
        return AppointmentStatus.CONFIRMED
    status = _STATUS_OF.get(word(text).strip(" .")) if len(text) <= 40 else None
    if status is None:
        reader.refuse("status", _("Write scheduled, confirmed, pending or cancelled."))
        return AppointmentStatus.CONFIRMED
    if status not in (AppointmentStatus.CONFIRMED, AppointmentStatus.PENDING):
        reader.reading.faults.append({"field": "status", "message": _ended_words(status)})
    return status


def _ended_words(status: AppointmentStatus) -> str:
    if status in (AppointmentStatus.CANCELLED, AppointmentStatus.REJECTED):
        return _("This visit was cancelled.")
    return _("This visit has taken place, or should have.")


def _reason(reader: Reader) -> str | None:
    text = reader.text("reason")
    if values.is_blank(text):
        return None
    if len(text) > LONGEST_REASON:
        reader.refuse("reason", _("At most %(max)d characters.", max=LONGEST_REASON))
        return None
    return text
