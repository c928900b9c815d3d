"""Booking a visit: the rules first, then the claims, and whoever is too late hears what else is free."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range, insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.scheduling import messages
from clinic.scheduling.errors import PatientBusy, SlotTaken
from clinic.scheduling.models import Appointment, AppointmentStatus
from clinic.scheduling.queries.sessions import session_at
from clinic.scheduling.queries.taken import Besides
from clinic.scheduling.service import claims, events, groups, papers, places
from clinic.scheduling.service.alternatives import alternatives
from clinic.scheduling.service.care import care_begins
from clinic.scheduling.service.claims import Claim, Stretch
from clinic.scheduling.service.rules import Ground, check, load_ground
from clinic.scheduling.slots import Slot

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CLAIM_TRIES = 6
WALK_IN = "walk_in"
TOKENS = 0x5475
"""The advisory lock under which tokens are counted."""


@dataclass(frozen=True, kw_only=True)
class Booking:
    """What somebody wants to book. ``starts`` is an instant; the service says for how long.

    ``waits`` leaves it pending until staff confirm it, as some services ask of a patient's own booking.
    ``overbook`` books at a practitioner's time that is taken, by right and with ``override_reason``.
    ``hold`` is the purpose of a hold whose places this booking takes over. ``submission_key`` names the form
    it came from: the same form sent again gives the visit it made the first time. ``papers_key`` is the key
    under which files were chosen in the form, where there are any.
    """

    patient_id: int
    practitioner_id: int
    service_id: int
    starts: datetime
    facility_id: int
    mode: str = "in_person"
    purpose: str | None = None
    room_id: int | None = None
    override_reason: str | None = None
    overbook: bool = False
    via: str = "desk"
    waits: bool = False
    hold: str | None = None
    series_id: int | None = None
    submission_key: str | None = None
    tell: bool = True
    papers_key: str | None = None


def book(actor: Actor, booking: Booking) -> Appointment:
    """Book a visit, or a seat of a group session.

    Raises SlotTaken (with alternatives), PatientBusy, OutsideRules, Forbidden, or NotFound for a service,
    patient or practitioner that is not at the facility.
    """
    key = f"{actor.user_id or 0}:{booking.submission_key}" if booking.submission_key else None
    ground = load_ground(
        actor,
        facility_id=booking.facility_id,
        service_id=booking.service_id,
        patient_id=booking.patient_id,
        practitioner_id=booking.practitioner_id,
        starts=booking.starts,
        submission_key=key,
        queue=True,
    )
    if ground.earlier_id is not None:
        return db.session.get_one(Appointment, ground.earlier_id)
    during: Stretch = Range(booking.starts, booking.starts + timedelta(minutes=ground.service.minutes))
    overridden = check(
        actor,
        ground,
        during,
        override_reason=booking.override_reason,
        online=booking.mode == "online",
        overbook=booking.overbook,
    )
    if ground.stale_holds:
        claims.end_expired_holds()
    values = _values(actor, booking, ground, during, key, overridden=overridden)
    try:
        if ground.service.capacity > 1:
            appointment = _take_seat(actor, booking, ground, values)
        else:
            appointment = _claim_all(booking, ground, values)
    except SlotTaken as taken:
        earlier = _by_key(key)
        if earlier is not None:
            return earlier
        if not isinstance(taken, PatientBusy) and claims.patient_is_busy(ground.patient.id, during):
            taken = PatientBusy()
        taken.alternatives = _nearest(booking, ground)
        raise taken from None
    _follow_up(actor, booking, appointment, overridden=overridden)
    if booking.papers_key:
        papers.take_from_form(actor, appointment, booking.papers_key)
    return appointment


def _values(
    actor: Actor, booking: Booking, ground: Ground, during: Stretch, key: str | None, *, overridden: bool
) -> dict[str, Any]:
    needs_word = booking.waits or (actor.is_patient and ground.service.needs_confirmation)
    values = {
        "group_id": ground.facility.group_id,
        "facility_id": ground.facility.id,
        "patient_id": ground.patient.id,
        "practitioner_id": ground.practitioner.id,
        "service_id": ground.service.id,
        "during": during,
        "status": AppointmentStatus.PENDING if needs_word else AppointmentStatus.CONFIRMED,
        "confirmed_at": None if needs_word else clock.now(),
        "mode": booking.mode,
        "purpose": (booking.purpose or "").strip() or None,
        "created_via": booking.via,
        "created_by": actor.user_id,
        "override_reason": (booking.override_reason or "").strip() if overridden else None,
        "overbooked": booking.overbook,
        "series_id": booking.series_id,
        "submission_key": key,
    }
    if booking.via == WALK_IN:
        values |= _token(ground)
    return values


def _token(ground: Ground) -> dict[str, Any]:
    """The next number of the day for somebody who walked in; whoever asks at once waits for their turn."""
    day = clock.today(ground.facility.zone)
    db.session.execute(select(func.pg_advisory_xact_lock(TOKENS, func.hashint8(ground.facility.id))))
    last = db.session.scalar(
        select(func.max(Appointment.token)).where(
            Appointment.facility_id == ground.facility.id, Appointment.token_day == day
        )
    )
    return {"token": (last or 0) + 1, "token_day": day}


def _claim_all(booking: Booking, ground: Ground, values: dict[str, Any]) -> Appointment:
    """The visit with all its claims. Raises SlotTaken or PatientBusy."""
    leads = list(ground.extra_ids if booking.overbook else ground.unit_ids)
    taken = ground.service.taken(values["during"])
    for _try in range(CLAIM_TRIES):
        wanted = {leads[0]} | places.find(_wanted(booking, ground, values["during"]))
        attempt = db.session.begin_nested()
        appointment = _insert(values)
        if appointment is None:
            attempt.rollback()
            if _by_key(values["submission_key"]) is not None:
                break
            if claims.patient_is_busy(ground.patient.id, values["during"]):
                raise PatientBusy
            continue
        held = claims.held_units(booking.hold) if booking.hold is not None else set()
        claims.lock_units(wanted | held)
        if booking.hold is not None:
            claims.end_hold(booking.hold)
        got = claims.claim(
            [Claim(unit_id, taken) for unit_id in wanted],
            facility_id=ground.facility.id,
            appointment_id=appointment.id,
        )
        if got == wanted:
            attempt.commit()
            return appointment
        db.session.expunge(appointment)
        attempt.rollback()
        if leads[0] not in got:
            leads.pop(0)
            if not leads:
                break
    raise SlotTaken


def _wanted(booking: Booking, ground: Ground, during: Stretch) -> places.Wanted:
    return places.Wanted(
        facility=ground.facility,
        service=ground.service,
        practitioner_id=ground.practitioner.id,
        during=during,
        patient_sex=ground.patient.sex,
        online=booking.mode == "online",
        room_id=booking.room_id,
        besides=Besides(hold=booking.hold),
    )


def _take_seat(actor: Actor, booking: Booking, ground: Ground, values: dict[str, Any]) -> Appointment:
    """The visit with a seat of the session at that time; staff open one where there is none yet."""
    session = session_at(ground.service.id, ground.practitioner.id, booking.starts)
    if session is None and actor.is_patient:
        raise SlotTaken(_("There is no session at that time."))
    if session is None:
        session = groups.open_session(actor, ground, values["during"], mode=booking.mode)
    own = {"session_id": session.id, "during": session.during, "mode": session.mode}
    for _try in range(CLAIM_TRIES):
        seat = groups.next_seat(session.id)
        appointment = _insert(values | own | {"seat": seat})
        if appointment is not None:
            return appointment
        if _by_key(values["submission_key"]) is not None or claims.patient_is_busy(
            ground.patient.id, session.during
        ):
            break
    raise SlotTaken


def _insert(values: dict[str, Any]) -> Appointment | None:
    """The row; None if the patient is busy then, the form came before, or the reference is in use."""
    reference = "".join(secrets.choice(CROCKFORD) for _place in range(10))
    return db.session.scalars(
        insert(Appointment)
        .values(reference=reference, **values)
        .on_conflict_do_nothing()
        .returning(Appointment)
    ).first()


def _by_key(key: str | None) -> Appointment | None:
    if key is None:
        return None
    return db.session.scalars(select(Appointment).where(Appointment.submission_key == key)).first()


def _nearest(booking: Booking, ground: Ground) -> list[Slot]:
    return alternatives(
        ground.facility,
        ground.service,
        practitioner_id=ground.practitioner.id,
        starts=booking.starts,
        patient_id=ground.patient.id,
        online=booking.mode == "online",
        ignore_hold=booking.hold,
    )


def _follow_up(actor: Actor, booking: Booking, appointment: Appointment, *, overridden: bool) -> None:
    """What a visit brings with it: its history, care for the patient, and word to them."""
    care_begins(actor, appointment)
    events.write(actor, appointment, "booked", reason=booking.override_reason if overridden else None)
    messages.booked(appointment, tell=booking.tell)
    db.session.flush()
