"""Prescriptions in a list: what a row says, read in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.prescriptions.models import Prescription, PrescriptionLine
from clinic.prescriptions.policy import prescriptions_in_sight

LISTED = 100


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One prescription: the names of its medicines, those that were stopped left out."""

    id: int
    reference: str
    status: str
    at: datetime
    zone: str
    practitioner: str
    medicines: tuple[str, ...]
    shared: bool
    end_reason: str


def listed(actor: Actor, patient_id: int) -> list[Listed]:
    """A patient's prescriptions that somebody may read, the latest first; discarded drafts are left out."""
    line = PrescriptionLine
    names: Any = (
        select(func.jsonb_agg(aggregate_order_by(line.name, line.position, line.id)))
        .where(line.prescription_id == Prescription.id, line.removed_at.is_(None), line.stopped_at.is_(None))
        .correlate(Prescription)
        .scalar_subquery()
    )
    moment = func.coalesce(Prescription.signed_at, Prescription.created_at)
    rows = db.session.execute(
        select(Prescription, Practitioner.name, Facility.zone, names, moment)
        .join(Practitioner, Practitioner.id == Prescription.practitioner_id)
        .join(Facility, Facility.id == Prescription.facility_id)
        .where(
            Prescription.patient_id == patient_id,
            Prescription.status != "discarded",
            prescriptions_in_sight(actor),
        )
        .order_by((Prescription.status == "draft").desc(), moment.desc(), Prescription.id.desc())
        .limit(LISTED)
    )
    return [
        Listed(
            id=row.id,
            reference=row.reference,
            status=row.status,
            at=at,
            zone=zone,
            practitioner=who,
            medicines=tuple(medicines or ()),
            shared=row.shared_at is not None,
            end_reason=row.end_reason or "",
        )
        for row, who, zone, medicines, at in rows
    ]
