"""Today in four lanes: what each visit is, how long somebody has waited, what needs somebody."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.i18n import show_time
from clinic.core.phones import show
from clinic.facilities.models import Facility
from clinic.notifications.queries import recent_failures
from clinic.notifications.wording import in_words
from clinic.patients.models import Patient
from clinic.patients.queries import intakes_to_review
from clinic.scheduling import grid
from clinic.scheduling.queries.board import BoardRow, board
from clinic.scheduling.queries.calendar import columns

LATE_AFTER = timedelta(minutes=5)
LONG_WAIT_MINUTES = 20
SHOWN_DONE = 9
SHOWN_EXPECTED = 12


@dataclass(frozen=True)
class Row:
    """A visit in its lane. Minutes are whole; ``planned`` is what the service takes."""

    visit: BoardRow
    time: str
    due: str
    minutes: int = 0
    planned: int = 0
    late: int = 0
    long_wait: bool = False
    unconfirmed: bool = False
    no_show: bool = False


@dataclass
class Lanes:
    """The day's visits by where they stand."""

    expected: list[Row] = field(default_factory=list)
    arrived: list[Row] = field(default_factory=list)
    in_session: list[Row] = field(default_factory=list)
    done: list[Row] = field(default_factory=list)
    ticks: list[dict[str, object]] = field(default_factory=list)
    left_open: list[BoardRow] = field(default_factory=list)

    @property
    def booked(self) -> int:
        return len(self.expected) + len(self.arrived) + len(self.in_session) + len(self.done)

    @property
    def present(self) -> int:
        return len(self.arrived) + len(self.in_session)

    @property
    def unconfirmed(self) -> int:
        return sum(row.unconfirmed for row in self.expected)


@dataclass(frozen=True)
class Failed:
    """A message that did not arrive, with who it was for."""

    id: int
    name: str
    text: str
    why: str
    mobile: str
    telephone: str


@dataclass(frozen=True)
class Rail:
    """What needs somebody, and when the next person is free."""

    failed: list[Failed]
    intakes: list[tuple[int, str]]
    next_free: list[tuple[str, str]]


def lanes_of(facility: Facility) -> Lanes:
    """Today's visits in their lanes: one statement."""
    now, zone = clock.now(), facility.zone
    lanes = Lanes()
    for visit in board(facility, clock.today(zone)):
        if visit.left_open:
            lanes.left_open.append(visit)
            continue
        time = show_time(visit.starts, zone)
        planned = _minutes(visit.ends - visit.starts)
        tick = "next"
        match visit.status:
            case "arrived":
                waited = _minutes(now - (visit.arrived_at or visit.starts))
                lanes.arrived.append(
                    Row(visit, time, time, waited, LONG_WAIT_MINUTES, long_wait=waited > LONG_WAIT_MINUTES)
                )
                tick = "in"
            case "in_progress":
                used = _minutes(now - (visit.started_at or visit.starts))
                lanes.in_session.append(Row(visit, time, time, used, planned))
                tick = "in"
            case "completed" | "no_show":
                at = visit.completed_at or visit.ends
                lanes.done.append(Row(visit, show_time(at, zone), time, no_show=visit.status == "no_show"))
                tick = "gone"
            case _:
                late = _minutes(now - visit.starts) if now - visit.starts > LATE_AFTER else 0
                lanes.expected.append(
                    Row(visit, time, time, late=late, unconfirmed=visit.status == "pending")
                )
        lanes.ticks.append({"at": _share(facility, visit.starts), "state": tick})
    lanes.arrived.sort(key=lambda row: -row.minutes)
    lanes.in_session.sort(key=lambda row: -row.minutes)
    lanes.done.sort(key=lambda row: row.visit.completed_at or row.visit.ends, reverse=True)
    return lanes


def rail_of(actor: Actor, facility: Facility, lanes: Lanes) -> Rail:
    """Failed messages, intake to be looked at, and the next free times: three statements, four with
    failures.
    """
    return Rail(
        _failed(facility),
        [(found.patient_id, found.patient_name) for found in intakes_to_review(actor, limit=5)],
        _next_free(facility, lanes),
    )


def _failed(facility: Facility) -> list[Failed]:
    failures = recent_failures(facility.id, limit=5)
    ids = {failure.patient_id for failure in failures if failure.patient_id is not None}
    people = {}
    if ids:
        rows = db.session.execute(select(Patient.id, Patient.name, Patient.mobile).where(Patient.id.in_(ids)))
        people = {row[0]: (row[1], row[2]) for row in rows}
    found = []
    for failure in failures:
        name, mobile = people.get(failure.patient_id or 0, ("", None))
        found.append(
            Failed(failure.id, name, failure.label, in_words(failure.why), mobile or "", show(mobile))
        )
    return found


def _next_free(facility: Facility, lanes: Lanes) -> list[tuple[str, str]]:
    busy: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in [*lanes.expected, *lanes.arrived, *lanes.in_session]:
        busy[row.visit.practitioner_id].append((row.visit.starts, row.visit.ends))
    first, after = clock.day_bounds(clock.today(facility.zone), facility.zone)
    free = []
    for column in columns(facility.id, first, after):
        if column.practitioner_id is not None:
            at = grid.next_free(facility, column, busy.get(column.practitioner_id, []))
            if at is not None:
                free.append((at, column.name))
    return [(name, show_time(at, facility.zone)) for at, name in sorted(free)[:6]]


def _minutes(length: timedelta) -> int:
    return max(0, int(length.total_seconds() // 60))


def _share(facility: Facility, moment: datetime) -> float:
    local = moment.astimezone(clock.zone(facility.zone))
    return round((local.hour * 60 + local.minute - 8 * 60) / (11 * 60), 4)
