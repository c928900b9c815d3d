"""Moving a visit. For a minute the old place stays held, so that the move can be undone before anybody is
told.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range, insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.patients.models import CareRelationship, Patient
from clinic.scheduling import messages, policy, queries
from clinic.scheduling.errors import ChangedMeanwhile, PatientBusy, SlotTaken
from clinic.scheduling.models import Appointment, AppointmentEvent, Hold, Resource, ResourceUnit
from clinic.scheduling.service import claims, events
from clinic.scheduling.service.alternatives import alternatives
from clinic.scheduling.service.claims import Claim, Stretch
from clinic.scheduling.service.lifecycle import UNDO_SECONDS, lock
from clinic.scheduling.service.rules import Ground, check, load_ground
from clinic.scheduling.slots import Slot
from clinic.scheduling.transitions import MOVABLE

CLAIM_TRIES = 6


def move(
    actor: Actor,
    appointment: Appointment,
    starts: datetime,
    practitioner_id: int | None = None,
    *,
    reason: str | None = None,
    tell: bool = True,
    override_reason: str | None = None,
    expected_version: int | None = None,
) -> Appointment:
    """Move a visit to another time, another practitioner, or both; it keeps its length and its reference.

    Raises SlotTaken (with alternatives), PatientBusy, OutsideRules, ChangedMeanwhile or Forbidden.
    """
    guardian = actor.is_patient and queries.is_guardian(actor, appointment.patient_id)
    if not policy.can_move(actor, appointment, is_guardian=guardian):
        raise Forbidden(_("You may not move this visit."))
    _queue_for_patient(appointment)
    lock(appointment, expected_version)
    if appointment.status not in MOVABLE:
        raise ChangedMeanwhile
    if actor.is_patient and appointment.starts <= clock.now():
        raise Conflict(_("The visit has begun; please telephone the clinic."))
    if actor.is_patient and appointment.change_until <= clock.now():
        raise Conflict(_("It is too late to change this visit here; please telephone the clinic."))
    duration = appointment.ends - appointment.starts
    to_practitioner = practitioner_id or appointment.practitioner_id
    if starts == appointment.starts and to_practitioner == appointment.practitioner_id:
        return appointment
    ground = load_ground(
        actor,
        facility_id=appointment.facility_id,
        service_id=appointment.service_id,
        patient_id=appointment.patient_id,
        practitioner_id=to_practitioner,
        starts=starts,
        duration=duration,
    )
    during: Stretch = Range(starts, starts + duration)
    overridden = check(actor, ground, during, override_reason=override_reason)
    if ground.stale_holds:
        claims.end_expired_holds()
    old = appointment.during
    _shift(actor, appointment, ground, during)
    events.write(
        actor,
        appointment,
        "moved",
        from_status=appointment.status,
        from_during=old,
        reason=override_reason if overridden else reason,
    )
    assert old.lower is not None
    undo_until = clock.now() + timedelta(seconds=UNDO_SECONDS)
    messages.moved(appointment, old_start=old.lower, tell=tell, undo_until=undo_until)
    db.session.flush()
    return appointment


def undo_move(actor: Actor, appointment: Appointment) -> Appointment:
    """Put a visit back where it was, within the minute in which its old place is held. Raises Conflict
    after that.
    """
    if not policy.can_move(actor, appointment) or actor.is_patient:
        raise Forbidden(_("You may not move this visit."))
    _queue_for_patient(appointment)
    lock(appointment)
    last = _last_move(appointment)
    held = db.session.scalars(
        select(Hold).where(Hold.purpose == _purpose(appointment), Hold.expires_at > clock.now())
    ).first()
    if last is None or held is None or last.from_during is None or appointment.status not in MOVABLE:
        raise Conflict(_("It is too late to undo this move; move the visit back instead."))
    before = claims.past_claims(appointment.id, last.from_during)
    units = {one.unit_id for one in before}
    current = {claim.unit_id for claim in claims.claims_of(appointment.id)}
    claims.lock_units(units | current)
    moved_from = appointment.during
    claims.release(appointment.id)
    claims.end_hold(_purpose(appointment))
    practitioner_id = db.session.scalars(
        select(Resource.practitioner_id)
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .where(ResourceUnit.id.in_(units), Resource.practitioner_id.is_not(None))
    ).first()
    appointment.during = last.from_during
    appointment.practitioner_id = practitioner_id or appointment.practitioner_id
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


def _shift(actor: Actor, appointment: Appointment, ground: Ground, during: Stretch) -> None:
    """Release the old place, claim the new one, and keep what is left of the old for a minute."""
    if claims.patient_is_busy(appointment.patient_id, during, besides=appointment.id):
        raise PatientBusy(alternatives=_nearest(appointment, ground, during))
    old = claims.claims_of(appointment.id)
    old_units = {claim.unit_id for claim in old}
    taken = ground.service.taken(during)
    rooms = _rooms(appointment, ground, taken, old_units)
    new_practitioner = ground.practitioner.id != appointment.practitioner_id
    for room in rooms[:CLAIM_TRIES]:
        wanted = {ground.unit_ids[0]} | ({room} if room is not None else set())
        claims.lock_units(old_units | wanted)
        attempt = db.session.begin_nested()
        claims.release(appointment.id)
        claims.end_hold(_purpose(appointment))
        got = claims.claim(
            [Claim(unit_id, taken) for unit_id in wanted],
            facility_id=appointment.facility_id,
            appointment_id=appointment.id,
        )
        if got == wanted:
            attempt.commit()
            break
        attempt.rollback()
        if ground.unit_ids[0] not in got:
            raise SlotTaken(alternatives=_nearest(appointment, ground, during))
    else:
        raise SlotTaken(alternatives=_nearest(appointment, ground, during))
    appointment.during = during
    appointment.practitioner_id = ground.practitioner.id
    appointment.version += 1
    db.session.flush()
    if new_practitioner:
        appointment.practitioner = ground.practitioner
        _in_care(appointment)
    left = [Claim(claim.unit_id, rest) for claim in old for rest in _remainders(claim, wanted, taken)]
    if left:
        claims.hold(
            left,
            facility_id=appointment.facility_id,
            purpose=_purpose(appointment),
            until=clock.now() + timedelta(seconds=UNDO_SECONDS),
            by=actor.user_id,
        )


def _rooms(appointment: Appointment, ground: Ground, taken: Stretch, old_units: set[int]) -> list[int | None]:
    """The rooms to try: the one it has first, none if the service needs none."""
    if not ground.service.room_kind or appointment.mode == "online":
        return [None]
    rooms = claims.free_room_units(
        ground.facility.id,
        taken,
        room_kind=ground.service.room_kind,
        ignore_appointment=appointment.id,
    )
    return sorted(rooms, key=lambda unit_id: unit_id not in old_units)


def _remainders(old: Claim, kept_units: set[int], new: Stretch) -> list[Stretch]:
    """What of an old claim the new one leaves free."""
    if old.unit_id not in kept_units or not old.during.overlaps(new):
        return [old.during]
    pieces = []
    assert old.during.lower is not None
    assert old.during.upper is not None
    assert new.lower is not None
    assert new.upper is not None
    if old.during.lower < new.lower:
        pieces.append(Range(old.during.lower, new.lower))
    if new.upper < old.during.upper:
        pieces.append(Range(new.upper, old.during.upper))
    return pieces


def _queue_for_patient(appointment: Appointment) -> None:
    """Two visits of one patient that change places would wait for each other's rows; in a queue they do
    not.
    """
    db.session.execute(
        select(Patient.id).where(Patient.id == appointment.patient_id).with_for_update(key_share=True)
    )


def _purpose(appointment: Appointment) -> str:
    return f"move {appointment.reference}"


def _last_move(appointment: Appointment) -> AppointmentEvent | None:
    event = db.session.scalars(
        select(AppointmentEvent)
        .where(
            AppointmentEvent.appointment_id == appointment.id,
            AppointmentEvent.kind.in_(("moved", "move_undone")),
        )
        .order_by(AppointmentEvent.id.desc())
        .limit(1)
    ).first()
    return event if event is not None and event.kind == "moved" else None


def _in_care(appointment: Appointment) -> None:
    db.session.execute(
        insert(CareRelationship)
        .values(
            patient_id=appointment.patient_id,
            practitioner_id=appointment.practitioner_id,
            source="booking",
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(
            index_elements=["patient_id", "practitioner_id"], index_where=text("ended_at IS NULL")
        )
    )


def _nearest(appointment: Appointment, ground: Ground, during: Stretch) -> list[Slot]:
    assert during.lower is not None
    return alternatives(
        ground.facility,
        ground.service,
        practitioner_id=ground.practitioner.id,
        starts=during.lower,
        patient_id=ground.patient.id,
        ignore_appointment=appointment.id,
        online=appointment.mode == "online",
    )
