"""What else is free, when a time is gone."""

from __future__ import annotations

from datetime import datetime, timedelta

from clinic.core import clock
from clinic.facilities.models import Facility
from clinic.scheduling.models import Service
from clinic.scheduling.queries.availability import free_slots
from clinic.scheduling.slots import Slot

LOOK_AHEAD = 7
HOW_MANY = 3


def alternatives(
    facility: Facility,
    service: Service,
    *,
    practitioner_id: int,
    starts: datetime,
    patient_id: int | None = None,
    ignore_appointment: int | None = None,
    ignore_hold: str | None = None,
    online: bool = False,
    new_sessions: bool = True,
    minutes: int | None = None,
) -> list[Slot]:
    """Three near places: the same practitioner close by, another at the same time, the same the next free
    day. Of a service for groups only the sessions there are, unless with ``new_sessions``. ``minutes`` is how
    long the visit lasts, the service's own unless given.
    """
    zone = clock.zone(facility.zone)
    day = starts.astimezone(zone).date()
    day = max(day, clock.today(facility.zone))
    slots = free_slots(
        facility,
        service,
        day,
        day + timedelta(days=LOOK_AHEAD),
        patient_id=patient_id,
        ignore_appointment=ignore_appointment,
        ignore_hold=ignore_hold,
        online=online,
        new_sessions=new_sessions,
        minutes=minutes,
    )

    def distance(slot: Slot) -> timedelta:
        return abs(slot.starts - starts)

    def local_day(slot: Slot) -> int:
        return (slot.starts.astimezone(zone).date() - day).days

    own = [slot for slot in slots if slot.practitioner_id == practitioner_id]
    wall = starts.astimezone(zone)
    later = [slot for slot in own if local_day(slot) > 0]
    next_day = min(map(local_day, later), default=None)
    choices = [
        min((slot for slot in own if local_day(slot) == 0), key=distance, default=None),
        min((slot for slot in slots if slot.practitioner_id != practitioner_id), key=distance, default=None),
        min(
            (slot for slot in later if local_day(slot) == next_day),
            key=lambda slot: abs(_minutes(slot.starts.astimezone(zone)) - _minutes(wall)),
            default=None,
        ),
    ]
    chosen = [slot for slot in choices if slot is not None]
    for slot in sorted(slots, key=distance):
        if len(chosen) >= HOW_MANY:
            break
        if slot not in chosen:
            chosen.append(slot)
    return chosen


def _minutes(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute
