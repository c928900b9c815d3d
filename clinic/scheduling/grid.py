"""The calendar's geometry: instants become rows of five minutes, visits that overlap stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from clinic.core import clock
from clinic.facilities.models import Facility
from clinic.scheduling.models import CLAIMING
from clinic.scheduling.queries.calendar import Cell, Column
from clinic.scheduling.slots import spans

ROW = timedelta(minutes=5)
LATE_AFTER = timedelta(minutes=10)
GAP = timedelta(minutes=30)
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Block:
    """A stretch of a column: first row, number of rows, and words for it."""

    row: int
    rows: int
    text: str = ""


@dataclass(frozen=True)
class Visit:
    """A visit as drawn. ``mark`` is its state's icon, ``side`` its place beside others at the same time."""

    reference: str
    row: int
    rows: int
    hue: int
    status: str
    name: str
    second: str
    starts: str
    side: str
    movable: bool
    late: bool


@dataclass
class Drawn:
    """One column ready to be drawn."""

    key: str
    name: str
    second: str
    free_from: str
    day: date
    practitioner_id: int | None
    room_id: int | None
    closed: list[Block] = field(default_factory=list)
    off: list[Block] = field(default_factory=list)
    gaps: list[Block] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
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


def frame_of(
    facility: Facility, cells: Iterable[Cell], columns: Iterable[Column], days: Sequence[date]
) -> Frame:
    """The facility's hours, wider where somebody works or a visit of these days lies outside them."""
    first, last = facility.opens.hour, _ceil_hour(facility.closes)
    for column in columns:
        for interval in column.intervals:
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


@dataclass(frozen=True)
class Scale:
    """A day of a zone as rows. The wall clock decides, so a day with a clock change has the rows of any
    other.
    """

    day: date
    zone: str
    frame: Frame

    def rows(self, starts: datetime, ends: datetime) -> tuple[int, int]:
        """First row and number of rows; a part outside the hours shown is cut off."""
        first, last = self._row(starts), self._row(ends, up=True)
        return first, max(0, last - first)

    def _row(self, moment: datetime, *, up: bool = False) -> int:
        local = moment.astimezone(clock.zone(self.zone))
        days = (local.date() - self.day).days
        minutes = days * 1440 + local.hour * 60 + local.minute - self.frame.first * 60
        row = -(-minutes // 5) if up else minutes // 5
        return min(max(row, 0), self.frame.rows)

    def text(self, row: int) -> str:
        minutes = self.frame.first * 60 + row * 5
        return f"{minutes // 60:02d}:{minutes % 60:02d}"


def draw(
    facility: Facility,
    column: Column,
    day: date,
    frame: Frame,
    cells: Sequence[Cell],
    *,
    gap: timedelta | None = GAP,
) -> Drawn:
    """One column of one day: what is closed, off, booked, and where something can be booked."""
    scale = Scale(day, facility.zone, frame)
    now = clock.now()
    is_room = column.kind == "room"
    drawn = Drawn(
        key=f"{column.resource_id}-{day:%m%d}",
        name=column.name,
        second=column.second,
        free_from="",
        day=day,
        practitioner_id=column.practitioner_id,
        room_id=column.resource_id if is_room else None,
        is_today=day == clock.today(facility.zone),
    )
    open_rows = [True] * frame.rows
    if not is_room:
        open_rows = [False] * frame.rows
        days = [day - timedelta(days=1), day]
        for starts, ends in spans(days, column.intervals, facility.zone):
            row, rows = scale.rows(starts, ends)
            open_rows[row : row + rows] = [True] * rows
        drawn.closed = [Block(row, rows) for row, rows in _stretches(open_rows, wanted=False)]
    for off in column.offs:
        row, rows = scale.rows(off.starts, off.ends)
        if rows:
            drawn.off.append(Block(row, rows, off.reason))
            open_rows[row : row + rows] = [False] * rows
    drawn.visits, taken = _visits(cells, scale, now, by_room=is_room)
    for row, rows in taken:
        open_rows[row : row + rows] = [False] * rows
    gone = _gone(scale, now)
    open_rows[:gone] = [False] * gone
    if not is_room:
        if gap is not None:
            drawn.gaps = _gaps(open_rows, scale, gap // ROW)
        free = next((row for row, rows in _stretches(open_rows, wanted=True) if rows >= 3), None)
        drawn.free_from = scale.text(free) if free is not None else ""
    drawn.in_session = any(cell.status == "in_progress" for cell in cells)
    return drawn


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
    cells: Sequence[Cell], scale: Scale, now: datetime, *, by_room: bool
) -> tuple[list[Visit], list[tuple[int, int]]]:
    placed = []
    for cell in cells:
        row, rows = scale.rows(cell.starts, cell.ends)
        if rows:
            placed.append((row, rows, cell))
    sides = _sides([(row, rows) for row, rows, _cell in placed])
    visits = []
    for (row, rows, cell), side in zip(placed, sides, strict=True):
        begins = scale.text(row)
        what = f"{cell.service}, {cell.practitioner}" if by_room else cell.service
        visits.append(
            Visit(
                cell.reference,
                row,
                rows,
                cell.hue,
                cell.status,
                cell.patient,
                what if rows <= 4 else f"{begins} {what}",
                begins,
                side,
                cell.status in ("pending", "confirmed"),
                cell.status in ("pending", "confirmed") and cell.starts + LATE_AFTER < now < cell.ends,
            )
        )
    return visits, [(row, rows) for row, rows, cell in placed if cell.status in CLAIMING]


def _sides(stretches: Sequence[tuple[int, int]]) -> list[str]:
    """Which half or third each gets, where some overlap."""
    sides = [""] * len(stretches)
    group: list[int] = []
    group_end = -1

    def settle() -> None:
        if len(group) < 2:
            return
        lanes: list[int] = []
        lane_of = {}
        for index in group:
            row, rows = stretches[index]
            lane = next((lane for lane, end in enumerate(lanes) if end <= row), len(lanes))
            if lane == len(lanes):
                lanes.append(0)
            lanes[lane] = row + rows
            lane_of[index] = lane
        word, most = ("half", 2) if len(lanes) <= 2 else ("third", 3)
        for index, lane in lane_of.items():
            sides[index] = f"{word}-{min(lane, most - 1) + 1}"

    for index, (row, rows) in enumerate(stretches):
        if row >= group_end:
            settle()
            group = []
        group.append(index)
        group_end = max(group_end, row + rows)
    settle()
    return sides


def _stretches(flags: Sequence[bool], *, wanted: bool) -> list[tuple[int, int]]:
    found = []
    start: int | None = None
    for row, flag in enumerate([*flags, not wanted]):
        if flag == wanted and start is None:
            start = row
        elif flag != wanted and start is not None:
            found.append((start, row - start))
            start = None
    return found


def _gaps(open_rows: Sequence[bool], scale: Scale, step: int) -> list[Block]:
    """Free stretches cut at each step of the clock, the pieces shorter than ten minutes left out."""
    gaps = []
    for row, rows in _stretches(open_rows, wanted=True):
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
