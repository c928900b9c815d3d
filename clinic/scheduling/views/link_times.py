"""Free times for who moves a visit by its link: the same practitioner's first, then the others'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinic.core import clock
from clinic.scheduling import queries
from clinic.scheduling.models import Appointment
from clinic.scheduling.slots import Slot

LOOKED_AHEAD = timedelta(days=13)
OWN_DAYS, OTHER_DAYS = 4, 3
"""So many days with free times are shown of the visit's own practitioner, and of the others."""


@dataclass(frozen=True)
class DayOfTimes:
    """The free times of a day, each once."""

    day: date
    slots: list[Slot]


@dataclass(frozen=True)
class TimesOffered:
    """What can be chosen, and the last day that was looked at."""

    own: list[DayOfTimes]
    others: list[DayOfTimes]
    until: date


def offer_of(visit: Appointment, day: date, last: date, *, not_before: datetime) -> TimesOffered:
    """The next free times for a visit from a day on, none before ``not_before``: at most two statements."""
    zone = visit.facility.zone
    until = min(day + LOOKED_AHEAD, last)
    slots = [
        slot
        for slot in queries.free_slots(
            visit.facility,
            visit.service,
            day,
            until,
            patient_id=visit.patient_id,
            ignore_appointment=visit.id,
            online=visit.mode == "online",
            not_before=not_before,
            new_sessions=False,
            minutes=visit.minutes,
        )
        if (slot.starts, slot.practitioner_id) != (visit.starts, visit.practitioner_id)
    ]
    own = _by_day((slot for slot in slots if slot.practitioner_id == visit.practitioner_id), zone)
    others = _by_day((slot for slot in slots if slot.practitioner_id != visit.practitioner_id), zone)
    if len(own) > OWN_DAYS:
        until = own[OWN_DAYS - 1].day
    elif not own and len(others) > OTHER_DAYS:
        until = others[OTHER_DAYS - 1].day
    return TimesOffered(own[:OWN_DAYS], [one for one in others if one.day <= until][:OTHER_DAYS], until)


def _by_day(slots: Iterable[Slot], zone_name: str) -> list[DayOfTimes]:
    zone = clock.zone(zone_name)
    days: dict[date, dict[datetime, Slot]] = {}
    for slot in slots:
        days.setdefault(slot.starts.astimezone(zone).date(), {}).setdefault(slot.starts, slot)
    return [DayOfTimes(day, list(times.values())) for day, times in sorted(days.items())]
