"""The calendar's geometry: instants become rows of five minutes, visits that overlap stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from clinic.core import clock
from clinic.facilities.models import Facility
from clinic.scheduling.lanes import sides, stretches
from clinic.scheduling.models import CLAIMING
from clinic.scheduling.queries.calendar import PEOPLE, Cell, Column
from clinic.scheduling.slots import WeeklyInterval, spans

ROW = timedelta(minutes=5)
LATE_AFTER = timedelta(minutes=10)
GAP = timedelta(minutes=30)
QUARTER = timedelta(minutes=15)
_MOVABLE = frozenset({"pending", "confirmed"})
_CLAIMING = frozenset(CLAIMING)


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a column: first row, number of rows, and words for it."""

    row: int
    rows: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as drawn: its rows, its place beside others at the same time, and the rows that its buffers
    take before and after it. ``leads``: whoever the column is of performs it.
    """

    cell: Cell
    row: int
    rows: int
    side: str
    starts: str
    movable: bool
    late: bool
    leads: bool
    before: int = 0
    after: int = 0


@dataclass
class Drawn:
    """One column ready to be drawn."""

    key: str
    name: str
    second: str
    free_from: str
    day: date
    kind: str
    resource_id: int
    practitioner_id: int | None
    closed: list[Block] = field(default_factory=list)
    breaks: list[Block] = field(default_factory=list)
    off: list[Block] = field(default_factory=list)
    gaps: list[Block] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    open_rows: int = 0
    booked_rows: int = 0
    in_session: bool = False
    is_today: bool = False


@dataclass(frozen=True)
class Frame:
    """The hours shown: from the first to the last (0 to 24) of the facility's day."""

    first: int
    last: int

    @property
    def rows(self) -> int:
        return (self.last - self.first) * 12


@lru_cache(maxsize=64)
def _labels(first: int, last: int) -> tuple[str, ...]:
    """The clock's words for every row, and for the end of the last."""
    return tuple(f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in range(first * 60, last * 60 + 1, 5))


def frame_of(
    facility: Facility, cells: Iterable[Cell], columns: Iterable[Column], days: Sequence[date]
) -> Frame:
    """The facility's hours, wider where somebody works or a visit of these days lies outside them."""
    first, last = facility.opens.hour, _ceil_hour(facility.closes)
    for column in columns:
        for interval in column.intervals:
            if any(interval.holds_on(day) for day in days):
                first, last = min(first, interval.starts.hour), max(last, _ceil_hour(interval.ends))
    zone = clock.zone(facility.zone)
    for cell in cells:
        starts, ends = cell.starts.astimezone(zone), cell.ends.astimezone(zone)
        if starts.date() in days:
            first = min(first, starts.hour)
        if ends.date() > starts.date():
            first, last = 0 if ends.date() in days else first, 24
        else:
            last = max(last, _ceil_hour(ends.time()))
    return Frame(first, max(last, first + 1))


def _ceil_hour(wall: time) -> int:
    return min(24, wall.hour + (1 if wall.minute or wall.second else 0))


