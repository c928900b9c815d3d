"""Practitioner of FHIR R4 as rows: unverified, so that nobody can be booked with them before a person has
looked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, tuple_

from clinic.core.db import db
from clinic.core.fhir import (
    Refused,
    address_of,
    coded_text,
    dict_of,
    emails_of,
    human_name,
    identifiers_of,
    items_of,
    phones_of,
    resource_id,
    text_of,
)
from clinic.core.text import fold
from clinic.practitioners.models import Practitioner, PractitionerIdentifier

PRACTITIONER_SYSTEM = "fhir:Practitioner"
NPI = "http://hl7.org/fhir/sid/us-npi"


@dataclass(frozen=True, kw_only=True)
class PractitionerRecord:
    """A practitioner as rows: the columns, and what other systems call them."""

    resource: str
    columns: dict[str, Any]
    identifiers: tuple[tuple[str, str], ...]


def practitioner_record(resource: dict[str, Any]) -> PractitionerRecord:
    """A Practitioner as rows. Raises Refused."""
    key = resource_id(resource)
    name = human_name(resource, prefix=True)
    active = resource.get("active", True)
    if not isinstance(active, bool):
        raise Refused("active is neither true nor false")
    gender = text_of(resource, "gender")
    if gender not in ("", "male", "female", "other", "unknown"):
        raise Refused("gender is not one of the codes for it")
    identifiers = identifiers_of(resource)
    address = address_of(resource)
    degrees = [coded_text(dict_of(item, "code")) for item in items_of(resource, "qualification")]
    columns = {
        "name": name,
        "search_name": fold(name),
        "sex": gender or None,
        "qualification": ", ".join(degree for degree in degrees if degree)[:300] or None,
        "registration_number": next((value for system, value in identifiers if system == NPI), None),
        "phone": next(iter(phones_of(resource)), None),
        "email": next((mail[:254] for mail in emails_of(resource)), None),
        "line": address.line,
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
        "country": address.country,
        "active": active,
    }
    return PractitionerRecord(
        resource=key, columns=columns, identifiers=((PRACTITIONER_SYSTEM, key), *identifiers)
    )


def known_practitioners(pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The practitioners that other systems' identifiers name, by (system, value). One statement."""
    if not pairs:
        return {}
    named = tuple_(PractitionerIdentifier.system, PractitionerIdentifier.value)
    rows = db.session.execute(
        select(
            PractitionerIdentifier.system,
            PractitionerIdentifier.value,
            PractitionerIdentifier.practitioner_id,
        ).where(named.in_(list(dict.fromkeys(pairs))))
    )
    return {(system, value): practitioner_id for system, value, practitioner_id in rows}


def store_practitioners(records: Sequence[PractitionerRecord], *, group_id: int, now: datetime) -> None:
    """Add practitioners with their identifiers. Two statements."""
    if not records:
        return
    table = Practitioner.__table__
    rows = [
        {**record.columns, "group_id": group_id, "default_minutes": 30, "created_at": now}
        for record in records
    ]
    ids = db.session.scalars(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows).all()  # type: ignore[arg-type]
    db.session.execute(
        insert(PractitionerIdentifier.__table__),  # type: ignore[arg-type]
        [
            {"practitioner_id": practitioner_id, "system": system, "value": value}
            for practitioner_id, record in zip(ids, records, strict=True)
            for system, value in record.identifiers
        ],
    )
