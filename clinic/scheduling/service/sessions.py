"""Planning group sessions ahead, making them larger or smaller, and calling them off."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import Range, insert

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling import policy
from clinic.scheduling.errors import SlotTaken
from clinic.scheduling.models import CLAIMING, Appointment, GroupSeat, GroupSession, Service
from clinic.scheduling.queries.availability import MAX_DAYS, STEP, free_slots
from clinic.scheduling.queries.series import Away, away_between
from clinic.scheduling.queries.session_lists import Leader, leader_of, standing_at
from clinic.scheduling.service import claims, groups, places
from clinic.scheduling.service.claims import Stretch
from clinic.scheduling.service.rules import covers
from clinic.scheduling.service.series.locks import units_wanted
from clinic.scheduling.slots import GRID

MOST_SEATS = 200


@dataclass(frozen=True, kw_only=True)
class PlannedSession:
    """One session as it is to be, and ``why`` it cannot be; empty where it can."""

    starts: datetime
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """What a session stands on."""

    facility: Facility
    service: Service
    practitioner: Practitioner
    unit_ids: tuple[int, ...]


def survey_sessions(
    facility: Facility, service: Service, practitioner_id: int, days: Sequence[date], wall: time
) -> list[PlannedSession]:
    """A session on each day by the clinic's clock, and what stands in its way; nothing is written.

    Raises NotFound for somebody who does not perform it there.
    """
    leader = leader_of(facility.id, service.id, practitioner_id)
    starts = [clock.at(day, wall, facility.zone) for day in days]
    free = _free(facility, service, practitioner_id, days, starts)
    clashes = [moment for moment in starts if moment not in free]
    if not clashes:
        return [PlannedSession(starts=moment) for moment in starts]
    lasts = timedelta(minutes=service.minutes)
    away = away_between(facility.id, [practitioner_id], Range(clashes[0], clashes[-1] + lasts))
    around = _Surroundings(
        facility=facility,
        service=service,
        leader=leader,
        away=away,
        standing=standing_at(service.id, practitioner_id, clashes),
    )
    return [
        PlannedSession(starts=moment, why="" if moment in free else _why(around, moment)) for moment in starts
    ]


def plan_sessions(
    actor: Actor, facility: Facility, service: Service, practitioner_id: int, starts: Collection[datetime]
) -> list[GroupSession]:
    """Open sessions at these instants, all or none; one that stands already is taken as it is.

    Raises SlotTaken naming the first whose people or things are not free, and Forbidden.
    """
    if not policy.can_override(actor, facility.id):
        raise Forbidden(_("You may not plan sessions here."))
    if service.capacity == 1:
        raise Invalid(_("This service is not for groups."), field="service")
    if not starts:
        raise Invalid(_("None of these sessions can be."))
    leader = leader_of(facility.id, service.id, practitioner_id)
    stage = _Stage(
        facility=facility, service=service, practitioner=leader.practitioner, unit_ids=leader.unit_ids
    )
    claims.end_expired_holds()
    claims.lock_units(units_wanted(facility.id, service, [practitioner_id]))
    mode = "in_person" if service.in_person else "online"
    lasts = timedelta(minutes=service.minutes)
    return [
        groups.open_session(actor, stage, Range(moment, moment + lasts), mode=mode)
        for moment in sorted(starts)
    ]


def set_capacity(actor: Actor, session: GroupSession, capacity: int) -> None:
    """Give a session more seats or fewer, not fewer than are taken. Raises Conflict or Invalid."""
    if not can_run(actor, session):
        raise Forbidden(_("You may not change this session."))
    if not 1 <= capacity <= MOST_SEATS:
        raise Invalid(_("A session has 1 to %(most)s places.", most=MOST_SEATS), field="capacity")
    groups.lock_visits(session.id)
    db.session.refresh(session, with_for_update={"key_share": True, "of": GroupSession})
    if session.cancelled_at is not None or session.starts <= clock.now():
        raise Conflict(_("This session has begun or was called off."))
    taken = set(
        db.session.scalars(
            select(Appointment.seat).where(
                Appointment.session_id == session.id, Appointment.status.in_(CLAIMING)
            )
        )
    )
    if capacity < len(taken):
        raise Conflict(_("%(num)s take part already.", num=len(taken)), field="capacity")
    seats = set(db.session.scalars(select(GroupSeat.number).where(GroupSeat.session_id == session.id)))
    _change_seats(session, seats, taken, capacity)
    was, session.capacity = session.capacity, capacity
    db.session.flush()
    audit.record(
        actor,
        "session.capacity_changed",
        subject_type="group_session",
        subject_id=session.id,
        facility_id=session.facility_id,
        detail={"from": was, "to": capacity},
    )


def call_off(actor: Actor, session: GroupSession, why: str, *, tell: bool = True) -> int:
    """Call a session off; its participants are told. How many there were. Raises what ``groups`` raises."""
    if not can_run(actor, session):
        raise Forbidden(_("You may not call this session off."))
    if session.starts <= clock.now():
        raise Conflict(_("This session has begun or was called off."))
    return len(groups.call_off(actor, session, why, tell=tell))


def can_run(actor: Actor, session: GroupSession) -> bool:
    """Front desk, and whoever holds the session: change its size, call it off."""
    own = actor.user_id is not None and session.practitioner.user_id == actor.user_id
    return policy.can_run_sessions(actor, session.facility_id, own=own)


def _change_seats(session: GroupSession, seats: set[int], taken: set[int | None], capacity: int) -> None:
    """Add the lowest numbers that are missing, or take the highest free ones away.

    A visit that was cancelled keeps a seat for its history: it is given one that stays.
    """
    if capacity > len(seats):
        missing = [number for number in range(MOST_SEATS * 2) if number not in seats]
        rows = [{"session_id": session.id, "number": number} for number in missing[: capacity - len(seats)]]
        db.session.execute(insert(GroupSeat).values(rows))
        return
    free = sorted(seats - taken, reverse=True)
    gone = free[: len(seats) - capacity]
    if not gone:
        return
    stays = min(seats - set(gone))
    db.session.execute(
        update(Appointment)
        .where(
            Appointment.session_id == session.id,
            Appointment.seat.in_(gone),
            Appointment.status.not_in(CLAIMING),
        )
        .values(seat=stays)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        delete(GroupSeat)
        .where(GroupSeat.session_id == session.id, GroupSeat.number.in_(gone))
        .execution_options(synchronize_session=False)
    )


def _free(
    facility: Facility,
    service: Service,
    practitioner_id: int,
    days: Sequence[date],
    starts: Sequence[datetime],
) -> set[datetime]:
    step = STEP if all(moment.timestamp() % STEP.total_seconds() == 0 for moment in starts) else GRID
    found: set[datetime] = set()
    left = sorted(days)
    while left:
        until = left[0] + timedelta(days=MAX_DAYS)
        stretch = [day for day in left if day <= until]
        slots = free_slots(
            facility,
            service,
            stretch[0],
            stretch[-1],
            [practitioner_id],
            step=step,
            seats=False,
            online=not service.in_person,
        )
        found |= {slot.starts for slot in slots}
        left = left[len(stretch) :]
    return found


@dataclass(frozen=True, kw_only=True)
class _Surroundings:
    """What may be in a session's way."""

    facility: Facility
    service: Service
    leader: Leader
    away: Sequence[Away]
    standing: set[object]


