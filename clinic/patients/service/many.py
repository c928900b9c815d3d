"""Many patients at once, for imports: the records, their allergies and the sign-ins of their mobiles.

Nothing here decides whether a record is right: the details were checked, and whoever calls writes it down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text

from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import AllergyStatus, Patient
from clinic.patients.models.patient import MRN_SEQUENCE


def insert_patients(
    actor: Actor, facility: Facility, columns: Sequence[Mapping[str, Any]], now: datetime
) -> list[int]:
    """Add patients; their ids in the order given. Each has a number of its own unless the columns name one.

    Two statements.
    """
    if not columns:
        return []
    numbers = iter(
        db.session.scalars(
            select(MRN_SEQUENCE.next_value()).select_from(
                func.generate_series(1, len(columns)).table_valued("n")
            )
        ).all()
    )
    shared = {
        "facility_id": facility.id,
        "group_id": facility.group_id,
        "allergy_status": AllergyStatus.NOT_ASKED.value,
        "version": 1,
        "created_by": actor.user_id,
        "created_at": now,
    }
    rows = [{"mrn": f"SU-{number}", **shared, **row} for number, row in zip(numbers, columns, strict=True)]
    table = Patient.__table__
    return list(db.session.scalars(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows))  # type: ignore[arg-type]


def open_logins(actor: Actor, people: Sequence[tuple[int, Mapping[str, Any]]], now: datetime) -> None:
    """A sign-in for each mobile that has none, the role, and the right to act for the patient (id, columns).

    Three statements. A mobile that somebody else is registering this moment is waited for, so call it last.
    """
    if not people:
        return
    by_mobile = {str(columns["mobile"]): columns for _patient_id, columns in people}
    mobiles = sorted(by_mobile)
    db.session.execute(
        _USERS,
        {
            "mobiles": mobiles,
            "names": [str(by_mobile[mobile]["name"]) for mobile in mobiles],
            "locales": [str(by_mobile[mobile]["locale"]) for mobile in mobiles],
            "now": now,
        },
    )
    db.session.execute(
        _ROLES, {"mobiles": mobiles, "role": Role.PATIENT.value, "by": actor.user_id, "now": now}
    )
    db.session.execute(
        _GUARDIANS,
        {
            "patients": [patient_id for patient_id, _columns in people],
            "mobiles": [str(columns["mobile"]) for _patient_id, columns in people],
            "now": now,
        },
    )


_USERS = text(
    "INSERT INTO users (mobile, name, locale, active, created_at)"
    " SELECT mobile, name, locale, true, :now"
    " FROM unnest(CAST(:mobiles AS text[]), CAST(:names AS text[]), CAST(:locales AS text[]))"
    " AS person(mobile, name, locale)"
    " ON CONFLICT ON CONSTRAINT uq_users_mobile DO NOTHING"
)
_ROLES = text(
    "INSERT INTO role_grants (user_id, role, granted_by, created_at)"
    " SELECT id, :role, :by, :now FROM users WHERE mobile = ANY(CAST(:mobiles AS text[])) ORDER BY id"
    " ON CONFLICT ON CONSTRAINT uq_role_grants_once DO NOTHING"
)
_GUARDIANS = text(
    "INSERT INTO guardianships (user_id, patient_id, relationship_kind, created_at)"
    " SELECT users.id, person.patient, 'household', :now"
    " FROM unnest(CAST(:patients AS bigint[]), CAST(:mobiles AS text[])) AS person(patient, mobile)"
    " JOIN users ON users.mobile = person.mobile"
    " ON CONFLICT DO NOTHING"
)
