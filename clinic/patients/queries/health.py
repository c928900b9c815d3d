"""What is known of a patient's health: what holds, what is over, what it said before, what is an alert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, ScalarSelect, cast, func, null, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from clinic.accounts.models import User
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_date
from clinic.patients.health_kinds import KINDS, HealthKind
from clinic.patients.health_words import TERM, words_of
from clinic.patients.models import Allergy, AllergyVersion, Pregnancy

MOST_PAST = 200
OVERDUE = timedelta(days=28)
"""So long after the due date somebody should ask again rather than read "pregnant"."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something for the head of the page. ``tone`` is ``danger``, ``warn`` or ``info``."""

    title: str
    text: str = ""
    tone: str = "warn"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row of the profile. ``source`` is ``patient``, ``staff`` or ``intake``; ``by`` whoever wrote it
    down. ``ended_why`` is ``stopped``, ``replaced``, ``error`` or empty while it holds.
    """

    kind: str
    id: int
    values: Mapping[str, Any]
    source: str
    said_on: date
    recorded_at: datetime
    recorded_by: int | None
    by: str
    confirmed_at: datetime | None
    confirmed_by: str
    replaces_id: int | None
    ended_at: datetime | None
    ended_by: str
    ended_why: str
    ended_reason: str

    @property
    def title(self) -> str:
        return words_of(KINDS[self.kind], self.values)[0]

    @property
    def text(self) -> str:
        return words_of(KINDS[self.kind], self.values)[1]

    @property
    def unconfirmed(self) -> bool:
        """Whether it is only what the patient said."""
        return self.source != "staff" and self.confirmed_at is None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Entries by kind: those that hold, and those that are over or were struck through, the latest first."""

    now: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    past: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    more: tuple[Any, ...] = ()
    """What the sub-selects asked for besides gave."""


@dataclass(frozen=True, kw_only=True)
class PregnancyState:
    """What was last asked: ``status`` is ``pregnant``, ``lactating``, ``not_pregnant`` or ``unknown``."""

    status: str
    lmp: date | None
    due: date | None
    asked_on: date


@dataclass(frozen=True, kw_only=True)
class AllergyNow:
    """An allergy as it stands."""

    id: int
    substance: str
    category: str | None
    criticality: str | None
    reaction: str | None
    severity: str | None
    status: str
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class AllergySaid:
    """What an allergy said, from ``recorded_at`` until ``until`` (None: now)."""

    substance: str
    category: str | None
    criticality: str | None
    reaction: str | None
    severity: str | None
    status: str
    recorded_at: datetime
    by: str
    until: datetime | None


def profile_of(patient_id: int, kinds: Iterable[str], *, more: Sequence[ScalarSelect[Any]] = ()) -> Profile:
    """A patient's entries of these kinds, and what ``more`` asks for besides. One statement; who may see
    which kinds, the caller has asked.
    """
    wanted = [KINDS[code] for code in kinds]
    found = db.session.execute(select(*(_rows(kind, patient_id) for kind in wanted), *more)).one()
    entries = {
        kind.code: [_entry(kind, row) for row in rows or []]
        for kind, rows in zip(wanted, found, strict=False)
    }
    return Profile(
        now={code: tuple(row for row in rows if row.ended_at is None) for code, rows in entries.items()},
        past={
            code: tuple(row for row in reversed(rows) if row.ended_at is not None)[:MOST_PAST]
            for code, rows in entries.items()
        },
        more=tuple(found[len(wanted) :]),
    )


def history_of(patient_id: int, kind: HealthKind, entry_id: int) -> list[Entry]:
    """All that an entry said, the newest first; empty for none of the patient's. One statement."""
    rows = db.session.scalar(select(_rows(kind, patient_id, replaced=True))) or []
    entries = {row["row"]["id"]: _entry(kind, row) for row in rows}
    chain = []
    entry = entries.get(entry_id)
    while entry is not None:
        chain.append(entry)
        entry = entries.get(entry.replaces_id or 0)
    return chain


def allergy_history(patient_id: int, allergy_id: int) -> list[AllergySaid]:
    """All that an allergy said, the newest first; empty for none of the patient's. One statement."""
    shown = ("substance", "category", "criticality", "reaction", "severity", "status", "recorded_at")
    now = (
        select(
            *(getattr(Allergy, name) for name in shown),
            func.coalesce(User.name, "").label("by"),
            cast(null(), AllergyVersion.until.type).label("until"),
        )
        .outerjoin(User, User.id == Allergy.recorded_by)
        .where(Allergy.id == allergy_id, Allergy.patient_id == patient_id)
    )
    before = (
        select(
            *(getattr(AllergyVersion, name) for name in shown),
            func.coalesce(User.name, "").label("by"),
            AllergyVersion.until,
        )
        .join(Allergy, Allergy.id == AllergyVersion.allergy_id)
        .outerjoin(User, User.id == AllergyVersion.recorded_by)
        .where(Allergy.id == allergy_id, Allergy.patient_id == patient_id)
    )
    rows = [AllergySaid(**row._mapping) for row in db.session.execute(now.union_all(before))]
    return sorted(rows, key=lambda row: (row.until is None, row.until or row.recorded_at), reverse=True)


