"""Measurements as pages show them: boxes to type in, a table, lines over time, what needs a second look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ScalarSelect, select, true

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.encounters.models import VitalSigns
from clinic.encounters.note_page import MeasureShown, PartShown
from clinic.encounters.policy import can_read_notes, vitals_in_sight
from clinic.encounters.vitals import COLUMNS, MEASURES, Measure, Reading, flag_words, range_words
from clinic.encounters.vitals_rows import Measured, Series, flaggable_column, read_flaggable, series_of
from clinic.encounters.wording import said
from clinic.patients.body import mass_index
from clinic.patients.models import Patient
from clinic.patients.policy import sees_clinical

FLAGGED_WITHIN = timedelta(hours=24)
SIDE_CODES = ("blood_pressure", "pulse", "weight", "glucose", "spo2")
SIDE_POINTS = 12
SIDE_ROWS = 60


@dataclass(frozen=True, kw_only=True)
class Flagged:
    """One measurement beyond its limit: ``BP``, ``148/96``, ``mmHg``, ``High, limit 140/90``."""

    label: str
    value: str
    unit: str
    words: str
    measured_at: datetime


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One number (or pair) of a row of the table; ``flag`` says which limit it is beyond."""

    code: str
    text: str
    flag: str = ""


@dataclass(frozen=True, kw_only=True)
class RowShown:
    """One row of the table: what was measured, its cells by measure code, and the body mass index."""

    measured: Measured
    cells: dict[str, Cell]
    bmi: str
    superseded: bool


def latest_flags(patient_id: int) -> list[Flagged]:
    """What was measured within the last 24 hours beyond its limit, as far as nothing newer of its kind is
    within limits. One statement; the caller asks only for whoever reads measurements.
    """
    column = flaggable_column(patient_id, within=FLAGGED_WITHIN, sight=true())
    return flags_in(db.session.scalar(select(column)))


def flags_column(actor: Actor, patient_id: int) -> ScalarSelect[Any] | None:
    """A sub-select for ``flags_in``; None for whoever reads no measurements."""
    if not can_read_notes(actor):
        return None
    return flaggable_column(patient_id, within=FLAGGED_WITHIN, sight=vitals_in_sight(actor))


def flags_in(value: list[dict[str, Any]] | None) -> list[Flagged]:
    """The flags in what ``flags_column`` gave."""
    found: list[Flagged] = []
    seen: set[str] = set()
    for measured_at, values in read_flaggable(value):
        for measure in MEASURES.values():
            text = value_of(measure, values)
            if not text or measure.code in seen:
                continue
            seen.add(measure.code)
            if words := flag_of(measure, values):
                found.append(
                    Flagged(
                        label=said(measure.label),
                        value=text,
                        unit=unit_of(measure),
                        words=words,
                        measured_at=measured_at,
                    )
                )
    return found


def side(actor: Actor, patient: Patient) -> dict[str, Any] | None:
    """What ``desk/_side_vitals.html`` shows; None for whoever may not see measurements. One statement."""
    if not sees_clinical(actor, patient):
        return None
    rows = [row for row in series_of(actor, patient.id, most=SIDE_ROWS).rows if not row.struck]
    lines = []
    for code in SIDE_CODES:
        measure = MEASURES[code]
        part = measure.parts[0]
        taken = [row for row in rows if part.column in row.values][:SIDE_POINTS]
        if taken:
            lines.append(
                {
                    "label": said(measure.label),
                    "value": value_of(measure, taken[0].values),
                    "unit": unit_of(measure),
                    "points": [float(row.values[part.column]) for row in reversed(taken)],
                    "limit": float(part.high) if part.high is not None else None,
                    "flag": _direction_word(measure, taken[0].values),
                    "measured_at": taken[0].measured_at,
                }
            )
    return {"lines": lines, "last": rows[0].measured_at if rows else None}


def newest_words(patient_id: int) -> list[Flagged]:
    """The newest of each measure outside notes, for the patient to read: no flags. One statement."""
    rows = db.session.execute(
        select(VitalSigns.measured_at, *(getattr(VitalSigns, name) for name in COLUMNS))
        .where(
            VitalSigns.patient_id == patient_id,
            VitalSigns.note_id.is_(None),
            VitalSigns.error_at.is_(None),
        )
        .order_by(VitalSigns.measured_at.desc(), VitalSigns.id.desc())
        .limit(SIDE_ROWS)
    ).all()
    found: dict[str, Flagged] = {}
    for row in rows:
        values = {name: Decimal(row._mapping[name]) for name in COLUMNS if row._mapping[name] is not None}
        for measure in MEASURES.values():
            if measure.code not in found and (text := value_of(measure, values)):
                found[measure.code] = Flagged(
                    label=said(measure.label),
                    value=text,
                    unit=unit_of(measure),
                    words="",
                    measured_at=row.measured_at,
                )
    return [found[code] for code in MEASURES if code in found]


