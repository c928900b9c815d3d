"""Measurements of a patient as somebody may read them, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from clinic.accounts.models import User
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.encounters.models import Note, VitalSigns
from clinic.encounters.policy import vitals_in_sight
from clinic.encounters.vitals import COLUMNS
from clinic.patients.models import PatientMeasures
from clinic.practitioners.models import Practitioner

MOST = 5000
"""So many of the newest are drawn."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One set of measurements. ``values`` maps columns to numbers; ``by`` is whoever measured, or the author
    of the note. ``struck`` says why it was entered in error; empty for what holds.
    """

    id: int
    note_id: int | None
    measured_at: datetime
    created_at: datetime
    source: str
    by: str
    recorded_by: int | None
    struck: str
    struck_by: str
    supersedes_id: int | None
    values: dict[str, Decimal]


@dataclass(frozen=True, kw_only=True)
class Series:
    """What was measured within a range, and what is known beside it. ``earlier`` says whether anything
    stands before the range; ``height_cm`` is the newest height, wherever it was said.
    """

    rows: list[Measured]
    earlier: bool
    height_cm: Decimal | None


def series_of(actor: Actor, patient_id: int, *, since: datetime | None = None, most: int = MOST) -> Series:
    """A patient's measurements that somebody may read. One statement."""
    striker = aliased(User)
    statement = (
        select(
            VitalSigns.id,
            VitalSigns.note_id,
            VitalSigns.measured_at,
            VitalSigns.created_at,
            VitalSigns.source,
            func.coalesce(Practitioner.name, User.name, "").label("by"),
            VitalSigns.recorded_by,
            func.coalesce(VitalSigns.error_reason, "").label("struck"),
            func.coalesce(striker.name, "").label("struck_by"),
            VitalSigns.supersedes_id,
            _height_said(patient_id).label("height_said"),
            *(getattr(VitalSigns, name) for name in COLUMNS),
        )
        .outerjoin(User, User.id == VitalSigns.recorded_by)
        .outerjoin(striker, striker.id == VitalSigns.error_by)
        .outerjoin(Note, Note.id == VitalSigns.note_id)
        .outerjoin(Practitioner, Practitioner.id == Note.practitioner_id)
        .where(VitalSigns.patient_id == patient_id, vitals_in_sight(actor))
        .order_by(VitalSigns.measured_at.desc(), VitalSigns.id.desc())
        .limit(most + 1)
    )
    if since is not None:
        # The newest one before the range tells that there is more, and the height as it was known then.
        before = (
            select(func.max(VitalSigns.measured_at))
            .where(
                VitalSigns.patient_id == patient_id, VitalSigns.measured_at < since, vitals_in_sight(actor)
            )
            .scalar_subquery()
        )
        statement = statement.where(or_(VitalSigns.measured_at >= since, VitalSigns.measured_at == before))
    found = db.session.execute(statement).all()
    rows = [_measured(row) for row in found[:most]]
    inside = rows if since is None else [row for row in rows if row.measured_at >= since]
    height = next(
        (row.values["height_cm"] for row in rows if "height_cm" in row.values and not row.struck), None
    )
    if height is None and found:
        height = found[0].height_said
    return Series(rows=inside, earlier=len(found) > most or len(inside) < len(rows), height_cm=height)


def flaggable_column(patient_id: int, *, within: timedelta, sight: ColumnElement[bool]) -> ScalarSelect[Any]:
    """A sub-select of what holds of the last hours, the newest first: a JSON list of times and numbers."""
    numbers: list[Any] = []
    for name in COLUMNS:
        numbers += [name, getattr(VitalSigns, name)]
    newest = aggregate_order_by(
        func.json_build_object("at", VitalSigns.measured_at, *numbers),
        VitalSigns.measured_at.desc(),
        VitalSigns.id.desc(),
    )
    return (
        select(func.json_agg(newest))
        .outerjoin(Note, Note.id == VitalSigns.note_id)
        .where(
            VitalSigns.patient_id == patient_id,
            VitalSigns.measured_at > clock.now() - within,
            VitalSigns.error_at.is_(None),
            or_(VitalSigns.note_id.is_(None), and_(Note.status == "signed", ~_retracted())),
            sight,
        )
        .scalar_subquery()
    )


def read_flaggable(found: list[dict[str, Any]] | None) -> list[tuple[datetime, dict[str, Decimal]]]:
    """What ``flaggable_column`` gave."""
    return [
        (
            datetime.fromisoformat(row["at"]),
            {name: Decimal(str(row[name])) for name in COLUMNS if row[name] is not None},
        )
        for row in found or []
    ]


def _retracted() -> ColumnElement[bool]:
    """Whether the note was marked as entered in error: what was measured in it does not count either."""
    return Note.last_mark % 2 == 1


def _height_said(patient_id: int) -> Any:
    return (
        select(PatientMeasures.height_cm)
        .where(
            PatientMeasures.patient_id == patient_id,
            PatientMeasures.ended_at.is_(None),
            PatientMeasures.height_cm.is_not(None),
        )
        .order_by(PatientMeasures.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _measured(row: Any) -> Measured:
    values = row._mapping
    plain = {name: values[name] for name in Measured.__dataclass_fields__ if name != "values"}
    return Measured(**plain, values=_numbers(values))


def _numbers(values: Any) -> dict[str, Decimal]:
    return {name: Decimal(values[name]) for name in COLUMNS if values[name] is not None}
