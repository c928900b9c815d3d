"""Lines of a diary into the calendar, and out again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.db import Base, db
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_moment
from clinic.core.references import referring_to
from clinic.imports.kinds.appointments.clashes import booking_of, in_the_way
from clinic.imports.kinds.base import Context, Touched
from clinic.imports.kinds.known import added_by, by_itself, records_of_lines, refuse, target_of
from clinic.imports.models import ImportRow
from clinic.scheduling.models import Appointment
from clinic.scheduling.service import book, cancel

OWN = ("allocations", "appointment_events")
"""Tables in which a booking itself leaves rows about a visit."""
MOST_SHOWN = 20


def write_rows(context: Context, rows: Sequence[ImportRow]) -> None:
    """Book the lines one by one; one that clashes by now is refused, the others stay."""
    lines = records_of_lines(context, rows)
    made: dict[int, int | None] = {}
    for row in rows:
        target = target_of(row, lines)
        if target is None:
            with by_itself(row):
                _book(context, row)
        else:
            _join(row, made.get(-target) if target < 0 else target)
        made[row.number] = row.record_id


def worked_on(context: Context) -> list[Touched]:
    """Up to 20 visits that were moved, came about, were called off, or written about since. One statement."""
    reasons: list[ColumnElement[bool]] = [ImportRow.version_after != Appointment.version]
    named = referring_to(Base.metadata.tables["appointments"], added_by(context), but=OWN)
    if named is not None:
        reasons.append(Appointment.id.in_(named))
    rows = db.session.scalars(
        select(Appointment)
        .join(ImportRow, ImportRow.record_id == Appointment.id)
        .where(ImportRow.import_id == context.import_id, ImportRow.added, or_(*reasons))
        .options(joinedload(Appointment.patient))
        .order_by(Appointment.id)
        .limit(MOST_SHOWN)
    )
    return [
        Touched(
            record_id=visit.id,
            name=f"{visit.patient.name}, {show_moment(visit.starts, context.facility.zone)}",
            url=("scheduling.show", {"reference": visit.reference}),
        )
        for visit in rows
    ]


def undo(context: Context) -> int:
    """Call the visits off without a word to anybody; how many. Their history stays, as every history does."""
    written = db.session.execute(
        select(ImportRow.record_id, ImportRow.version_after)
        .where(ImportRow.import_id == context.import_id, ImportRow.added)
        .order_by(ImportRow.number)
    ).all()
    for record_id, version in written:
        visit = db.session.get_one(Appointment, record_id)
        cancel(context.actor, visit, _("Import taken back"), tell=False, undo=False, expected_version=version)
    return len(written)


def _book(context: Context, row: ImportRow) -> None:
    try:
        visit = book(context.actor, booking_of(context, row.values))
    except DomainError as wrong:
        raise in_the_way(context, row.values, wrong) from wrong
    row.record_id, row.added, row.written_at = visit.id, True, clock.now()
    row.version_after = visit.version


def _join(row: ImportRow, visit_id: int | None) -> None:
    """A line about a visit that is booked already brings nothing of its own."""
    if visit_id is None:
        refuse(row, _("The line it belongs to was not brought in."))
    else:
        row.record_id, row.written_at = visit_id, clock.now()
