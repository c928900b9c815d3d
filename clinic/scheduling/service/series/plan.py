"""A series before it is booked or moved: where each visit can be, and what stands in its way.

All free places of the whole stretch come from one reading (for more than three months, from one for each
three); only what clashes is looked at again, to say why. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.scheduling.models import Service
from clinic.scheduling.queries.availability import MAX_DAYS, STEP, free_slots
from clinic.scheduling.service.series.reasons import Clash, reasons
from clinic.scheduling.slots import GRID, Slot

NEAREST = 3
OTHERS = 3


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What the visits have in common. Without ``practitioner_id`` anybody who performs the service will do.

    ``minutes`` is how long each lasts where that is not the service's own length; ``besides`` are visits, by
    id, that are about to leave their places.
    """

    facility: Facility
    service: Service
    patient_id: int
    practitioner_id: int | None = None
    online: bool = False
    minutes: int | None = None
    besides: frozenset[int] = frozenset()

    @property
    def lasts(self) -> timedelta:
        return timedelta(minutes=self.minutes or self.service.minutes)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One visit as wished for. ``chosen`` is taken where the wish is not free; ``out`` leaves it out.

    ``practitioner_id`` is its own where it has one; ``key`` names it in the form.
    """

    key: str
    starts: datetime
    practitioner_id: int | None = None
    chosen: tuple[int, datetime] | None = None
    out: bool = False


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One visit of the plan: its ``place`` where it has one, else ``why`` not, and what is near.

    ``options`` are free places of the same day: the nearest of the same person, then of others.
    """

    key: str
    day: date
    starts: datetime
    place: Slot | None = None
    why: str = ""
    options: tuple[Slot, ...] = ()
    out: bool = False
    instead: bool = False

    @property
    def settled(self) -> bool:
        return self.out or self.place is not None


def survey(actor: Actor, ask: Ask, wishes: Sequence[Wish]) -> list[Occurrence]:
    """Each wish with its place or its clash, in their order.

    Raises NotFound, Forbidden or OutsideRules for what holds for all of them.
    """
    zone = ask.facility.zone
    free = _Free(ask, wishes)
    usual = free.usual(wishes)
    clashes = [
        Clash(key=wish.key, starts=wish.starts, practitioner_id=wish.practitioner_id or ask.practitioner_id)
        for wish in wishes
        if not wish.out and free.wanted(wish, usual) is None
    ]
    why = reasons(
        actor,
        ask.facility,
        ask.service,
        patient_id=ask.patient_id,
        online=ask.online,
        lasts=ask.lasts,
        besides=ask.besides,
        first=wishes[0].starts,
        somebody=ask.practitioner_id or wishes[0].practitioner_id or usual,
        clashes=clashes,
    )
    return [_occurrence(wish, free, usual, why.get(wish.key, ""), zone) for wish in wishes]


def _occurrence(wish: Wish, free: _Free, usual: int | None, why: str, zone: str) -> Occurrence:
    day = wish.starts.astimezone(clock.zone(zone)).date()
    wanted = free.wanted(wish, usual)
    options: tuple[Slot, ...] = ()
    if wanted is None:
        options = free.near(wish, usual)
    place, instead = wanted, False
    if wish.chosen is not None and wanted is None and not wish.out:
        chosen = free.at.get(wish.chosen)
        if chosen is None:
            why = _("This time was just taken.")
            place = None
            options = free.near(wish, usual)
        else:
            place, instead = chosen, True
            if chosen not in options:
                options = (*options, chosen)
    return Occurrence(
        key=wish.key,
        day=day,
        starts=wish.starts,
        place=None if wish.out else place,
        why=why,
        options=options,
        out=wish.out,
        instead=instead,
    )


class _Free:
    """All free places on the days of a plan."""

    def __init__(self, ask: Ask, wishes: Sequence[Wish]) -> None:
        self.ask = ask
        self.zone = clock.zone(ask.facility.zone)
        days = {wish.starts.astimezone(self.zone).date() for wish in wishes}
        days |= {wish.chosen[1].astimezone(self.zone).date() for wish in wishes if wish.chosen}
        self.by_day: dict[date, list[Slot]] = {day: [] for day in days}
        for slot in _slots(ask, sorted(days), _step(wishes)):
            on_that_day = self.by_day.get(slot.starts.astimezone(self.zone).date())
            if on_that_day is not None:
                on_that_day.append(slot)
        self.at: dict[tuple[int, datetime], Slot] = {}
        for slots in self.by_day.values():
            for slot in slots:
                self.at.setdefault((slot.practitioner_id, slot.starts), slot)

    def usual(self, wishes: Sequence[Wish]) -> int | None:
        """Who is free at most of the times: with anybody, the same person as often as it can be."""
        if self.ask.practitioner_id is not None:
            return self.ask.practitioner_id
        times = {wish.starts for wish in wishes}
        counts = Counter(person for person, starts in self.at if starts in times)
        return counts.most_common(1)[0][0] if counts else None

    def wanted(self, wish: Wish, usual: int | None) -> Slot | None:
        """The place at the wished time: with the person asked for, else the usual one, else anybody."""
        person = wish.practitioner_id or self.ask.practitioner_id
        if person is not None:
            return self.at.get((person, wish.starts))
        found = self.at.get((usual, wish.starts)) if usual is not None else None
        day = self.by_day[wish.starts.astimezone(self.zone).date()]
        return found or next((slot for slot in day if slot.starts == wish.starts), None)

    def near(self, wish: Wish, usual: int | None) -> tuple[Slot, ...]:
        """Places of the same day: the same person's nearest, then one each of others."""
        person = wish.practitioner_id or self.ask.practitioner_id or usual
        day = self.by_day[wish.starts.astimezone(self.zone).date()]
        slots = sorted(day, key=lambda slot: (abs(slot.starts - wish.starts), slot.starts))
        own = [slot for slot in slots if slot.practitioner_id == person][:NEAREST]
        others: dict[int, Slot] = {}
        for slot in slots:
            if slot.practitioner_id != person:
                others.setdefault(slot.practitioner_id, slot)
        return (*own, *list(others.values())[:OTHERS])


def _step(wishes: Sequence[Wish]) -> timedelta:
    """Five minutes where a time is off the quarter of an hour, else the quarter: far fewer places to sort."""
    times = [wish.starts for wish in wishes] + [wish.chosen[1] for wish in wishes if wish.chosen]
    return STEP if all(moment.timestamp() % STEP.total_seconds() == 0 for moment in times) else GRID


def _slots(ask: Ask, days: Sequence[date], step: timedelta) -> list[Slot]:
    found: list[Slot] = []
    left = list(days)
    while left:
        until = left[0] + timedelta(days=MAX_DAYS)
        stretch = [day for day in left if day <= until]
        found += free_slots(
            ask.facility,
            ask.service,
            stretch[0],
            stretch[-1],
            patient_id=ask.patient_id,
            step=step,
            ignore_appointments=ask.besides,
            online=ask.online,
            minutes=ask.minutes,
            new_sessions=False,
        )
        left = left[len(stretch) :]
    return found
