"""The health profile and the measurements outside notes, as plain values for a whole record.

A household gets everything in the profile: it is its own, and shown to it. Of measurements it gets what was
measured outside notes; those within a note go with the note.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from clinic.accounts.models import User
from clinic.core.db import db
from clinic.encounters.models import VitalSigns
from clinic.encounters.vitals import COLUMNS
from clinic.patients.health_kinds import CLINICAL_KINDS, KINDS
from clinic.patients.health_words import due_on

Values = dict[str, Any]


def profile(patient_id: int) -> dict[str, list[Values]]:
    """Every row of the clinical kinds, what it said before too, the oldest first. A statement each."""
    return {code: _rows(code, patient_id) for code in CLINICAL_KINDS}


def measurements(patient_id: int) -> list[Values]:
    """Every set of measurements outside notes, struck ones too, the oldest first; units are in the names."""
    striker = aliased(User)
    rows = db.session.execute(
        select(
            VitalSigns.measured_at,
            VitalSigns.source,
            User.name.label("recorded_by"),
            VitalSigns.error_at.label("entered_in_error_at"),
            VitalSigns.error_reason.label("entered_in_error_why"),
            striker.name.label("entered_in_error_by"),
            *(getattr(VitalSigns, name) for name in COLUMNS),
        )
        .outerjoin(User, User.id == VitalSigns.recorded_by)
        .outerjoin(striker, striker.id == VitalSigns.error_by)
        .where(VitalSigns.patient_id == patient_id, VitalSigns.note_id.is_(None))
        .order_by(VitalSigns.measured_at, VitalSigns.id)
    )
    return [{name: value for name, value in row._mapping.items() if value is not None} for row in rows]


def _rows(code: str, patient_id: int) -> list[Values]:
    kind = KINDS[code]
    model, ender, confirmer = kind.model, aliased(User), aliased(User)
    names = [name for one in kind.fields for name in (one.name, one.precision) if name]
    rows = db.session.execute(
        select(
            *(getattr(model, name) for name in names),
            model.source,
            model.said_on,
            User.name.label("recorded_by"),
            model.confirmed_at,
            confirmer.name.label("confirmed_by"),
            model.ended_at,
            model.ended_why,
            model.ended_reason,
            ender.name.label("ended_by"),
        )
        .outerjoin(User, User.id == model.recorded_by)
        .outerjoin(ender, ender.id == model.ended_by)
        .outerjoin(confirmer, confirmer.id == model.confirmed_by)
        .where(model.patient_id == patient_id)
        .order_by(model.id)
    )
    found = [{name: value for name, value in row._mapping.items() if value is not None} for row in rows]
    for values in found:
        if code == "pregnancy" and (due := due_on(values)):
            values["due_on"] = due
    return found
