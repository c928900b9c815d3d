"""Everything that was, is and will be told about one visit, and what was never planned, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.notifications import policy
from clinic.notifications.models import OPEN, Message
from clinic.notifications.queries import label_of
from clinic.patients.queries.ways import Ways, ways_to
from clinic.scheduling.models import Appointment, AppointmentEvent, AppointmentStatus
from clinic.scheduling.patient_messages import REMINDERS, SUBJECT, about

MOST = 200
_TIMED = ("booked", "confirmed", "moved")
"""What makes reminders be planned: a booking, a confirmation, a move."""


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
    """One message of a visit, or one that was not planned (``message`` None, and ``reason`` says why)."""

    label: str
    at: datetime
    message: Message | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """A visit's messages: ``next`` still to go, the soonest first; ``past`` those that ended, the newest
    first; ``unplanned`` reminders of the visit as it stands that nobody will get.
    """

    next: Sequence[LedgerLine]
    past: Sequence[LedgerLine]
    unplanned: Sequence[LedgerLine]


def ledger_of(actor: Actor, visit: Appointment, events: Sequence[AppointmentEvent]) -> Ledger:
    """What the person may know of a visit's messages; ``events`` are the visit's history, in order."""
    rows = list(
        db.session.scalars(
            select(Message)
            .where(Message.subject_type == SUBJECT, Message.subject_id == visit.id)
            .order_by(Message.send_at.desc(), Message.id.desc())
            .limit(MOST)
        )
    )
    lines = [
        LedgerLine(label=label_of(row.kind), at=_when(row), message=row)
        for row in rows
        if row.recipient_type != policy.STAFF_RECIPIENT or policy.sees_all(actor)
    ]
    waiting = [line for line in lines if line.message is not None and line.message.status in OPEN]
    ended = [line for line in lines if line.message is not None and line.message.status not in OPEN]
    keys = {row.dedupe_key for row in rows}
    return Ledger(
        next=sorted(waiting, key=lambda line: line.at),
        past=sorted(ended, key=lambda line: line.at, reverse=True),
        unplanned=_unplanned(visit, keys, events),
    )


def _when(message: Message) -> datetime:
    if message.status in OPEN:
        return message.next_try_at
    return message.handed_at or message.finished_at or message.send_at


def _unplanned(visit: Appointment, keys: set[str], events: Sequence[AppointmentEvent]) -> list[LedgerLine]:
    """The reminders of the visit's present start that were never written."""
    missing = [
        (kind, visit.starts - before)
        for kind, before in REMINDERS.items()
        if not any(key.startswith(f"reminder{about(visit)}{kind.removeprefix('reminder_')}") for key in keys)
    ]
    if not missing:
        return []
    ways = ways_to(visit.patient)
    return [
        LedgerLine(label=label_of(kind), at=due, reason=_why(visit, kind, due, ways, events))
        for kind, due in missing
    ]


def _why(  # noqa: PLR0911 - one line for each
    visit: Appointment, kind: str, due: datetime, ways: Ways, events: Sequence[AppointmentEvent]
) -> str:
    if visit.patient.deceased:
        return _("The patient has died.")
    if visit.status == AppointmentStatus.PENDING:
        return _("It is planned once the visit is confirmed.")
    made = next((event for event in reversed(events) if event.kind in _TIMED), None)
    if made is not None and due <= made.at:
        return _too_late(visit, made)
    if visit.status != AppointmentStatus.CONFIRMED and visit.starts > clock.now():
        return _("The visit does not take place.")
    if not ways.channels:
        return _("There is no number or e-mail address to send it to.")
    if not ways.with_one_sure(kind):
        return _("The patient wants no such messages.")
    return _("There was no way to reach the patient when it would have been planned.")


def _too_late(visit: Appointment, made: AppointmentEvent) -> str:
    """``The visit was booked 1 hour before it starts.``"""
    span = how_long(round((visit.starts - made.at).total_seconds() / 60))
    if made.at >= visit.starts:
        return _("The visit was written down after it had begun.")
    match made.kind:
        case "moved":
            return _("The visit was moved to this time %(span)s before it starts.", span=span)
        case "confirmed":
            return _("The visit was confirmed %(span)s before it starts.", span=span)
        case _:
            return _("The visit was booked %(span)s before it starts.", span=span)


def how_long(minutes: int) -> str:
    """A stretch of time in its largest unit: ``40 minutes``, ``5 hours``."""
    if minutes < 60:
        return ngettext("%(num)s minute", "%(num)s minutes", max(1, minutes))
    return ngettext("%(num)s hour", "%(num)s hours", round(minutes / 60))
