"""Whether a line is a visit that can be booked, one that is booked already, or neither."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, select

from clinic.core.db import db
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.imports.kinds.appointments.clashes import (
    Taken,
    line_in_the_way,
    rehearse,
    taken_by_lines,
)
from clinic.imports.kinds.appointments.finding import (
    Directory,
    directory_of,
    find_patient,
    find_practitioner,
    find_room,
    find_service,
)
from clinic.imports.kinds.base import Context
from clinic.imports.kinds.known import brought_in_before, refuse, remark
from clinic.imports.models import ImportRow, Outcome
from clinic.scheduling.models import CLAIMING, Appointment

Found = TypeVar("Found")
Key = tuple[int, int, datetime]


def judge(context: Context, rows: Sequence[ImportRow]) -> None:
    """Set outcome and match of lines without faults: each new one is booked, and undone, to see whether it
    can be. Some ten statements for each line.
    """
    known = brought_in_before(context, "appointments", Appointment, rows)
    directory = directory_of(context, rows)
    fresh: list[ImportRow] = []
    for row in rows:
        row.outcome, row.match = Outcome.NEW, None
        if row.fingerprint in known:
            row.outcome = Outcome.PRESENT
            row.match = {"id": known[row.fingerprint], "known_line": True}
        elif _understand(context, row, directory):
            fresh.append(row)
    booked = _booked_already(context, fresh)
    taken = taken_by_lines(context, fresh) if fresh else []
    for row in fresh:
        wanted = Taken.by(row.number, row.values, row.fingerprint)
        key = (wanted.patient_id, wanted.practitioner_id, wanted.starts)
        twin = next((other for other in taken if other.number < row.number and other.is_same(wanted)), None)
        if key in booked:
            row.outcome, row.match = Outcome.PRESENT, {"id": booked[key]}
        elif twin is not None:
            row.outcome, row.match = Outcome.PRESENT, {"line": twin.number, "known_line": True}
        elif _can_be_booked(context, row, wanted, taken):
            taken.append(wanted)


def _can_be_booked(context: Context, row: ImportRow, wanted: Taken, taken: Sequence[Taken]) -> bool:
    words = line_in_the_way(wanted, taken)
    if words is not None:
        refuse(row, words, row.values["at"])
        return False
    wrong = rehearse(context, row.values)
    if wrong is not None:
        refuse(row, wrong.message, wrong.field)
        return False
    return True


def _understand(context: Context, row: ImportRow, directory: Directory) -> bool:
    """Find out whom and what a line means; say all that is not clear."""
    said = row.values
    patient = _found(row, lambda: find_patient(said, directory))
    practitioner = _found(row, lambda: find_practitioner(said, directory))
    service = _found(row, lambda: find_service(said, directory))
    try:
        room = find_room(said, directory)
    except Invalid as wrong:
        room = None
        if "room" in context.lenient:
            remark(row, "room", _("Left out: “%(words)s”.", words=said["room"]))
        else:
            refuse(row, wrong.message, wrong.field)
    if patient is None or practitioner is None or service is None or row.outcome == Outcome.REFUSED:
        return False
    row.values = {
        **said,
        "patient_id": patient.id,
        "practitioner_id": practitioner.id,
        "service_id": service.id,
        "room_id": room.id if room else None,
        "lasts": service.minutes,
        "means": [f"{patient.name}, {patient.mrn}", practitioner.name, service.name],
    }
    if said.get("minutes") not in (None, service.minutes):
        remark(
            row,
            "minutes",
            _(
                "%(service)s takes %(num)d minutes; the file says %(said)d.",
                service=service.name,
                num=service.minutes,
                said=said["minutes"],
            ),
        )
    return True


def _found(row: ImportRow, find: Callable[[], Found]) -> Found | None:
    try:
        return find()
    except Invalid as wrong:
        refuse(row, wrong.message, wrong.field)
        return None


def _booked_already(context: Context, rows: Sequence[ImportRow]) -> dict[Key, int]:
    """The visits that are booked just so. One statement."""
    if not rows:
        return {}
    starts: Any = func.lower(Appointment.during)
    found = db.session.execute(
        select(Appointment.patient_id, Appointment.practitioner_id, starts, Appointment.id).where(
            Appointment.facility_id == context.facility.id,
            Appointment.status.in_(CLAIMING),
            starts.in_({datetime.fromisoformat(row.values["starts"]) for row in rows}),
        )
    )
    return {(patient, practitioner, at): visit for patient, practitioner, at, visit in found}
