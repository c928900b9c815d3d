"""Medicines, insurer and body of a patient, as they were said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ScalarSelect, Text, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from clinic.core import crypto
from clinic.core.db import db
from clinic.patients.models import PatientInsurance, PatientMeasures, PatientMedication


@dataclass(frozen=True, kw_only=True)
class Medicine:
    """One medicine. ``source`` is ``patient`` or ``staff``, here as below."""

    id: int
    name: str
    dose: str | None
    often: str | None
    source: str
    said_on: date


@dataclass(frozen=True, kw_only=True)
class Insurance:
    """An insurer, the policy's number opened; empty where there is none, or no key opens it."""

    insurer: str
    policy_number: str
    valid_until: date | None
    source: str
    said_on: date


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The newest height and the newest weight, with the day the later of the two was said."""

    height_cm: Decimal | None = None
    weight_kg: Decimal | None = None
    source: str = ""
    said_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is written down of a patient's medicines, insurer and body."""

    medicines: tuple[Medicine, ...] = ()
    insurance: Insurance | None = None
    measured: Measured = field(default_factory=Measured)


def said_of(patient_id: int) -> Said:
    """Everything that holds now. One statement."""
    return read_said(*db.session.execute(select(*said_columns(patient_id))).one())


def said_columns(patient_id: int) -> list[ScalarSelect[Any]]:
    """Sub-selects for ``read_said``, for a statement that asks for more."""
    return [
        _rows(PatientMedication, patient_id, "name", "dose", "often"),
        _rows(PatientInsurance, patient_id, "insurer", "policy_sealed", "valid_until"),
        _rows(PatientMeasures, patient_id, "height_cm", "weight_kg"),
    ]


def read_said(medicines: Any, insurances: Any, measures: Any) -> Said:
    """What ``said_columns`` gave."""
    return Said(
        medicines=tuple(
            Medicine(id=row["id"], name=row["name"], dose=row["dose"], often=row["often"], **_by(row))
            for row in medicines or []
        ),
        insurance=_insurance(insurances[-1]) if insurances else None,
        measured=_measured(measures or []),
    )


def _rows(model: Any, patient_id: int, *columns: str) -> ScalarSelect[Any]:
    """The rows that hold now as a JSON list, the oldest first; numbers as text."""
    pairs: list[Any] = ["id", model.id]
    for name in ("source", "said_on", *columns):
        pairs += [name, cast(getattr(model, name), Text)]
    rows: ScalarSelect[Any] = (
        select(func.json_agg(aggregate_order_by(func.json_build_object(*pairs), model.id)))
        .where(model.patient_id == patient_id, model.ended_at.is_(None))
        .scalar_subquery()
    )
    return rows


def _by(row: dict[str, Any]) -> dict[str, Any]:
    return {"source": row["source"], "said_on": date.fromisoformat(row["said_on"])}


def _insurance(row: dict[str, Any]) -> Insurance:
    return Insurance(
        insurer=row["insurer"],
        policy_number=(crypto.unseal(row["policy_sealed"]) or "") if row["policy_sealed"] else "",
        valid_until=date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
        **_by(row),
    )


def _measured(rows: list[dict[str, Any]]) -> Measured:
    if not rows:
        return Measured()
    heights = [Decimal(row["height_cm"]) for row in rows if row["height_cm"] is not None]
    weights = [Decimal(row["weight_kg"]) for row in rows if row["weight_kg"] is not None]
    return Measured(
        height_cm=heights[-1] if heights else None,
        weight_kg=weights[-1] if weights else None,
        **_by(rows[-1]),
    )
