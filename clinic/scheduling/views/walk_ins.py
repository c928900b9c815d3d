"""Somebody who walks in: who can see them next, how long that is, and the number they wait with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from clinic.core import clock
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext, show_time
from clinic.facilities.models import Facility
from clinic.scheduling.models import Appointment, Service
from clinic.scheduling.queries import free_slots
from clinic.scheduling.slots import GRID

LONG = 90
"""So many minutes nobody counts any more; the hour says it better."""


def soonest_first(people: Sequence[tuple[int, str]], waits: Mapping[int, datetime]) -> list[tuple[int, str]]:
    """Practitioners by when they can see somebody; who has no time left comes last."""
    return sorted(people, key=lambda person: (person[0] not in waits, waits.get(person[0], now_at())))


def now_at() -> datetime:
    """The last full five minutes: somebody standing at the desk is not too late for them."""
    now = clock.now()
    return now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)


def next_free(
    facility: Facility, service: Service, *, patient_id: int | None, ignore_hold: str | None = None
) -> dict[int, datetime]:
    """When each practitioner can see them first today, by practitioner; who has no time left is not there."""
    today = clock.today(facility.zone)
    first: dict[int, datetime] = {}
    slots = free_slots(
        facility,
        service,
        today,
        today,
        patient_id=patient_id,
        step=GRID,
        since=now_at(),
        ignore_hold=ignore_hold,
    )
    for slot in slots:
        first.setdefault(slot.practitioner_id, slot.starts)
    return first


def wait_words(starts: datetime, zone: str) -> str:
    """``free now``, or how long it takes and until when."""
    minutes = waiting_minutes(starts)
    if not minutes:
        return _("free now")
    if minutes > LONG:
        return _("from %(time)s", time=show_time(starts, zone))
    return _("in %(minutes)s min, at %(time)s", minutes=minutes, time=show_time(starts, zone))


def waiting_minutes(starts: datetime) -> int:
    """Minutes from now until an instant, 0 for one that has come."""
    return max(0, -((clock.now() - starts) // timedelta(minutes=1)))


def said(appointment: Appointment, zone: str) -> str:
    """What the desk tells somebody who was taken in."""
    minutes = waiting_minutes(appointment.starts)
    if not minutes:
        return _("Token %(token)s: %(name)s is free now", token=appointment.token, name=_name(appointment))
    return ngettext(
        "Token %(token)s: %(name)s at %(time)s, in about %(num)s minute",
        "Token %(token)s: %(name)s at %(time)s, in about %(num)s minutes",
        minutes,
        token=appointment.token,
        name=_name(appointment),
        time=show_time(appointment.starts, zone),
    )


def _name(appointment: Appointment) -> str:
    return appointment.practitioner.name
