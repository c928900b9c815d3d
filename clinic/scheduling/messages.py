"""Who is told about visits: patient, practitioner and clinic, each change once and only while it is true.

The service calls these functions in the transaction of the change, after writing the visit's history. Each
message names the visit's start in its ``dedupe_key``, and is compared with the visit as it is just before it
goes out: what is stale stays here. Practitioner and clinic hear no sooner than the patient.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from clinic.notifications import service as notifications
from clinic.notifications.queries import Told, last_told
from clinic.notifications.service import NewMessage
from clinic.notifications.wording import Why
from clinic.patients.queries.ways import Ways, ways_to
from clinic.scheduling import patient_messages, staff_messages
from clinic.scheduling.models import Appointment, AppointmentStatus
from clinic.scheduling.patient_messages import CHANGES, ENDED, REMINDERS, SUBJECT, about, reminders
from clinic.scheduling.queries.changes import last_change

_GRACE = timedelta(seconds=3)
"""An undo sent in the last second still has to arrive before the message goes."""
_ENDED_KINDS = (*(f"appointment_{event}" for event in ENDED.values()), *staff_messages.ENDED_KINDS)
_MOVED_KINDS = ("appointment_moved", *staff_messages.MOVED_KINDS)


def booked(appointment: Appointment, *, tell: bool) -> None:
    """A visit was booked: say so, and plan its reminders (once confirmed, if it waits for the clinic's
    word).

    ``tell`` is about the patient, here and below; practitioner and clinic have chosen for themselves.
    """
    ways = ways_to(appointment.patient)
    news = _news("booked", appointment, tell=tell, ways=ways)
    notifications.queue_messages([*news, *reminders(appointment, ways=ways)])


def confirmed(appointment: Appointment, *, tell: bool) -> None:
    """A visit that waited for the clinic's word takes place."""
    _withdraw(appointment, why=Why.REPLACED)
    ways = ways_to(appointment.patient)
    news = _news("confirmed", appointment, tell=tell, ways=ways)
    notifications.queue_messages([*news, *reminders(appointment, ways=ways)])


def moved(appointment: Appointment, *, old_start: datetime, tell: bool, undo_until: datetime) -> None:
    """A visit has another time, or practitioner: what was said before and is not out yet stays here.

    They hear it once it can no longer be undone.
    """
    _withdraw(appointment)
    ways = ways_to(appointment.patient)
    news = _news("moved", appointment, tell=tell, send_at=undo_until + _GRACE, old_start=old_start, ways=ways)
    notifications.queue_messages([*news, *reminders(appointment, ways=ways)])


def ended(appointment: Appointment, *, tell: bool, undo_until: datetime | None = None) -> None:
    """A visit will not take place, or its patient did not come."""
    _withdraw(appointment)
    if appointment.status not in ENDED:
        return
    send_at = undo_until + _GRACE if undo_until else None
    notifications.queue_messages(_news(ENDED[appointment.status], appointment, tell=tell, send_at=send_at))


def undone(appointment: Appointment) -> None:
    """The last change was taken back: it is not told, and what it had replaced holds once more.

    Who has heard of the change already is told how things stand now.
    """
    told = last_told(subject_type=SUBJECT, subject_id=appointment.id, kinds=(*CHANGES, *staff_messages.KINDS))
    if appointment.status not in ENDED:
        _withdraw(appointment, why=Why.UNDONE, kinds=_ENDED_KINDS)
    _withdraw(appointment, why=Why.UNDONE, unless_key_contains=about(appointment))
    change = last_change(appointment)
    if change is not None and change.kind == "move_undone":
        _withdraw(appointment, why=Why.UNDONE, kinds=_MOVED_KINDS)
    patient = next((last for (to, _id), last in told.items() if to == "patient"), None)
    again = staff_messages.to_reinstate(appointment, told)
    if patient is None or patient.is_about(about(appointment)):
        again += CHANGES[:2]
    notifications.reinstate(
        subject_type=SUBJECT, subject_id=appointment.id, kinds=again, key_contains=about(appointment)
    )
    news = staff_messages.news_of_undoing(appointment, told, change)
    if patient is not None and not _still_true(patient, appointment):
        news += patient_messages.news(appointment, _how_it_stands(patient, appointment))
    notifications.queue_messages([*news, *reminders(appointment)])


def _news(
    event: str,
    appointment: Appointment,
    *,
    tell: bool,
    send_at: datetime | None = None,
    old_start: datetime | None = None,
    ways: Ways | None = None,
) -> list[NewMessage]:
    to_patient = patient_messages.news(appointment, event, send_at=send_at, ways=ways) if tell else []
    return [
        *to_patient,
        *staff_messages.news(appointment, event, send_at=send_at, old_start=old_start),
    ]


def _still_true(told: Told, appointment: Appointment) -> bool:
    if told.kind in _ENDED_KINDS:
        return appointment.status in ENDED
    waits_again = told.kind == "appointment_confirmed" and appointment.status == AppointmentStatus.PENDING
    return told.is_about(about(appointment)) and not waits_again


def _how_it_stands(told: Told, appointment: Appointment) -> str:
    if appointment.status == AppointmentStatus.PENDING:
        return "booked"
    return "confirmed" if told.kind in _ENDED_KINDS else "moved"


def _withdraw(
    appointment: Appointment,
    *,
    why: Why = Why.CHANGED,
    kinds: Collection[str] | None = None,
    unless_key_contains: str | None = None,
) -> None:
    notifications.withdraw(
        subject_type=SUBJECT,
        subject_id=appointment.id,
        why=why,
        kinds=kinds,
        unless_key_contains=unless_key_contains,
    )


def connect() -> None:
    """Register the kinds of messages."""
    patient_messages.connect()
    staff_messages.connect()


__all__ = ["REMINDERS", "booked", "confirmed", "connect", "ended", "moved", "undone"]
