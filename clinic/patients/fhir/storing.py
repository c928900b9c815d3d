"""Records from FHIR files into the tables, a batch at a time, adding only what is not there yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.fhir.resources import ALLERGY_SYSTEM, SOURCE, AllergyRecord, PatientRecord
from clinic.patients.models import Allergy, AllergyStatus, Patient, PatientIdentifier
from clinic.patients.service.many import insert_patients, open_logins

Pair = tuple[str, str]


def known_patients(pairs: Sequence[Pair]) -> dict[Pair, int]:
    """The patients that other systems' identifiers name, by (system, value). One statement."""
    if not pairs:
        return {}
    named = tuple_(PatientIdentifier.system, PatientIdentifier.value)
    rows = db.session.execute(
        select(PatientIdentifier.system, PatientIdentifier.value, PatientIdentifier.patient_id).where(
            named.in_(list(dict.fromkeys(pairs)))
        )
    )
    return {(system, value): patient_id for system, value, patient_id in rows}


def store_patients(
    actor: Actor, facility: Facility, records: Sequence[PatientRecord], now: datetime
) -> list[int]:
    """Add patients with their identifiers and the sign-ins of their mobiles; their ids in the order given."""
    if not records:
        return []
    ids = insert_patients(actor, facility, [record.columns for record in records], now)
    identifiers = [
        {"patient_id": patient_id, "system": system, "value": value}
        for patient_id, record in zip(ids, records, strict=True)
        for system, value in record.identifiers
    ]
    db.session.execute(insert(PatientIdentifier.__table__), identifiers)  # type: ignore[arg-type]
    living = [
        (patient_id, record.columns)
        for patient_id, record in zip(ids, records, strict=True)
        if record.columns["mobile"] and not record.columns["deceased"]
    ]
    open_logins(actor, living, now)
    return ids


def store_allergies(records: Sequence[tuple[int, AllergyRecord]], now: datetime) -> int:
    """Add allergies (patient's id, record) that are not there yet, and mark their patients; how many were
    added.
    """
    if not records:
        return 0
    rows = [
        {
            **record.columns,
            "patient_id": patient_id,
            "recorded_at": record.recorded_at or now,
            "recorded_by": None,
            "source_system": ALLERGY_SYSTEM,
            "source_value": record.resource,
            "created_at": now,
        }
        for patient_id, record in records
    ]
    added = db.session.execute(
        insert_or_not(Allergy)
        .values(rows)
        .on_conflict_do_nothing(constraint="uq_allergies_source")
        .returning(Allergy.patient_id, Allergy.status)
    ).all()
    reacting = {patient_id for patient_id, status in added if status == "active"}
    if reacting:
        _mark(Patient.id.in_(reacting), AllergyStatus.RECORDED, now)
    return len(added)


def store_none_known(patient_id: int, asked_at: datetime) -> bool:
    """Note that somebody elsewhere asked and none is known, unless there is another answer already."""
    marked = _mark(
        (Patient.id == patient_id) & (Patient.allergy_status == AllergyStatus.NOT_ASKED),
        AllergyStatus.NONE_KNOWN,
        asked_at,
    )
    return marked > 0


def _mark(condition: Any, status: AllergyStatus, asked_at: datetime) -> int:
    changed = db.session.execute(
        update(Patient.__table__)  # type: ignore[arg-type]
        .where(condition)
        .values(
            allergy_status=status.value,
            allergies_asked_at=asked_at,
            allergies_asked_by=None,
            allergies_asked_source=SOURCE,
            version=Patient.version + 1,
        )
    )
    return int(changed.rowcount)  # type: ignore[attr-defined]
