"""Moving a visit. For a minute the old place stays held, so that the move can be undone before anybody is
told.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.scheduling import messages, policy, queries
from clinic.scheduling.errors import ChangedMeanwhile, PatientBusy, SlotTaken
from clinic.scheduling.models import Appointment
from clinic.scheduling.queries.sessions import session_at
from clinic.scheduling.queries.taken import Besides
from clinic.scheduling.service import claims, events, groups, places
from clinic.scheduling.service.alternatives import alternatives
from clinic.scheduling.service.care import care_begins
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
    overbook: bool = False,
    hold: str | None = None,
    expected_version: int | None = None,
) -> Appointment:
    """Move a visit to another time, another practitioner, or both; it keeps its length and its reference.

    ``hold`` is the purpose of a hold whose places it takes over, ``overbook`` as in ``book``. A visit in a
    group moves to another session of the service.

    Raises SlotTaken (with alternatives), PatientBusy, OutsideRules, ChangedMeanwhile or Forbidden.
    """
    guardian = actor.is_patient and queries.is_guardian(actor, appointment.patient_id)
    if not policy.can_move(actor, appointment, is_guardian=guardian):
        raise Forbidden(_("You may not move this visit."))
    claims.queue_for_patient(appointment.patient_id)
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
    change_place(
        actor,
        appointment,
        Range(starts, starts + duration),
        to_practitioner,
        event="moved",
        reason=reason,
        tell=tell,
        override_reason=override_reason,
        overbook=overbook,
        hold=hold,
    )
    return appointment


def reassign(actor: Actor, appointment: Appointment, *, reason: str | None = None) -> Appointment:
    """Give a visit another room, other therapists or other equipment where what it has is away or gone.

    Time and practitioner stay, so nobody has to be told. Raises SlotTaken where nothing else is free.
    """
    if not policy.can_move(actor, appointment) or actor.is_patient:
        raise Forbidden(_("You may not move this visit."))
    claims.queue_for_patient(appointment.patient_id)
    lock(appointment)
    if appointment.status not in MOVABLE:
        raise ChangedMeanwhile
    if appointment.session_id is not None:
        raise Conflict(_("What a group needs is settled on the page of its session."))
    why_booked = appointment.override_reason
    change_place(
        actor,
        appointment,
        appointment.during,
        appointment.practitioner_id,
        event="reassigned",
        reason=reason,
        tell=False,
        override_reason=reason or _("Stays at its time"),
        overbook=appointment.overbooked,
    )
    appointment.override_reason = why_booked
    db.session.flush()
    return appointment


def change_place(
    actor: Actor,
    appointment: Appointment,
    during: Stretch,
    practitioner_id: int,
    *,
    event: str,
    reason: str | None = None,
    tell: bool = True,
    override_reason: str | None = None,
    overbook: bool = False,
    hold: str | None = None,
) -> None:
    """Give a locked visit another stretch, practitioner or set of units, and write it down as ``event``.

    What it had stays held for a minute. Raises what ``move`` raises.
    """
    assert during.lower is not None
    assert during.upper is not None
    ground = load_ground(
        actor,
        facility_id=appointment.facility_id,
        service_id=appointment.service_id,
        patient_id=appointment.patient_id,
        practitioner_id=practitioner_id,
        starts=during.lower,
        duration=during.upper - during.lower,
    )
    online = appointment.mode == "online"
    overridden = check(
        actor,
        ground,
        during,
        override_reason=override_reason,
        online=online,
        overbook=overbook,
        has=appointment.practitioner_id,
    )
    if ground.stale_holds:
        claims.end_expired_holds()
    old, old_practitioner = appointment.during, appointment.practitioner_id
    try:
        if appointment.session_id is not None:
            _change_seat(actor, appointment, ground, during)
        else:
            why = (override_reason or "").strip() if overbook else None
            _shift(actor, appointment, ground, during, overbooked_for=why, hold=hold)
    except SlotTaken as taken:
        taken.alternatives = _nearest(appointment, ground, during)
        raise
    events.write(
        actor,
        appointment,
        event,
        from_status=appointment.status,
        from_during=old,
        from_practitioner=old_practitioner,
        reason=override_reason if overridden else reason,
    )
    if during != old or event == "moved":
        assert old.lower is not None
        undo_until = clock.now() + timedelta(seconds=UNDO_SECONDS)
        messages.moved(appointment, old_start=old.lower, tell=tell, undo_until=undo_until)
    db.session.flush()


def _shift(
    actor: Actor,
    appointment: Appointment,
    ground: Ground,
    during: Stretch,
    *,
    overbooked_for: str | None = None,
    hold: str | None = None,
) -> None:
    """Release the old place, claim the new one, and keep what is left of the old for a minute."""
    if claims.patient_is_busy(appointment.patient_id, during, besides=appointment.id):
        raise PatientBusy
    old = claims.claims_of(appointment.id)
    old_units = frozenset(claim.unit_id for claim in old)
    taken = ground.service.taken(during)
    leads = list(ground.extra_ids if overbooked_for else ground.unit_ids)
    leads.sort(key=lambda unit_id: unit_id not in old_units)
    appointment.version += 1
    db.session.flush()
    for _try in range(CLAIM_TRIES):
        wanted = {leads[0]} | places.find(_wanted(appointment, ground, during, old_units, hold))
        held = claims.held_units(hold) if hold is not None else set()
        attempt = db.session.begin_nested()
        claims.lock_units(old_units | wanted | held)
        claims.release(appointment.id)
        claims.end_hold(move_purpose(appointment))
        if hold is not None:
            claims.end_hold(hold)
        got = claims.claim(
            [Claim(unit_id, taken) for unit_id in wanted],
            facility_id=appointment.facility_id,
            appointment_id=appointment.id,
        )
        if got == wanted:
            attempt.commit()
            break
        attempt.rollback()
        if leads[0] not in got:
            leads.pop(0)
            if not leads:
                raise SlotTaken
    else:
        raise SlotTaken
    appointment.overbooked = overbooked_for is not None
    appointment.override_reason = overbooked_for or appointment.override_reason
    _stands(actor, appointment, ground, during)
    left = [Claim(claim.unit_id, rest) for claim in old for rest in remainders(claim, wanted, taken)]
    _keep_for_undo(actor, appointment, left)


def _change_seat(actor: Actor, appointment: Appointment, ground: Ground, during: Stretch) -> None:
    """Take a seat in the session at another time; the seat it leaves is free at once."""
    assert during.lower is not None
    session = session_at(ground.service.id, ground.practitioner.id, during.lower)
    if session is None:
        raise SlotTaken(_("There is no session at that time."))
    if claims.patient_is_busy(appointment.patient_id, session.during, besides=appointment.id):
        raise PatientBusy
    appointment.seat, appointment.session_id = groups.next_seat(session.id), session.id
    appointment.version += 1
    _stands(actor, appointment, ground, session.during)
    claims.end_hold(move_purpose(appointment))
    _keep_for_undo(actor, appointment, [])


def _stands(actor: Actor, appointment: Appointment, ground: Ground, during: Stretch) -> None:
    """Write down where a visit is now, and that its practitioner cares for the patient."""
    new_practitioner = ground.practitioner.id != appointment.practitioner_id
    appointment.during = during
    appointment.practitioner_id = ground.practitioner.id
    db.session.flush()
    if new_practitioner:
        appointment.practitioner = ground.practitioner
        care_begins(actor, appointment)


def _keep_for_undo(actor: Actor, appointment: Appointment, left: list[Claim]) -> None:
    claims.hold(
        left,
        facility_id=appointment.facility_id,
        purpose=move_purpose(appointment),
        until=clock.now() + timedelta(seconds=UNDO_SECONDS),
        by=actor.user_id,
    )


def _wanted(
    appointment: Appointment,
    ground: Ground,
    during: Stretch,
    old_units: frozenset[int],
    hold: str | None,
) -> places.Wanted:
    """What the visit needs there, the units it has already first; its own claims are not in its way."""
    return places.Wanted(
        facility=ground.facility,
        service=ground.service,
        practitioner_id=ground.practitioner.id,
        during=during,
        patient_sex=ground.patient.sex,
        online=appointment.mode == "online",
        besides=Besides(appointment_id=appointment.id, hold=hold),
        prefer=old_units,
    )


def remainders(old: Claim, kept_units: set[int], new: Stretch) -> list[Stretch]:
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


def move_purpose(appointment: Appointment) -> str:
    """What the old place of a visit that has just moved is kept for."""
    return f"move {appointment.reference}"


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
        new_sessions=False,
        minutes=appointment.minutes,
    )
