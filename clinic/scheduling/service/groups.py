"""Sessions for groups: opened once with their people and room, filled seat by seat, called off as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

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
from clinic.scheduling.models import Appointment, GroupSeat, GroupSession, Service
from clinic.scheduling.queries.sessions import free_seats, session_at, visits_of
from clinic.scheduling.service import claims, places
from clinic.scheduling.service.claims import Claim, Stretch
from clinic.scheduling.service.lifecycle import cancel

CLAIM_TRIES = 6


class Ground(Protocol):
    """What a session stands on; the ground of a booking is one. ``unit_ids`` are the practitioner's."""

    @property
    def facility(self) -> Facility: ...
    @property
    def service(self) -> Service: ...
    @property
    def practitioner(self) -> Practitioner: ...
    @property
    def unit_ids(self) -> tuple[int, ...]: ...


def open_session(actor: Actor, ground: Ground, during: Stretch, *, mode: str) -> GroupSession:
    """A session of the ground's service with its claims; the one there is, if somebody was faster.

    Raises SlotTaken where its people, room or equipment are not free.
    """
    taken = ground.service.taken(during)
    leads = list(ground.unit_ids)
    for _try in range(CLAIM_TRIES):
        wanted = {leads[0]} | places.find(
            places.Wanted(
                facility=ground.facility,
                service=ground.service,
                practitioner_id=ground.practitioner.id,
                during=during,
                online=mode == "online",
            )
        )
        attempt = db.session.begin_nested()
        session = _insert(actor, ground, during, mode)
        if session is None:
            attempt.rollback()
            assert during.lower is not None
            standing = session_at(ground.service.id, ground.practitioner.id, during.lower)
            if standing is not None:
                return standing
            continue
        claims.lock_units(wanted)
        got = claims.claim(
            [Claim(unit_id, taken) for unit_id in wanted],
            facility_id=ground.facility.id,
            session_id=session.id,
        )
        if got == wanted:
            db.session.execute(
                insert(GroupSeat).values(
                    [{"session_id": session.id, "number": n} for n in range(session.capacity)]
                )
            )
            attempt.commit()
            audit.record(
                actor,
                "session.opened",
                subject_type="group_session",
                subject_id=session.id,
                facility_id=session.facility_id,
            )
            return session
        db.session.expunge(session)
        attempt.rollback()
        if leads[0] not in got:
            leads.pop(0)
            if not leads:
                break
    raise SlotTaken


def _insert(actor: Actor, ground: Ground, during: Stretch, mode: str) -> GroupSession | None:
    return db.session.scalars(
        insert(GroupSession)
        .values(
            group_id=ground.facility.group_id,
            facility_id=ground.facility.id,
            service_id=ground.service.id,
            practitioner_id=ground.practitioner.id,
            during=during,
            capacity=ground.service.capacity,
            mode=mode,
            created_by=actor.user_id,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(GroupSession)
    ).first()


def next_seat(session_id: int, *, prefer: int | None = None) -> int:
    """The seat ``prefer`` of a session if it is free, else the lowest that is. The session's row stays
    locked: whoever else wants one waits for its turn.

    Raises SlotTaken when it is full or called off.
    """
    standing = db.session.scalar(
        select(GroupSession.id)
        .where(GroupSession.id == session_id, GroupSession.cancelled_at.is_(None))
        .with_for_update(key_share=True)
    )
    if standing is None:
        raise SlotTaken(_("This session was called off."))
    seats = free_seats(session_id)
    if not seats:
        raise SlotTaken(_("This session is full."))
    return prefer if prefer is not None and prefer in seats else seats[0]


def call_off(actor: Actor, session: GroupSession, why: str, *, tell: bool = True) -> Sequence[Appointment]:
    """Call a whole session off: its visits are cancelled, and its people and room are free again.

    The visits that were cancelled. Raises Conflict where it has begun or was called off before.
    """
    if not policy.can_override(actor, session.facility_id):
        raise Forbidden(_("You may not call this session off."))
    if not why.strip():
        raise Invalid(_("Say why."), field="reason")
    lock_visits(session.id)
    db.session.refresh(session, with_for_update={"key_share": True, "of": GroupSession})
    if session.cancelled_at is not None:
        raise Conflict(_("This session was called off already."))
    visits = [
        visit
        for visit in visits_of(session.id)
        if visit.status in ("pending", "confirmed", "arrived", "in_progress")
    ]
    for visit in visits:
        cancel(actor, visit, why, tell=tell)
    session.cancelled_at = clock.now()
    session.cancelled_by = actor.user_id
    session.cancelled_why = why.strip()
    claims.release_session(session.id)
    db.session.flush()
    audit.record(
        actor,
        "session.called_off",
        subject_type="group_session",
        subject_id=session.id,
        facility_id=session.facility_id,
        detail={"visits": len(visits)},
    )
    return visits


def lock_visits(session_id: int) -> None:
    """Hold the visits of a session: they come before their session wherever both are locked."""
    db.session.execute(
        select(Appointment.id)
        .where(Appointment.session_id == session_id)
        .order_by(Appointment.id)
        .with_for_update(key_share=True)
    )
