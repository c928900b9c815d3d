"""Assessments of one kind side by side, what changed marked, and severities as lines over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinic.core.i18n import gettext as _
from clinic.encounters.assessments.definitions import DOSHAS, form_of, instrument
from clinic.encounters.assessments.typed import Values, content_of
from clinic.encounters.assessments.wording import answer_words, dosha_word, scale_number, tendency_words
from clinic.encounters.models import Assessment, AssessmentKind, AssessmentStatus
from clinic.patients.display import prakriti_word

MOST_SIDE_BY_SIDE = 6


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one assessment says in a row; ``changed`` when it is not what the one before it said."""

    said: str
    changed: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    label: str
    cells: list[Cell]

    @property
    def changed(self) -> bool:
        return any(cell.changed for cell in self.cells)


@dataclass(frozen=True, kw_only=True)
class SeverityPoint:
    """One vikriti on the line of time: when, and each dosha from -3 (lack) to 3 (excess)."""

    at: datetime
    severity: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Beside:
    """One dosha in the constitution (whole percent) and in the present imbalance (-3 to 3), where known."""

    dosha: str
    word: str
    percent: int | None
    severity: int | None


def holding(assessments: Sequence[Assessment], kind: str | None = None) -> list[Assessment]:
    """Those that hold, of a kind, the oldest first: confirmed and not corrected by another of these."""
    corrected = {row.supersedes_id for row in assessments if row.status == AssessmentStatus.CONFIRMED}
    found = [
        row
        for row in assessments
        if row.status == AssessmentStatus.CONFIRMED and row.id not in corrected and kind in (None, row.kind)
    ]
    return sorted(found, key=lambda row: (row.confirmed_at or row.created_at, row.id))


def compare(assessments: Sequence[Assessment]) -> list[Row]:
    """Rows of what these assessments (of one kind, the oldest first) say; what none of them says is left
    out.
    """
    if not assessments:
        return []
    contents = [content_of(row) for row in assessments]
    newest = assessments[-1]
    values = [content.values for content in contents]
    rows: list[Row] = []
    if newest.kind == AssessmentKind.PRAKRITI:
        rows.append(_row(_("Result"), [prakriti_word(content.result) for content in contents]))
        for dosha in DOSHAS:
            shares = [getattr(row, f"{dosha}_percent") for row in assessments]
            rows.append(_row(f"{dosha_word(dosha)}, %", ["" if one is None else str(one) for one in shares]))
        for item in instrument(newest.form_version).items:
            rows.append(_row(item.short.said, [tendency_words(item, one.get(item.code)) for one in values]))
    else:
        form = form_of(newest.kind, newest.form_version)
        rows += [
            _row(field.words.said, [answer_words(field, one.get(field.code)) for one in values])
            for field in (form.fields if form else ())
        ]
    return [row for row in rows if any(cell.said for cell in row.cells)]


def severities(assessments: Sequence[Assessment]) -> list[SeverityPoint]:
    """The severities of each vikriti that holds, the oldest first."""
    return [
        SeverityPoint(at=row.confirmed_at or row.created_at, severity=severity_of(content_of(row).values))
        for row in holding(assessments, AssessmentKind.VIKRITI)
    ]


def severity_of(values: Values) -> dict[str, int]:
    """Each dosha's severity from -3 to 3 in the answers of a vikriti."""
    return {dosha: scale_number(values[dosha]) for dosha in DOSHAS if dosha in values}


def beside(assessments: Sequence[Assessment]) -> list[Beside]:
    """The constitution beside the present imbalance; empty when neither is known."""
    nature = _last(holding(assessments, AssessmentKind.PRAKRITI))
    now = _last(holding(assessments, AssessmentKind.VIKRITI))
    if nature is None and now is None:
        return []
    found: dict[str, Any] = severity_of(content_of(now).values) if now else {}
    return [
        Beside(
            dosha=dosha,
            word=dosha_word(dosha),
            percent=getattr(nature, f"{dosha}_percent") if nature else None,
            severity=found.get(dosha),
        )
        for dosha in DOSHAS
    ]


def _last(found: Sequence[Assessment]) -> Assessment | None:
    return found[-1] if found else None


def _row(label: str, said: list[str]) -> Row:
    cells = [Cell(said=text, changed=at > 0 and text != said[at - 1]) for at, text in enumerate(said)]
    return Row(label=label, cells=cells)