class Scale:
    """A day of a zone as rows. The wall clock decides, so a day with a clock change has the rows of any
    other.
    """

    def __init__(self, day: date, zone: str, frame: Frame) -> None:
        self.day, self.zone, self.frame = day, zone, frame
        self._zone = clock.zone(zone)
        self._texts = _labels(frame.first, frame.last)

    def rows(self, starts: datetime, ends: datetime) -> tuple[int, int]:
        """First row and number of rows; a part outside the hours shown is cut off."""
        first, last = self._row(starts, 0), self._row(ends, 4)
        return first, max(0, last - first)

    def _row(self, moment: datetime, up: int) -> int:
        local = moment.astimezone(self._zone)
        minutes = local.hour * 60 + local.minute - self.frame.first * 60
        if local.date() != self.day:
            minutes += (local.date() - self.day).days * 1440
        return min(max((minutes + up) // 5, 0), self.frame.rows)

    def text(self, row: int) -> str:
        """The clock's words for a row."""
        return self._texts[row]


@dataclass(frozen=True)
class Day:
    """A day of a facility as it is drawn. ``house`` is the facility's own column: its opening hours bind
    everybody, its closures go across all columns.
    """

    facility: Facility
    day: date
    frame: Frame
    now: datetime
    house: Column | None = None
    gap: timedelta | None = GAP

    def draw(self, column: Column, cells: Sequence[Cell]) -> Drawn:
        """One column: what is closed, off, booked, and where something can be booked."""
        scale = Scale(self.day, self.facility.zone, self.frame)
        drawn = Drawn(
            key=f"{column.resource_id}-{self.day:%m%d}",
            name=column.name,
            second=column.second,
            free_from="",
            day=self.day,
            kind=column.kind,
            resource_id=column.resource_id,
            practitioner_id=column.practitioner_id,
            is_today=self.day == self.now.astimezone(clock.zone(self.facility.zone)).date(),
        )
        open_rows = self._open(column, drawn, scale)
        drawn.open_rows = sum(open_rows)
        taken = _visits(drawn, column, cells, scale, self.now)
        drawn.booked_rows = sum(rows for _row, rows in taken)
        for row, rows in taken:
            open_rows[row : row + rows] = [False] * rows
        gone = _gone(scale, self.now)
        open_rows[:gone] = [False] * gone
        if column.kind in PEOPLE:
            if self.gap is not None:
                drawn.gaps = _gaps(open_rows, scale, self.gap // ROW)
            free = next((row for row, rows in stretches(open_rows, wanted=True) if rows >= 3), None)
            drawn.free_from = scale.text(free) if free is not None else ""
        drawn.in_session = any(cell.status == "in_progress" for cell in cells)
        return drawn

    def _open(self, column: Column, drawn: Drawn, scale: Scale) -> list[bool]:
        """Which rows can be booked, leaving aside what is booked already; closed hours and time off are noted
        in the column.
        """
        whole = self.frame.rows
        if column.intervals or column.kind in PEOPLE:
            open_rows = self._working(column.intervals, scale)
        else:
            open_rows = [True] * whole
        if self.house is not None and self.house.intervals:
            house = self._working(self.house.intervals, scale)
            open_rows = [mine and ours for mine, ours in zip(open_rows, house, strict=True)]
        for row, rows in stretches(open_rows, wanted=False):
            within = row > 0 and row + rows < whole
            (drawn.breaks if within else drawn.closed).append(Block(row, rows))
        for off in (*column.offs, *(self.house.offs if self.house is not None else ())):
            row, rows = scale.rows(off.starts, off.ends)
            if rows:
                drawn.off.append(Block(row, rows, off.reason))
                open_rows[row : row + rows] = [False] * rows
        return open_rows

    def _working(self, intervals: Sequence[WeeklyInterval], scale: Scale) -> list[bool]:
        rows_open = [False] * self.frame.rows
        for starts, ends in spans([self.day - timedelta(days=1), self.day], intervals, self.facility.zone):
            row, rows = scale.rows(starts, ends)
            rows_open[row : row + rows] = [True] * rows
        return rows_open


def _gone(scale: Scale, now: datetime) -> int:
    """How many rows of the day are past."""
    first, after = clock.day_bounds(scale.day, scale.zone)
    if now < first:
        return 0
    return scale.frame.rows if now >= after else scale.rows(first, now)[1]


def next_free(
    facility: Facility, column: Column, busy: Sequence[tuple[datetime, datetime]]
) -> datetime | None:
    """When somebody has a quarter of an hour today, from now on."""
    now = clock.now()
    at = now + (-now.timestamp() % 300) * timedelta(seconds=1)
    today = clock.today(facility.zone)
    taken = sorted([*busy, *((off.starts, off.ends) for off in column.offs)])
    for starts, ends in spans([today - timedelta(days=1), today], column.intervals, facility.zone):
        free = max(starts, at)
        for begins, over in taken:
            if begins - free >= QUARTER:
                break
            free = max(free, over)
        if ends - free >= QUARTER:
            return free
    return None


def _visits(
    drawn: Drawn, column: Column, cells: Sequence[Cell], scale: Scale, now: datetime
) -> list[tuple[int, int]]:
    """Put the visits into the column; the stretches they take, buffers included."""
    placed = []
    for cell in cells:
        row, rows = scale.rows(cell.starts, cell.ends)
        if rows:
            placed.append((row, rows, cell))
    taken = []
    for (row, rows, cell), side in zip(placed, sides([one[:2] for one in placed]), strict=True):
        before = after = 0
        if cell.taken_from is not None and cell.taken_to is not None:
            if cell.taken_from < cell.starts:
                before = scale.rows(cell.taken_from, cell.starts)[1]
            if cell.taken_to > cell.ends:
                after = scale.rows(cell.ends, cell.taken_to)[1]
        can_change = cell.status in _MOVABLE and cell.session_id is None
        drawn.visits.append(
            Visit(
                cell=cell,
                row=row,
                rows=rows,
                side=side,
                starts=scale.text(row),
                movable=can_change,
                late=can_change and cell.starts + LATE_AFTER < now < cell.ends,
                leads=column.practitioner_id == cell.practitioner_id,
                before=before,
                after=after,
            )
        )
        if cell.status in _CLAIMING:
            taken.append((row - before, rows + before + after))
    return taken


def _gaps(open_rows: Sequence[bool], scale: Scale, step: int) -> list[Block]:
    """Free stretches cut at each step of the clock, the pieces shorter than ten minutes left out."""
    gaps = []
    for row, rows in stretches(open_rows, wanted=True):
        at = row
        while at < row + rows:
            end = min(row + rows, (at // step + 1) * step)
            if end - at >= 2:
                gaps.append(Block(at, end - at, scale.text(at)))
            at = end
    return gaps


def now_share(facility: Facility, day: date, frame: Frame) -> float | None:
    """Where the present lies in the hours shown, 0 to 1; None on another day or outside them."""
    local = clock.now().astimezone(clock.zone(facility.zone))
    if local.date() != day:
        return None
    share = (local.hour * 60 + local.minute - frame.first * 60) / ((frame.last - frame.first) * 60)
    return round(share, 4) if 0 <= share <= 1 else None
