"""Making a visit longer or shorter. For a minute it can be undone; what a shorter one gives up stays held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_time
from clinic.scheduling import policy
from clinic.scheduling.errors import ChangedMeanwhile, PatientBusy, SlotTaken
from clinic.scheduling.models import (
    Allocation,
    Appointment,
    AppointmentEvent,
    Resource,
    ResourceUnit,
    TimeOff,
)
from clinic.scheduling.service import claims, events
from clinic.scheduling.service.claims import Claim, Stretch
from clinic.scheduling.service.lifecycle import UNDO_SECONDS, lock
from clinic.scheduling.service.moves import move_purpose
from clinic.scheduling.service.rules import check, load_ground
from clinic.scheduling.transitions import MOVABLE

STEP = 5
SHORTEST, LONGEST = 5, 720
"""Minutes."""
_CHANGES = ("moved", "move_undone", "resized", "resize_undone")


def resize(
    actor: Actor,
    appointment: Appointment,
    minutes: int,
    *,
    override_reason: str | None = None,
    expected_version: int | None = None,
) -> Appointment:
    """Give a visit another length, in steps of five minutes; its start stays, and all that it claims grows or
    shrinks with it, each claim with the buffers it has.

    Raises Invalid for a length that cannot be, SlotTaken with a sentence that says until when there is time,
    PatientBusy, OutsideRules, ChangedMeanwhile or Forbidden.
    """
    if not policy.can_move(actor, appointment) or actor.is_patient:
        raise Forbidden(_("You may not change this visit."))
    if minutes % STEP or not SHORTEST <= minutes <= LONGEST:
        raise Invalid(_("A visit lasts 5 to 720 minutes, in steps of five."), field="minutes")
    claims.queue_for_patient(appointment.patient_id)
    lock(appointment, expected_version)
    if appointment.status not in MOVABLE:
        raise ChangedMeanwhile
    if appointment.session_id is not None:
        raise Conflict(_("A visit in a group lasts as long as its session."))
    old = appointment.during
    during: Stretch = Range(appointment.starts, appointment.starts + timedelta(minutes=minutes))
    if during == old:
        return appointment
    overridden = False
    if appointment.ends < appointment.starts + timedelta(minutes=minutes):
        ground = load_ground(
            actor,
            facility_id=appointment.facility_id,
            service_id=appointment.service_id,
            patient_id=appointment.patient_id,
            practitioner_id=appointment.practitioner_id,
            starts=appointment.starts,
            duration=timedelta(minutes=minutes),
        )
        online = appointment.mode == "online"
        overridden = check(
            actor,
            ground,
            during,
            override_reason=override_reason,
            online=online,
            has=appointment.practitioner_id,
        )
        if ground.stale_holds:
            claims.end_expired_holds()
    _reach(actor, appointment, during)
    events.write(
        actor,
        appointment,
        "resized",
        from_status=appointment.status,
        from_during=old,
        reason=override_reason if overridden else None,
    )
    db.session.flush()
    return appointment


def undo_resize(actor: Actor, appointment: Appointment) -> Appointment:
    """Give a visit the length it had, within a minute after it was changed. Raises Conflict after that."""
    if not policy.can_move(actor, appointment) or actor.is_patient:
        raise Forbidden(_("You may not change this visit."))
    claims.queue_for_patient(appointment.patient_id)
    lock(appointment)
    last = _last_change(appointment)
    since = clock.now() - timedelta(seconds=UNDO_SECONDS)
    late = last is None or last.kind != "resized" or last.at <= since or appointment.status not in MOVABLE
    if late or last is None or last.from_during is None:
        raise Conflict(_("It is too late to undo this; change the length again instead."))
    old = appointment.during
    _reach(actor, appointment, last.from_during, keep=False)
    events.write(actor, appointment, "resize_undone", from_status=appointment.status, from_during=old)
    db.session.flush()
    return appointment


def _reach(actor: Actor, appointment: Appointment, during: Stretch, *, keep: bool = True) -> None:
    """Let the visit and all that it claims last until ``during`` ends; ``keep`` holds what is given up."""
    assert during.upper is not None
    if claims.patient_is_busy(appointment.patient_id, during, besides=appointment.id):
        raise PatientBusy
    by = during.upper - appointment.ends
    old = claims.claims_of(appointment.id)
    if by > timedelta():
        _check_things(appointment, old, by)
    wanted = [Claim(one.unit_id, _until(one, by)) for one in old]
    claims.lock_units({one.unit_id for one in wanted})
    appointment.version += 1
    db.session.flush()
    attempt = db.session.begin_nested()
    claims.release(appointment.id)
    claims.end_hold(move_purpose(appointment))
    got = claims.claim(wanted, facility_id=appointment.facility_id, appointment_id=appointment.id)
    if got != {one.unit_id for one in wanted}:
        attempt.rollback()
        raise SlotTaken(_sentence(appointment, old), field="minutes")
    attempt.commit()
    appointment.during = during
    db.session.flush()
    left = [
        Claim(one.unit_id, Range(new.during.upper, one.during.upper))
        for one, new in zip(old, wanted, strict=True)
    ]
    if keep and by < timedelta() and left:
        claims.hold(
            left,
            facility_id=appointment.facility_id,
            purpose=move_purpose(appointment),
            until=clock.now() + timedelta(seconds=UNDO_SECONDS),
            by=actor.user_id,
        )


def _until(one: Claim, by: timedelta) -> Stretch:
    assert one.during.upper is not None
    return Range(one.during.lower, one.during.upper + by)


def _sentence(appointment: Appointment, old: list[Claim]) -> str:
    """Until when there is time: what comes next for any of what the visit claims, less its buffer."""
    free: datetime | None = None
    for one in old:
        assert one.during.upper is not None
        comes = db.session.scalar(
            select(func.min(func.lower(Allocation.during))).where(
                Allocation.unit_id == one.unit_id,
                Allocation.active,
                func.lower(Allocation.during) >= one.during.upper,
                Allocation.appointment_id.is_distinct_from(appointment.id),
            )
        )
        if comes is not None:
            until = comes - (one.during.upper - appointment.ends)
            free = until if free is None else min(free, until)
    if free is None or free <= appointment.ends:
        return _("Somebody else comes right after this visit.")
    return _("There is time until %(time)s only.", time=show_time(free, appointment.facility.zone))


def _check_things(appointment: Appointment, claimed: Sequence[Claim], by: timedelta) -> None:
    """Whether room, therapists and equipment are there for longer; the performer is the rules' to check.

    Raises SlotTaken naming what is away.
    """
    for one in claimed:
        away = db.session.scalar(
            select(Resource.name)
            .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
            .join(TimeOff, TimeOff.resource_id == Resource.id)
            .where(
                ResourceUnit.id == one.unit_id,
                Resource.practitioner_id.is_distinct_from(appointment.practitioner_id),
                TimeOff.during.op("&&")(Range(one.during.upper, _until(one, by).upper)),
            )
        )
        if away is not None:
            raise SlotTaken(_("%(name)s is away at that time.", name=away), field="minutes")


def _last_change(appointment: Appointment) -> AppointmentEvent | None:
    return db.session.scalars(
        select(AppointmentEvent)
        .where(AppointmentEvent.appointment_id == appointment.id, AppointmentEvent.kind.in_(_CHANGES))
        .order_by(AppointmentEvent.id.desc())
        .limit(1)
    ).first()
