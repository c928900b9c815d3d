"""A patient's prescriptions in their record: what was ordered, and what became of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.prescriptions.models import Prescription
from clinic.prescriptions.policy import prescriptions_in_sight
from clinic.prescriptions.queries import lines_of_many
from clinic.prescriptions.reading import line_of, texts_of


def prescriptions(actor: Actor, patient_id: int) -> list[dict[str, Any]]:
    """The signed prescriptions the reader may see, the latest first: a household gets what was shared."""
    rows = list(
        db.session.scalars(
            select(Prescription)
            .where(
                Prescription.patient_id == patient_id,
                Prescription.signed_at.is_not(None),
                prescriptions_in_sight(actor),
            )
            .order_by(Prescription.signed_at.desc(), Prescription.id.desc())
            .options(joinedload(Prescription.practitioner))
        )
    )
    lines = lines_of_many([row.id for row in rows])
    return [
        {
            "reference": row.reference,
            "status": row.status,
            "signed_at": row.signed_at,
            "practitioner": (row.printed or {}).get("practitioner", {}),
            "diagnoses": (row.printed or {}).get("diagnoses", []),
            "medicines": [
                {name: text for name, text in texts_of(line_of(line)).items() if text}
                | {"stopped_at": line.stopped_at, "stop_reason": line.stop_reason}
                for line in lines[row.id]
            ],
            "pathya": row.pathya,
            "apathya": row.apathya,
            "tests": row.tests,
            "advice": row.advice,
            "review_on": row.review_on,
            "valid_until": row.valid_until,
            "ended_at": row.ended_at,
            "end_reason": row.end_reason,
            "shared_at": row.shared_at,
        }
        for row in rows
    ]
