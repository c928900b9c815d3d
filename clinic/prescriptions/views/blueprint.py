"""The blueprint all pages of prescriptions hang on, and loading for it."""

from __future__ import annotations

from flask import Blueprint

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.prescriptions import queries
from clinic.prescriptions.editor import preview
from clinic.prescriptions.models import Prescription
from clinic.prescriptions.reading import LineRead
from clinic.prescriptions.words import ANUPANAS, FOOD, FORMS, KALPANAS, ROUTES, SEVANA_KALAS, choices, label

bp = Blueprint("prescriptions", __name__)
CHOICES = {
    "form": FORMS,
    "kalpana": KALPANAS,
    "route": ROUTES,
    "food": FOOD,
    "sevana_kala": SEVANA_KALAS,
    "anupana": ANUPANAS,
}


@bp.app_template_global()
def rx_choices(field: str) -> list[tuple[str, str]]:
    """The codes of a line's field with their words, in the reader's language."""
    return choices(CHOICES[field])


@bp.app_template_filter()
def rx_form(line: LineRead) -> str:
    """What a medicine is, as staff say it: its form or its kalpana; empty if neither is said."""
    return label(FORMS, line.form) or label(KALPANAS, line.kalpana)


bp.add_app_template_filter(preview, "rx_preview")


def load_prescription(
    actor: Actor, prescription_id: int, action: str = "prescription.viewed"
) -> Prescription:
    """The prescription, or NotFound with an audit row: one that is not there and one that is not theirs look
    the same.
    """
    try:
        return queries.get_prescription(actor, prescription_id)
    except NotFound:
        audit.read(actor, action, subject_type="prescription", subject_id=prescription_id, outcome="refused")
        raise


def was_read(actor: Actor, prescription: Prescription, action: str) -> None:
    """Write down that it was opened, printed, taken."""
    audit.read(
        actor,
        action,
        subject_type="prescription",
        subject_id=prescription.id,
        patient_id=prescription.patient_id,
        facility_id=prescription.facility_id,
    )
