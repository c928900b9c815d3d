"""Assessments as plain values for a whole record: for staff those they may read, for a household what was
shared with it and the answers it gave itself.
"""

from __future__ import annotations

from typing import Any

from clinic.core.access import Actor
from clinic.encounters.assessments import queries, shown, wording
from clinic.encounters.assessments.definitions import DOSHAS
from clinic.encounters.assessments.policy import can_read_assessments
from clinic.encounters.models import Assessment, AssessmentKind
from clinic.patients.display import prakriti_word

Values = dict[str, Any]


def in_sight(actor: Actor, patient_id: int) -> list[Values] | None:
    """What somebody of the staff may read, the latest first; None for who reads no assessments at all."""
    if not can_read_assessments(actor):
        return None
    return [_plain(row, inner=True) for row in queries.assessments_of(actor, patient_id)]


def for_patient(patient_id: int) -> list[Values]:
    """What was confirmed and shared, and the answers that a patient has not sent in or that wait."""
    own = queries.open_answers(patient_id)
    answers = [_answers(own)] if own else []
    return [*answers, *(_plain(row, inner=False) for row in queries.shared_with(patient_id))]


def _plain(row: Assessment, *, inner: bool) -> Values:
    values: Values = {
        "kind": row.kind,
        "title": wording.kind_word(row.kind),
        "form_version": row.form_version,
        "status": row.status,
        "practitioner": row.practitioner.name if row.practitioner else None,
        "confirmed_at": row.confirmed_at,
        "sections": [
            {"title": title, "fields": [{"label": label, "text": said} for label, said in lines]}
            for title, lines in shown.told(row)
        ],
    }
    if row.kind == AssessmentKind.PRAKRITI:
        values["result"] = {
            "code": row.result,
            "text": prakriti_word(row.result),
            "percent": {dosha: getattr(row, f"{dosha}_percent") for dosha in DOSHAS},
        }
        values["patient_answers"] = row.patient_answers
    if inner:
        values |= {
            "suggested": row.suggested,
            "result_reason": row.result_reason,
            "shared_at": row.shared_at,
            "entered_in_error": {"at": row.error_at, "reason": row.error_reason} if row.error_at else None,
        }
    return values


def _answers(row: Assessment) -> Values:
    return {
        "kind": row.kind,
        "title": wording.kind_word(row.kind),
        "form_version": row.form_version,
        "status": row.status,
        "practitioner": None,
        "confirmed_at": None,
        "sections": [],
        "patient_answers": row.patient_answers,
    }
