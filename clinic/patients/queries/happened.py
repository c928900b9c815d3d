"""The timeline of a patient, read by key: all kinds in one statement, each as far as the page needs it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, collate, literal, select, tuple_, union_all

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.patients.timeline import Happened, TimelineSource, timeline_sources

PAGE = 25
"""Entries of one page."""
AHEAD = 8
"""So many of what is to come stand above today, the nearest; all of them are under Visits."""
LONGEST_CURSOR = 200
LARGEST_ID = 2**63 - 1
"""What fits a bigint."""
Aside = Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The entry a page ended with: what comes next is older, in the order of (at, kind, id) falling."""

    at: datetime
    kind: str
    id: int


@dataclass(frozen=True, kw_only=True)
class TimelinePage:
    """``ahead`` is what is to come, the furthest first, only on the first page; ``more_ahead`` says that
    there is more of it. ``entries`` is what was, the latest first. ``earlier`` leads on, empty at the end.
    """

    ahead: tuple[Happened, ...]
    more_ahead: bool
    entries: tuple[Happened, ...]
    earlier: str


@dataclass(frozen=True, kw_only=True)
class Filter:
    """One word of the filter: a kind that this reader may ask for."""

    source: TimelineSource
    chosen: bool


def kinds_for(actor: Actor, patient_id: int, asked: Collection[str]) -> list[Filter]:
    """The kinds that this reader may ask for, in order, those asked for marked. No statement."""
    return [
        Filter(source=source, chosen=source.kind in asked)
        for source in timeline_sources()
        if source.select(actor, patient_id) is not None
    ]


def timeline_of(
    actor: Actor,
    patient_id: int,
    *,
    now: datetime,
    kinds: Collection[str] = (),
    before: Cursor | None = None,
    limit: int = PAGE,
) -> TimelinePage:
    """One page of what happened to a patient, as far as ``actor`` may know of it. One statement, none where
    nothing may be known. No kinds: all of them. Whoever calls has asked whether the person sees the patient.
    """
    arms: list[Select[Any]] = []
    for source in timeline_sources():
        if kinds and source.kind not in kinds:
            continue
        told = source.select(actor, patient_id)
        if told is None:
            continue
        arms.append(_arm(source.kind, told, _until(source.kind, before, now), limit + 1))
        if before is None and (source.ahead or kinds):
            arms.append(_arm(source.kind, told, lambda at, _key: at > now, AHEAD + 1, ahead=True))
    if not arms:
        return TimelinePage(ahead=(), more_ahead=False, entries=(), earlier="")
    together = union_all(*arms).subquery("happened")
    columns = together.c
    rows = db.session.execute(
        select(columns.ahead, columns.kind, columns.at, columns.id, columns.facts).order_by(
            columns.ahead.desc(), columns.at.desc(), collate(columns.kind, "C").desc(), columns.id.desc()
        )
    ).all()
    ahead = [_happened(row) for row in rows if row.ahead]
    entries = [_happened(row) for row in rows if not row.ahead]
    shown = tuple(entries[:limit])
    return TimelinePage(
        ahead=tuple(ahead[-AHEAD:]),
        more_ahead=len(ahead) > AHEAD,
        entries=shown,
        earlier=write_cursor(shown[-1]) if len(entries) > limit else "",
    )


def write_cursor(entry: Happened | Cursor) -> str:
    """Where an entry stands, as an address says it."""
    text = f"{entry.at.astimezone(UTC).isoformat()}|{entry.kind}|{entry.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str | None) -> Cursor | None:
    """What ``write_cursor`` wrote; None, which is the first page, for anything else."""
    if not text or len(text) > LONGEST_CURSOR or not text.isascii():
        return None
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        moment, kind, number = plain.split("|")
        at, key = datetime.fromisoformat(moment), int(number)
    except (ValueError, binascii.Error):
        return None
    known = any(source.kind == kind for source in timeline_sources())
    if not known or at.tzinfo is None or not 0 < key <= LARGEST_ID or not 1900 <= at.year <= 2200:
        return None
    return Cursor(at=at.astimezone(UTC), kind=kind, id=key)


def _arm(kind: str, told: Select[Any], aside: Aside, limit: int, *, ahead: bool = False) -> Select[Any]:
    """One kind's rows on one side of a moment, no more than a page can show, read along its index: the
    nearest to come where ``ahead``, else the latest.
    """
    rows = told.subquery()
    at, key = rows.c.at, rows.c.id
    wanted = select(literal(ahead).label("ahead"), literal(kind).label("kind"), at, key, rows.c.facts)
    order = (at, key) if ahead else (at.desc(), key.desc())
    return select(wanted.where(aside(at, key)).order_by(*order).limit(limit).subquery())


def _until(kind: str, before: Cursor | None, now: datetime) -> Aside:
    """The condition on a kind's rows that come after the cursor, as an index can answer it."""

    def aside(at: ColumnElement[Any], key: ColumnElement[Any]) -> ColumnElement[bool]:
        if before is None:
            return at <= now
        if kind == before.kind:
            return and_(at <= before.at, tuple_(at, key) < tuple_(literal(before.at), literal(before.id)))
        return at <= before.at if kind < before.kind else at < before.at

    return aside


def _happened(row: Any) -> Happened:
    return Happened(kind=row.kind, at=row.at, id=row.id, facts=row.facts)
