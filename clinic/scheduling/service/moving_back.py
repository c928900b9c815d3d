"""Taking a move back: within the minute in which the old place is held, before anybody is told."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import exists, select

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.scheduling import messages, policy
from clinic.scheduling.errors import SlotTaken
from clinic.scheduling.models import Appointment, AppointmentEvent, Hold, ResourceUnit
from clinic.scheduling.queries.sessions import session_at
from clinic.scheduling.service import claims, events, groups
from clinic.scheduling.service.claims import Stretch
from clinic.scheduling.service.lifecycle import lock
from clinic.scheduling.service.moves import move_purpose
from clinic.scheduling.transitions import MOVABLE

PLACED = ("moved", "resized", "reassigned")
"""The events that give a visit another place, each of which can be undone for a minute."""


def undo_move(actor: Actor, appointment: Appointment) -> Appointment:
    """Put a visit back where it was, within the minute in which its old place is held. Raises Conflict
    after that.
    """
    if not policy.can_move(actor, appointment) or actor.is_patient:
        raise Forbidden(_("You may not move this visit."))
    claims.queue_for_patient(appointment.patient_id)
    lock(appointment)
    last = _last_move(appointment)
    held = db.session.scalars(
        select(Hold).where(Hold.purpose == move_purpose(appointment), Hold.expires_at > clock.now())
    ).first()
    if last is None or held is None or last.from_during is None or appointment.status not in MOVABLE:
        raise Conflict(_("It is too late to undo this move; move the visit back instead."))
    before = claims.past_claims(appointment.id, last.from_during)
    units = {one.unit_id for one in before}
    moved_from = appointment.during
    practitioner_id = last.from_practitioner_id or appointment.practitioner_id
    if appointment.session_id is not None:
        _back_to_seat(appointment, practitioner_id, last.from_during)
    else:
        claims.lock_units(units | {claim.unit_id for claim in claims.claims_of(appointment.id)})
        claims.release(appointment.id)
    claims.end_hold(move_purpose(appointment))
    appointment.during = last.from_during
    appointment.practitioner_id = practitioner_id
    appointment.overbooked = _has_extra_unit(units)
    appointment.version += 1
    db.session.flush()
    db.session.refresh(appointment, ["practitioner"])
    got = claims.claim(before, facility_id=appointment.facility_id, appointment_id=appointment.id)
    if got != units:
        raise SlotTaken(_("The time has gone to somebody else."))
    events.write(actor, appointment, "move_undone", from_status=appointment.status, from_during=moved_from)
    messages.undone(appointment)
    db.session.flush()
    return appointment


def _back_to_seat(appointment: Appointment, practitioner_id: int, during: Stretch) -> None:
    """Return to the session the visit was in, if it stands and has a seat."""
    assert during.lower is not None
    session = session_at(appointment.service_id, practitioner_id, during.lower)
    if session is None:
        raise SlotTaken(_("The time has gone to somebody else."))
    appointment.seat, appointment.session_id = groups.next_seat(session.id), session.id


def _has_extra_unit(units: Collection[int]) -> bool:
    """Whether one of these units is for overbooking."""
    return bool(db.session.scalar(select(exists().where(ResourceUnit.id.in_(units), ResourceUnit.overbook))))


def _last_move(appointment: Appointment) -> AppointmentEvent | None:
    event = db.session.scalars(
        select(AppointmentEvent)
        .where(
            AppointmentEvent.appointment_id == appointment.id,
            AppointmentEvent.kind.in_((*PLACED, "move_undone")),
        )
        .order_by(AppointmentEvent.id.desc())
        .limit(1)
    ).first()
    return event if event is not None and event.kind in PLACED else None
