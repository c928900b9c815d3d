"""Assessments within a note: what was assessed in that visit, and beginning another."""

from __future__ import annotations

from typing import Any

from clinic.core.access import Actor
from clinic.encounters.assessments import policy, queries
from clinic.encounters.assessments.wording import kind_word, summary
from clinic.encounters.models import Assessment, AssessmentKind, Note
from clinic.encounters.models.assessment import TYPED_COLUMNS
from clinic.encounters.panels import Panel, register_panel


def connect() -> None:
    """Let notes carry the panel of assessments."""
    register_panel(
        Panel(code="assessments", template="encounters/assessments/_panel.html", order=40, load=load)
    )


def load(actor: Actor, note: Note) -> dict[str, Any] | None:
    """What stands in the panel; None for who reads no assessments, and in a signed note without any."""
    if not policy.can_read_assessments(actor):
        return None
    found = queries.assessments_of_visit(actor, note.appointment_id)
    if not found and note.status == "signed":
        return None
    return {
        "rows": [(row, kind_word(row.kind), in_one_line(row)) for row in found],
        "kinds": [(kind.value, kind_word(kind)) for kind in AssessmentKind],
        "reference": note.appointment.reference,
        "patient_id": note.patient_id,
    }


def in_one_line(row: Assessment) -> str:
    """An assessment in one line."""
    return summary({"kind": row.kind, **{name: getattr(row, name) for name in TYPED_COLUMNS}})
