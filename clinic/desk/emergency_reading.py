"""What somebody reads of a patient in an emergency: what matters, on one page, with nothing to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.desk.patient_alerts import Plate, columns_for, plates_of
from clinic.encounters.models import Note
from clinic.encounters.note_page import SectionShown, sections_of
from clinic.encounters.queries import notes_of_patient
from clinic.encounters.vitals import MEASURES
from clinic.encounters.vitals_rows import series_of
from clinic.encounters.vitals_shown import RowShown, table
from clinic.encounters.wording import said
from clinic.patients.models import Condition, Patient
from clinic.patients.policy import clinical_reach
from clinic.patients.queries.head import head_of
from clinic.patients.queries.said import Medicine, said_of
from clinic.prescriptions.models import Prescription
from clinic.prescriptions.queries import lines_of_many, prescriptions_of_patient
from clinic.prescriptions.sheet import SheetLine
from clinic.prescriptions.sheets import sheet_line
from clinic.records.queries.papers import Listed, papers_of

MOST_NOTES, MOST_ROWS, MOST_PRESCRIPTIONS = 20, 5, 5


@dataclass(frozen=True, kw_only=True)
class NoteRead:
    """A signed note and what is written in it."""

    note: Note
    title: str
    sections: list[SectionShown]


@dataclass(frozen=True, kw_only=True)
class PrescriptionRead:
    """A signed prescription and its lines."""

    prescription: Prescription
    lines: list[SheetLine]


@dataclass(frozen=True, kw_only=True)
class EmergencyPage:
    """Everything on the page, the gravest first. ``measures`` names the columns of ``rows`` that hold any
    number.
    """

    plates: list[Plate]
    conditions: Sequence[Condition]
    medicines: tuple[Medicine, ...]
    rows: list[RowShown]
    measures: list[tuple[str, str, str]]
    prescriptions: list[PrescriptionRead]
    notes: list[NoteRead]
    papers: list[Listed]


def emergency_page(actor: Actor, patient: Patient) -> EmergencyPage:
    """Gather the page by the same queries as everywhere: what an emergency opens, their policies decide."""
    prescriptions = [
        one
        for one in prescriptions_of_patient(actor, patient.id, limit=MOST_PRESCRIPTIONS)
        if one.signed_at is not None
    ]
    lines = lines_of_many([one.id for one in prescriptions])
    rows = _rows(actor, patient)
    return EmergencyPage(
        plates=plates_of(patient, head_of(actor, patient, columns_for(actor, patient.id)), edit=""),
        conditions=_conditions(actor, patient.id),
        medicines=said_of(patient.id).medicines,
        rows=rows,
        measures=_measures(rows),
        prescriptions=[
            PrescriptionRead(
                prescription=one,
                lines=[sheet_line(number, row) for number, row in enumerate(lines[one.id], start=1)],
            )
            for one in prescriptions
        ],
        notes=[
            NoteRead(note=note, title=said(note.template.name), sections=_written(note))
            for note in notes_of_patient(actor, patient.id, limit=MOST_NOTES)
            if note.status == "signed"
        ],
        papers=papers_of(actor, patient.id).items,
    )


def _conditions(actor: Actor, patient_id: int) -> Sequence[Condition]:
    return db.session.scalars(
        select(Condition)
        .where(
            Condition.patient_id == patient_id,
            Condition.ended_at.is_(None),
            clinical_reach(actor, Condition.patient_id, Condition.facility_id),
        )
        .order_by(Condition.status, Condition.id.desc())
    ).all()


def _rows(actor: Actor, patient: Patient) -> list[RowShown]:
    series = series_of(actor, patient.id, most=MOST_ROWS * 2)
    return table(series, [row for row in series.rows if not row.struck][:MOST_ROWS])


def _measures(rows: list[RowShown]) -> list[tuple[str, str, str]]:
    """Code, label and unit of what was measured at all."""
    return [
        (code, said(measure.label), measure.unit)
        for code, measure in MEASURES.items()
        if any(row.cells[code].text for row in rows)
    ]


def _written(note: Note) -> list[SectionShown]:
    return [shown for shown in sections_of(note, {}) if not shown.blank]


def parts_of(shown: EmergencyPage) -> dict[str, Any]:
    """How much was shown, for the audit."""
    return {
        "notes": [read.note.id for read in shown.notes],
        "prescriptions": [read.prescription.id for read in shown.prescriptions],
        "papers": [listed.paper.id for listed in shown.papers],
    }
