"""The timeline as it is shown: entries in words, days told once, the year where it changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from clinic.core import clock
from clinic.core.access import Actor
from clinic.patients.queries.happened import Cursor, Filter, TimelinePage, kinds_for, timeline_of
from clinic.patients.timeline import Happened, Line, TimelineSource, timeline_sources


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row. ``first_of_day`` says whether its day is told, ``year`` is set where a new one begins."""

    at: datetime
    line: Line
    label: str
    icon: str
    first_of_day: bool
    today: bool
    year: int | None
    running: bool


@dataclass(frozen=True, kw_only=True)
class TimelineShown:
    """``ahead`` stands above the present minute. ``earlier`` is the cursor of the next page, ``kinds`` what
    is asked for (none: everything), ``filters`` the words to choose from.
    """

    now: datetime
    filters: tuple[Filter, ...]
    kinds: tuple[str, ...]
    ahead: tuple[Entry, ...]
    more_ahead: bool
    entries: tuple[Entry, ...]
    earlier: str
    continued: bool

    def toggled(self, kind: str) -> list[str]:
        """The kinds asked for once the word of ``kind`` is chosen, or given up."""
        if kind in self.kinds:
            return [other for other in self.kinds if other != kind]
        return [one.source.kind for one in self.filters if one.source.kind in {*self.kinds, kind}]


def shown_timeline(
    actor: Actor, patient_id: int, *, zone: str, asked: Iterable[str], before: Cursor | None
) -> TimelineShown:
    """One page of the timeline. One statement. Kinds that are unknown, or not this reader's, are left out of
    what is asked; where none is left, that is everything.
    """
    filters = kinds_for(actor, patient_id, frozenset(asked))
    kinds = tuple(one.source.kind for one in filters if one.chosen)
    now = clock.now()
    page = timeline_of(actor, patient_id, now=now, kinds=kinds, before=before)
    return TimelineShown(
        now=now,
        filters=tuple(filters),
        kinds=kinds,
        ahead=_entries(page.ahead, zone, _day(now, zone).year, None),
        more_ahead=page.more_ahead,
        entries=_past(page, zone, before, now),
        earlier=page.earlier,
        continued=before is not None,
    )


def _past(page: TimelinePage, zone: str, before: Cursor | None, now: datetime) -> tuple[Entry, ...]:
    """What was, going on from the day and year that the page before ended with."""
    last = _day(before.at, zone) if before else None
    year = (last or _day(now, zone)).year
    if before is None and page.ahead:
        year = _day(page.ahead[-1].at, zone).year
    return _entries(page.entries, zone, year, last)


def _entries(rows: Sequence[Happened], zone: str, year: int, last: date | None) -> tuple[Entry, ...]:
    sources: dict[str, TimelineSource] = {source.kind: source for source in timeline_sources()}
    today = clock.today(zone)
    shown = []
    for row in rows:
        source, day = sources[row.kind], _day(row.at, zone)
        line = source.show(row, zone)
        shown.append(
            Entry(
                at=row.at,
                line=line,
                label=str(source.label),
                icon=line.icon or source.icon,
                first_of_day=day != last,
                today=day == today,
                year=day.year if day.year != year else None,
                running=line.state == "in_progress",
            )
        )
        last, year = day, day.year
    return tuple(shown)


def _day(moment: datetime, zone: str) -> date:
    return moment.astimezone(clock.zone(zone)).date()
