"""Many patients at once, for imports: the records, their allergies and the sign-ins of their mobiles.

Nothing here decides whether a record is right: the details were checked, and whoever calls writes it down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from clinic.accounts.models import RoleGrant, User
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import AllergyStatus, Guardianship, Patient
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

    Four statements. A mobile that somebody else is registering this moment is waited for, so call it last.
    """
    if not people:
        return
    by_mobile = {str(columns["mobile"]): columns for _patient_id, columns in people}
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
                for mobile, columns in sorted(by_mobile.items())
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
                for user in sorted(users.values())
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
