"""Reading the audit: what an address asks for, the file it is taken out as, the days of a patient's log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import exists, select

from clinic.accounts.models import RoleGrant, User
from clinic.audit.models import AuditEvent
from clinic.audit.queries import Wanted
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.web import read_id
from clinic.exports.columns import Column
from clinic.patients.models import Patient

OUTCOMES = ("done", "refused")
MOST_PEOPLE = 500
COLUMNS: tuple[Column, ...] = (
    Column("id", lambda row: row.id),
    Column("at", lambda row: _instant(row.at)),
    Column("who", lambda row: row.actor_name),
    Column("who_id", lambda row: row.actor_id),
    Column("session", lambda row: row.session_id),
    Column("action", lambda row: row.action),
    Column("outcome", lambda row: row.outcome),
    Column("of", lambda row: row.subject_type),
    Column("of_id", lambda row: row.subject_id),
    Column("patient_id", lambda row: row.patient_id),
    Column("clinic_id", lambda row: row.facility_id),
    Column("from", lambda row: row.origin),
    Column("request", lambda row: row.request_id),
    Column("detail", lambda row: json.dumps(row.detail, ensure_ascii=False, sort_keys=True)),
)
"""What stands in the file; headings are English in every language, as in the other lists."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the reader asked for: the rows, and the two days as they were typed, both included."""

    wanted: Wanted
    first: str = ""
    last: str = ""

    @property
    def address(self) -> dict[str, object]:
        """The same as the values of an address."""
        wanted = self.wanted
        values = {
            "by": wanted.actor_id,
            "patient": wanted.patient_id,
            "what": wanted.noun,
            "outcome": wanted.outcome,
            "facility": wanted.facility_id,
            "from": self.first,
            "to": self.last,
        }
        return {name: value for name, value in values.items() if value}


def read_asked(args: Mapping[str, str], zone: str, nouns: Callable[[str], bool]) -> Asked:
    """What an address or a form asks for; what makes no sense is left out."""
    first, last = _day(args.get("from", "")), _day(args.get("to", ""))
    noun, outcome = args.get("what", ""), args.get("outcome", "")
    return Asked(
        wanted=Wanted(
            actor_id=read_id(args.get("by")),
            patient_id=read_id(args.get("patient")),
            noun=noun if nouns(noun) else None,
            outcome=outcome if outcome in OUTCOMES else None,
            facility_id=read_id(args.get("facility")),
            since=clock.day_bounds(first, zone)[0] if first else None,
            until=clock.day_bounds(last, zone)[1] if last else None,
        ),
        first=first.isoformat() if first else "",
        last=last.isoformat() if last else "",
    )


def staff_names() -> Sequence[tuple[int, str]]:
    """Everybody who works or worked here, by name, to choose from."""
    works = exists().where(RoleGrant.user_id == User.id, RoleGrant.role != Role.PATIENT)
    rows = db.session.execute(
        select(User.id, User.name).where(works).order_by(User.name, User.id).limit(MOST_PEOPLE)
    )
    return [(row.id, row.name) for row in rows]


def patients_named(ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Name and number of patients by id: all of them that an administrator ever sees."""
    if not ids:
        return {}
    rows = db.session.execute(select(Patient.id, Patient.name, Patient.mrn).where(Patient.id.in_(ids)))
    return {row.id: (row.name, row.mrn) for row in rows}


@dataclass(frozen=True, kw_only=True)
class OfPerson:
    """What one person did with a patient's data on one day: rows of an action, the newest first."""

    actor_id: int | None
    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Line:
    """An action of a person on a day: how often, from when until when, and from where."""

    action: str
    outcome: str
    count: int
    first: datetime
    last: datetime
    origins: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OfDay:
    """A day of the log."""

    day: date
    people: tuple[OfPerson, ...]


def by_day(events: Sequence[AuditEvent], zone: str) -> list[OfDay]:
    """Rows, the newest first, put together by day, person and action."""
    days = []
    for day, rows in groupby(events, key=lambda event: event.at.astimezone(clock.zone(zone)).date()):
        people: dict[tuple[int | None, str], list[AuditEvent]] = {}
        for row in rows:
            people.setdefault((row.actor_id, row.actor_name), []).append(row)
        days.append(
            OfDay(
                day=day,
                people=tuple(
                    OfPerson(actor_id=actor_id, name=name, lines=_lines(done))
                    for (actor_id, name), done in people.items()
                ),
            )
        )
    return days


def _lines(rows: Sequence[AuditEvent]) -> tuple[Line, ...]:
    found: dict[tuple[str, str], list[AuditEvent]] = {}
    for row in rows:
        found.setdefault((row.action, row.outcome), []).append(row)
    return tuple(
        Line(
            action=action,
            outcome=outcome,
            count=len(same),
            first=same[-1].at,
            last=same[0].at,
            origins=tuple(dict.fromkeys(row.origin for row in same if row.origin)),
        )
        for (action, outcome), same in found.items()
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return day if date(1900, 1, 1) <= day <= date(2199, 12, 31) - timedelta(days=1) else None


def _instant(moment: datetime) -> str:
    return moment.astimezone(clock.zone("UTC")).isoformat(timespec="seconds").replace("+00:00", "Z")