def boxes(typed: Mapping[str, str], reading: Reading | None = None) -> list[MeasureShown]:
    """The row of boxes to type in, with what was typed and what is wrong or flagged beside it."""
    read = reading or Reading()
    return [
        MeasureShown(
            measure,
            said(measure.label),
            [
                PartShown(
                    part,
                    part.code,
                    said(part.label),
                    typed.get(part.code, ""),
                    read.problems.get(part.code, ""),
                    range_words(part),
                )
                for part in measure.parts
            ],
            read.flags.get(measure.code, ""),
        )
        for measure in MEASURES.values()
    ]


def typed_again(measured: Measured) -> dict[str, str]:
    """A row's numbers as they would be typed, for correcting it."""
    return {
        part.code: number(measured.values[part.column])
        for measure in MEASURES.values()
        for part in measure.parts
        if part.column in measured.values
    }


def table(series: Series, rows: list[Measured]) -> list[RowShown]:
    """Rows of the table, as many as are given."""
    superseded = {row.supersedes_id for row in series.rows if row.supersedes_id is not None}
    return [
        RowShown(
            measured=row,
            cells={
                code: Cell(code=code, text=value_of(measure, row.values), flag=flag_of(measure, row.values))
                for code, measure in MEASURES.items()
            },
            bmi=_bmi(row, series.height_cm),
            superseded=row.id in superseded,
        )
        for row in rows
    ]


def used_measures(rows: list[Measured]) -> list[tuple[Measure, str]]:
    """The measures that any of the rows has, with their labels."""
    return [
        (measure, said(measure.label))
        for measure in MEASURES.values()
        if any(part.column in row.values for row in rows for part in measure.parts)
    ]


def chart_data(series: Series) -> list[dict[str, Any]]:
    """What the charts are drawn from, a measure each, the oldest first: times in seconds, numbers per part,
    flags (0, 1) per point, limits to draw. What was entered in error is left out, and what was taken over
    into a note stands once.
    """
    rows = [row for row in reversed(series.rows) if not row.struck]
    drawn = (
        _drawn(measure, rows, series.height_cm) for code, measure in MEASURES.items() if code != "height"
    )
    return [one for one in drawn if one is not None]


def value_of(measure: Measure, values: Mapping[str, Decimal]) -> str:
    """``148/96`` or ``37.2``; empty when it was not measured."""
    if not any(part.column in values for part in measure.parts):
        return ""
    return "/".join(number(values[part.column]) if part.column in values else "–" for part in measure.parts)


def measured_words(values: Mapping[str, Any]) -> str:
    """All of one moment's numbers (column to number) in a line, with their units."""
    numbers = {name: Decimal(str(values[name])) for name in COLUMNS if values.get(name) is not None}
    found = ((measure, value_of(measure, numbers)) for measure in MEASURES.values())
    return ", ".join(
        f"{said(measure.label)} {text} {unit_of(measure)}".rstrip() for measure, text in found if text
    )


def flag_of(measure: Measure, values: Mapping[str, Decimal]) -> str:
    """``High, limit 140/90`` in the reader's language; empty within limits."""
    direction = _direction(measure, values)
    return flag_words(measure, direction) if direction else ""


def unit_of(measure: Measure) -> str:
    """The unit to write behind a number; a score has none."""
    return "" if measure.code == "pain" else measure.unit


def number(value: Decimal) -> str:
    """A number without zeros that say nothing."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _direction(measure: Measure, values: Mapping[str, Decimal]) -> str:
    found = (part.flag(values[part.column]) for part in measure.parts if part.column in values)
    return next((direction for direction in found if direction), "")


def _direction_word(measure: Measure, values: Mapping[str, Decimal]) -> str:
    return {"high": _("high"), "low": _("low")}.get(_direction(measure, values), "")


def _bmi(row: Measured, height_cm: Decimal | None) -> str:
    found = mass_index(row.values.get("height_cm") or height_cm, row.values.get("weight_kg"))
    return str(found.value) if found else ""


def _drawn(measure: Measure, rows: list[Measured], height_cm: Decimal | None) -> dict[str, Any] | None:
    points: dict[tuple[Any, ...], tuple[int, str]] = {}
    for row in rows:
        numbers = tuple(row.values.get(part.column) for part in measure.parts)
        if any(one is not None for one in numbers):
            flagged = 1 if _direction(measure, row.values) else 0
            at = int(row.measured_at.timestamp())
            points.setdefault((at, *numbers), (flagged, _bmi(row, height_cm)))
    if not points:
        return None
    drawn = {
        "code": measure.code,
        "label": said(measure.label),
        "unit": unit_of(measure),
        "parts": [said(part.label) for part in measure.parts],
        "at": [key[0] for key in points],
        "numbers": [
            [None if key[place] is None else float(key[place]) for key in points]
            for place in range(1, len(measure.parts) + 1)
        ],
        "flags": [flagged for flagged, _bmi_then in points.values()],
        "limits": [
            float(limit)
            for part in measure.parts
            for limit in (part.low, part.high, part.above)
            if limit is not None
        ],
    }
    if measure.code == "weight" and height_cm:
        drawn["bmi"] = [index for _flagged, index in points.values()]
    return drawn