def _why(around: _Surroundings, starts: datetime) -> str:
    """The first thing in the way, in a sentence."""
    facility, service, leader = around.facility, around.service, around.leader
    during: Stretch = Range(starts, starts + timedelta(minutes=service.minutes))
    name = leader.practitioner.name
    closed = [one.reason for one in around.away if not one.practitioner_id and one.during.overlaps(during)]
    taken = service.taken(during)
    off = any(one.practitioner_id and one.during.overlaps(taken) for one in around.away)
    opens = not leader.clinic_hours or covers(leader.clinic_hours, during, facility.zone)
    reasons = (
        (starts < clock.now(), _("This time has passed.")),
        (starts in around.standing, _("There is a session at that time already.")),
        (
            bool(closed),
            _("The clinic is closed then: %(reason)s.", reason="".join(closed[:1])),
        ),
        (not opens, _("The clinic is not open at that time.")),
        (
            not covers(leader.hours, during, facility.zone),
            _("%(name)s does not work at that time.", name=name),
        ),
        (off, _("%(name)s is away at that time.", name=name)),
    )
    found = next((words for holds, words in reasons if holds), "")
    return found or _missing(around, during) or _("%(name)s is booked at that time.", name=name)


def _missing(around: _Surroundings, during: Stretch) -> str:
    """What of room, therapists and equipment is not free; empty where all are."""
    try:
        places.find(
            places.Wanted(
                facility=around.facility,
                service=around.service,
                practitioner_id=around.leader.practitioner.id,
                during=during,
                online=not around.service.in_person,
            )
        )
    except SlotTaken as missing:
        return missing.message
    return ""