def allergies_column(patient_id: int) -> ScalarSelect[Any]:
    """A sub-select for ``read_allergies``: every allergy but those entered in error."""
    fields: list[Any] = []
    for name in AllergyNow.__dataclass_fields__:
        fields += [name, getattr(Allergy, name)]
    listed = aggregate_order_by(func.json_build_object(*fields), Allergy.status, Allergy.id)
    return (
        select(func.json_agg(listed))
        .where(Allergy.patient_id == patient_id, Allergy.status != "entered_in_error")
        .scalar_subquery()
    )


def read_allergies(value: list[dict[str, Any]] | None) -> list[AllergyNow]:
    """What ``allergies_column`` gave."""
    return [AllergyNow(**{**row, "recorded_at": _instant(row["recorded_at"])}) for row in value or []]


def pregnancy_of(patient_id: int) -> PregnancyState | None:
    """What was last said about a pregnancy; None where nobody asked. One statement."""
    return read_pregnancy(db.session.scalar(select(pregnancy_column(patient_id))))


def alerts_of(patient_id: int) -> list[Alert]:
    """What nobody who deals with the patient may overlook besides allergies: pregnant, breastfeeding.

    One statement; ``pregnancy_column`` and ``alerts_in`` do the same within another one.
    """
    return alerts_in(db.session.scalar(select(pregnancy_column(patient_id))))


def pregnancy_column(patient_id: int) -> ScalarSelect[Any]:
    """A sub-select for ``read_pregnancy`` and ``alerts_in``."""
    return (
        select(
            func.json_build_object(
                "status", Pregnancy.status, "lmp", Pregnancy.lmp, "said_on", Pregnancy.said_on
            )
        )
        .where(Pregnancy.patient_id == patient_id, Pregnancy.ended_at.is_(None))
        .scalar_subquery()
    )


def read_pregnancy(value: Mapping[str, Any] | None) -> PregnancyState | None:
    """What ``pregnancy_column`` gave."""
    if value is None:
        return None
    lmp = date.fromisoformat(value["lmp"]) if value["lmp"] else None
    pregnant = value["status"] == "pregnant"
    return PregnancyState(
        status=value["status"],
        lmp=lmp,
        due=lmp + TERM if lmp and pregnant else None,
        asked_on=date.fromisoformat(value["said_on"]),
    )


def alerts_in(value: Mapping[str, Any] | None) -> list[Alert]:
    """The alerts in what ``pregnancy_column`` gave."""
    state = read_pregnancy(value)
    if state is None or state.status not in ("pregnant", "lactating"):
        return []
    asked = _("asked on %(day)s", day=show_date(state.asked_on))
    if state.status == "lactating":
        return [Alert(title=_("Breastfeeding"), text=asked)]
    due = _("due about %(day)s", day=show_date(state.due)) if state.due else ""
    return [Alert(title=_("Pregnant"), text=", ".join(part for part in (due, asked) if part), tone="danger")]


def _rows(kind: HealthKind, patient_id: int, *, replaced: bool = False) -> ScalarSelect[Any]:
    """The rows of a kind as a JSON list, the oldest first; those a later row replaces only if asked for."""
    model, later = kind.model, aliased(kind.model)

    def name_of(column: Any) -> Any:
        return select(User.name).where(User.id == column).scalar_subquery()

    whole = func.json_build_object(
        "row",
        func.to_jsonb(model.__table__.table_valued()),
        "by",
        name_of(model.recorded_by),
        "confirmed_by",
        name_of(model.confirmed_by),
        "ended_by",
        name_of(model.ended_by),
    )
    rows = select(func.json_agg(aggregate_order_by(whole, model.id))).where(model.patient_id == patient_id)
    if not replaced:
        followed = select(later.id).where(later.replaces_id == model.id).exists()
        rows = rows.where(or_(model.ended_at.is_(None), ~followed))
    return rows.scalar_subquery()


def _entry(kind: HealthKind, found: Mapping[str, Any]) -> Entry:
    row = found["row"]
    columns = kind.model.__table__.columns
    values = {
        name: date.fromisoformat(row[name])
        if row[name] and isinstance(columns[name].type, Date)
        else row[name]
        for one in kind.fields
        for name in (one.name, one.precision)
        if name
    }
    return Entry(
        kind=kind.code,
        id=row["id"],
        values=values,
        source=row["source"],
        said_on=date.fromisoformat(row["said_on"]),
        recorded_at=_instant(row["created_at"]),
        recorded_by=row["recorded_by"],
        by=found["by"] or "",
        confirmed_at=_instant(row["confirmed_at"]) if row["confirmed_at"] else None,
        confirmed_by=found["confirmed_by"] or "",
        replaces_id=row["replaces_id"],
        ended_at=_instant(row["ended_at"]) if row["ended_at"] else None,
        ended_by=found["ended_by"] or "",
        ended_why=(row["ended_why"] or "stopped") if row["ended_at"] else "",
        ended_reason=row["ended_reason"] or "",
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
