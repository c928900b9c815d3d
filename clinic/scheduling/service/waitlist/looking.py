"""Looking who could be offered what: for each service those who wait, in their order, against free places.

It looks at rows and makes up its mind anew each time, so it may run as often and as many at once as it likes:
an offer is made under the entry's lock, and its place is claimed like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import structlog
from sqlalchemy import update

from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.core.errors import DomainError
from clinic.facilities.models import Facility
from clinic.scheduling.models import Service, WaitlistEntry, WaitStatus
from clinic.scheduling.queries.availability import MAX_DAYS, free_slots
from clinic.scheduling.queries.waiting import Candidate, candidates, groups_waiting
from clinic.scheduling.service.claims import end_expired_holds
from clinic.scheduling.service.waitlist.ending import end_overdue, end_served
from clinic.scheduling.service.waitlist.offering import expire_offers, offer
from clinic.scheduling.slots import Slot
from clinic.scheduling.waiting import offer_times

log = structlog.get_logger(__name__)
LOOKED_AT = 1000
"""So many who wait for one service are looked at in one round."""
PLACES_TRIED = 3
MOST_UNANSWERED = 3
"""Whoever let so many messages pass is called instead."""


def look(facility_id: int | None = None) -> int:
    """Bring the waitlist up to date and make the offers that can be made; how many were made."""
    expire_offers()
    end_expired_holds()
    end_served()
    end_overdue()
    with unit_of_work():
        groups = groups_waiting(facility_id)
    return sum(_look_at(facility, service) for facility, service in groups)


@dataclass
class _Round:
    """One service of one facility, and what was free when the round began."""

    facility: Facility
    service: Service
    free: dict[str, list[Slot]]

    def fitting(self, one: Candidate) -> list[Slot]:
        """The free places that suit, as far as the patient's own visits allow: one statement if any."""
        zone = self.facility.zone
        found = [slot for slot in self.free[one.mode] if one.wish.suits(slot, zone)]
        if not found:
            return []
        days = [slot.starts.astimezone(clock.zone(zone)).date() for slot in found]
        own = set(
            _free(self.facility, self.service, (days[0], days[-1]), one.mode, patient_id=one.patient_id)
        )
        return [slot for slot in found if slot in own]

    def drop(self, taken: Slot) -> None:
        """Forget places that this offer takes; what shares a room with it is found taken when it is tried."""
        for mode, slots in self.free.items():
            self.free[mode] = [
                slot
                for slot in slots
                if slot.practitioner_id != taken.practitioner_id
                or slot.ends <= taken.starts
                or slot.starts >= taken.ends
            ]


def _look_at(facility_id: int, service_id: int) -> int:
    with unit_of_work():
        facility = db.session.get_one(Facility, facility_id)
        service = db.session.get_one(Service, service_id)
        waiting = candidates(facility_id, service_id, limit=LOOKED_AT)
        if not waiting or not service.active or not facility.active:
            return 0
        current = _Round(facility, service, _free_of(facility, service, waiting))
    return sum(_serve(current, one) for one in waiting)


def _free_of(facility: Facility, service: Service, waiting: Sequence[Candidate]) -> dict[str, list[Slot]]:
    """What is free in all the days that somebody waits for, by how the visit is attended."""
    today = clock.today(facility.zone)
    free: dict[str, list[Slot]] = {}
    for mode in sorted({one.mode for one in waiting}):
        wishes = [one.wish for one in waiting if one.mode == mode]
        first = max(today, min(wish.from_day for wish in wishes))
        last = min(max(wish.until_day for wish in wishes), first + timedelta(days=MAX_DAYS))
        free[mode] = _free(facility, service, (first, last), mode)
    return free


def _free(
    facility: Facility,
    service: Service,
    days: tuple[date, date],
    mode: str,
    *,
    patient_id: int | None = None,
) -> list[Slot]:
    return free_slots(
        facility,
        service,
        *days,
        patient_id=patient_id,
        online=mode == "online",
        new_sessions=False,
    )


def _serve(current: _Round, one: Candidate) -> bool:
    """Make an offer if there is a place for it; else note a place of which only a call tells in time."""
    with unit_of_work():
        fitting = current.fitting(one)
        zone, group = current.facility.zone, current.service.capacity > 1
    told = "call" if one.unanswered >= MOST_UNANSWERED else one.reach
    now = clock.now()
    tried = 0
    for slot in fitting:
        times = None if group else offer_times(now, slot.starts, zone)
        if times is None:
            continue
        if tried == PLACES_TRIED:
            break
        tried += 1
        try:
            with unit_of_work():
                offer(
                    SYSTEM,
                    one.entry_id,
                    practitioner_id=slot.practitioner_id,
                    starts=slot.starts,
                    times=times,
                    told=told,
                )
        except DomainError as refusal:
            log.info("waitlist_offer_refused", entry=one.entry_id, why=refusal.code)
            continue
        current.drop(slot)
        return True
    _suggest_call(one, fitting[0] if fitting else None)
    return False


def _suggest_call(one: Candidate, slot: Slot | None) -> None:
    starts, practitioner = (slot.starts, slot.practitioner_id) if slot else (None, None)
    if (starts, practitioner) == (one.call_starts, one.call_with):
        return
    with unit_of_work():
        db.session.execute(
            update(WaitlistEntry)
            .where(WaitlistEntry.id == one.entry_id, WaitlistEntry.status == WaitStatus.WAITING)
            .values(call_starts=starts, call_with=practitioner)
            .execution_options(synchronize_session=False)
        )
