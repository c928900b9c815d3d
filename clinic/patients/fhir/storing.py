"""Records from FHIR files into the tables, a batch at a time, adding only what is not there yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from clinic.accounts.models import RoleGrant, User
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.fhir.resources import ALLERGY_SYSTEM, SOURCE, AllergyRecord, PatientRecord
from clinic.patients.models import Allergy, AllergyStatus, Guardianship, Patient, PatientIdentifier
from clinic.patients.models.patient import MRN_SEQUENCE

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
    numbers = db.session.scalars(
        select(MRN_SEQUENCE.next_value()).select_from(func.generate_series(1, len(records)).table_valued("n"))
    ).all()
    shared = {
        "facility_id": facility.id,
        "group_id": facility.group_id,
        "allergy_status": AllergyStatus.NOT_ASKED.value,
        "version": 1,
        "created_by": actor.user_id,
        "created_at": now,
    }
    rows = [
        {**record.columns, **shared, "mrn": f"SU-{number}"}
        for record, number in zip(records, numbers, strict=True)
    ]
    table = Patient.__table__
    ids = list(db.session.scalars(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows))  # type: ignore[arg-type]
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
    _open_logins(actor, living, now)
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


def _open_logins(actor: Actor, people: Sequence[tuple[int, dict[str, Any]]], now: datetime) -> None:
    """A sign-in for each mobile that has none, the role, and the right to act for the patient. Four
    statements.
    """
    if not people:
        return
    by_mobile = {columns["mobile"]: columns for _patient_id, columns in people}
    db.session.execute(
        insert_or_not(User)
        .values(
            [
                {
                    "mobile": mobile,
                    "name": columns["name"],
                    "locale": columns["locale"],
                    "active": True,
                    "created_at": now,
                }
                for mobile, columns in by_mobile.items()
            ]
        )
        .on_conflict_do_nothing(constraint="uq_users_mobile")
    )
    users = dict(
        db.session.execute(select(User.mobile, User.id).where(User.mobile.in_(list(by_mobile))))
        .tuples()
        .all()
    )
    db.session.execute(
        insert_or_not(RoleGrant)
        .values(
            [
                {"user_id": user, "role": Role.PATIENT.value, "granted_by": actor.user_id, "created_at": now}
                for user in users.values()
            ]
        )
        .on_conflict_do_nothing(constraint="uq_role_grants_once")
    )
    db.session.execute(
        insert_or_not(Guardianship)
        .values(
            [
                {
                    "user_id": users[columns["mobile"]],
                    "patient_id": patient_id,
                    "relationship_kind": "household",
                    "created_at": now,
                }
                for patient_id, columns in people
            ]
        )
        .on_conflict_do_nothing()
    )
