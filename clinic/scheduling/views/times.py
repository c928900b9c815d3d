"""Free times as rows of days, for booking and for moving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby

from clinic.core import clock
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_day, show_time
from clinic.facilities.models import Facility
from clinic.scheduling.slots import Slot
from clinic.scheduling.views.reading import slot_value

SHOWN_DAYS = 5
SHOWN_TIMES = 4


@dataclass(frozen=True)
class Choice:
    """One time to choose. ``label`` is what the button says: ``Wed 11:45``."""

    value: str
    time: str
    note: str
    label: str


@dataclass(frozen=True)
class DayRow:
    """The times of one day; ``hidden`` more are there."""

    day: date
    name: str
    second: str
    choices: list[Choice] = field(default_factory=list)
    hidden: int = 0


def day_name(day: date, today: date) -> str:
    """``Today`` or the weekday."""
    if day == today:
        return _("Today")
    return show_day(day).split()[0].rstrip(",")


def spoken(facility: Facility, starts: datetime) -> str:
    """``Wed 11:45``, the way a button says it."""
    day = starts.astimezone(clock.zone(facility.zone)).date()
    return f"{show_day(day).split()[0].rstrip(',')} {show_time(starts, facility.zone)}"


def rows_of(
    facility: Facility,
    slots: Sequence[Slot],
    from_day: date,
    *,
    named: bool,
    all_of: date | None = None,
    chosen: tuple[int, datetime] | None = None,
) -> list[DayRow]:
    """The slots by day from a day on, a few of each day, the ``chosen`` one among them.

    Each time stands once: with several people free it is the first one's; ``named`` says whose.
    """
    zone, today = clock.zone(facility.zone), clock.today(facility.zone)
    by_day = {
        day: list(group)
        for day, group in groupby(slots, key=lambda slot: slot.starts.astimezone(zone).date())
    }
    rows = []
    for offset in range(SHOWN_DAYS):
        day = from_day + timedelta(days=offset)
        first: dict[datetime, Slot] = {}
        for slot in by_day.get(day, []):
            if (slot.practitioner_id, slot.starts) == chosen:
                first[slot.starts] = slot
            first.setdefault(slot.starts, slot)
        places = list(first.values())
        shown = places if day == all_of else _spread(places, chosen)
        rows.append(
            DayRow(
                day,
                day_name(day, today),
                show_day(day).split(" ", 1)[-1],
                [choice_of(facility, slot, note=slot.practitioner_name if named else "") for slot in shown],
                len(places) - len(shown),
            )
        )
    return rows


def choice_of(facility: Facility, slot: Slot, *, note: str = "", with_day: bool = False) -> Choice:
    """A slot as something to choose."""
    label = spoken(facility, slot.starts)
    return Choice(
        slot_value(slot.practitioner_id, slot.starts),
        label if with_day else show_time(slot.starts, facility.zone),
        note,
        label,
    )


def _spread(places: list[Slot], chosen: tuple[int, datetime] | None) -> list[Slot]:
    """As many as a row shows, spread over the day rather than all of its morning, and the chosen one."""
    if len(places) <= SHOWN_TIMES:
        return places
    step = len(places) / SHOWN_TIMES
    kept = {int(position * step) for position in range(SHOWN_TIMES)}
    return [
        slot
        for position, slot in enumerate(places)
        if position in kept or (slot.practitioner_id, slot.starts) == chosen
    ]


def alternatives_of(
    facility: Facility, slots: Sequence[Slot], *, practitioner_id: int | None, wanted: datetime
) -> list[Choice]:
    """Alternatives with what they keep of what was asked for: the person, or the hour."""
    zone = clock.zone(facility.zone)
    choices = []
    for slot in slots:
        same_day = slot.starts.astimezone(zone).date() == wanted.astimezone(zone).date()
        note = _("same practitioner") if slot.practitioner_id == practitioner_id else slot.practitioner_name
        choices.append(choice_of(facility, slot, note=note, with_day=not same_day))
    return choices
