"""Taking a step back: for a minute just so, for the rest of the day with a reason."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.scheduling import messages, policy
from clinic.scheduling.errors import PatientBusy, SlotTaken
from clinic.scheduling.models import CLAIMING, Appointment, AppointmentEvent, Hold
from clinic.scheduling.service import claims, events, groups
from clinic.scheduling.service.lifecycle import lock, undo_purpose
from clinic.scheduling.transitions import BY_EVENT, TAKE_BACK, UNDO, Step


def take_back(
    actor: Actor, appointment: Appointment, reason: str, *, expected_version: int | None = None
) -> None:
    """Undo the last step of the same day, with a reason, if the time is still free.

    Raises SlotTaken or PatientBusy if it is not, Conflict if there is nothing to take back.
    """
    if not policy.can_take(actor, appointment, TAKE_BACK):
        raise Forbidden(_("This is not yours to take back."))
    if not reason.strip():
        raise Invalid(_("Say why it is taken back."), field="reason")
    claims.queue_for_patient(appointment.patient_id)
    lock(appointment, expected_version)
    last = last_step(appointment)
    if last is None or last.from_status is None:
        raise Conflict(_("There is nothing to take back."))
    zone = clock.zone(appointment.facility.zone)
    if last.at.astimezone(zone).date() != clock.today(appointment.facility.zone):
        raise Conflict(_("Only a step of the same day can be taken back."))
    _go_back(actor, appointment, last, TAKE_BACK, reason=reason)


def undo_end(actor: Actor, appointment: Appointment) -> None:
    """Undo a cancellation, a refusal or a no-show of a minute ago: all is as it was, and nobody is told.

    It is for whoever did it. Raises Conflict once the minute is over.
    """
    if not policy.can_take(actor, appointment, TAKE_BACK):
        raise Forbidden(_("This is not yours to take back."))
    claims.queue_for_patient(appointment.patient_id)
    lock(appointment)
    last = last_step(appointment)
    if last is None or not BY_EVENT[last.kind].releases or undo_until(appointment) is None:
        raise Conflict(_("It is too late to undo this; take it back on the visit's page, with a reason."))
    if last.actor_id != actor.user_id:
        raise Forbidden(_("Somebody else did this. Take it back with a reason instead."))
    _go_back(actor, appointment, last, UNDO)


def undo_until(appointment: Appointment) -> datetime | None:
    """Until when the end of a visit can be undone; None when it cannot any more."""
    until: datetime | None = db.session.scalar(
        select(Hold.expires_at)
        .where(Hold.purpose == undo_purpose(appointment), Hold.expires_at > clock.now())
        .order_by(Hold.expires_at.desc())
        .limit(1)
    )
    return until


def last_step(appointment: Appointment) -> AppointmentEvent | None:
    """The last step that was not taken back, if the visit is still where it led."""
    wanted = (
        select(AppointmentEvent)
        .where(
            AppointmentEvent.appointment_id == appointment.id,
            AppointmentEvent.kind.in_(BY_EVENT),
            AppointmentEvent.to_status == appointment.status,
        )
        .order_by(AppointmentEvent.id.desc())
        .limit(1)
    )
    return db.session.scalars(wanted).first()


def _go_back(
    actor: Actor, appointment: Appointment, last: AppointmentEvent, how: Step, *, reason: str | None = None
) -> None:
    """The history says first that it is taken back: the database lets no status go backwards without."""
    was = appointment.status
    assert last.from_status is not None
    events.write(actor, appointment, how.event, from_status=was, to_status=last.from_status, reason=reason)
    db.session.flush()
    returns = last.from_status in CLAIMING and was not in CLAIMING
    if returns and claims.patient_is_busy(appointment.patient_id, appointment.during):
        raise PatientBusy
    if returns and appointment.session_id is not None:
        appointment.seat = groups.next_seat(appointment.session_id, prefer=appointment.seat)
    setattr(appointment, BY_EVENT[last.kind].stamp, None)
    appointment.status = last.from_status
    appointment.ended_by = appointment.ended_by_kind = None
    appointment.ended_why = appointment.ended_code = None
    appointment.version += 1
    db.session.flush()
    if returns:
        _claim_again(appointment)
    messages.undone(appointment)
    db.session.flush()


def _claim_again(appointment: Appointment) -> None:
    """Claim once more what the visit last had; its row, flushed before, is the claim on the patient."""
    wanted = claims.past_claims(appointment.id, appointment.during)
    units = {one.unit_id for one in wanted}
    claims.lock_units(units)
    claims.end_hold(undo_purpose(appointment))
    got = claims.claim(wanted, facility_id=appointment.facility_id, appointment_id=appointment.id)
    if got != units:
        raise SlotTaken(_("The time has gone to somebody else."))
