"""The head of a patient's page: allergies, household, how the beginning stands, in one statement.

Other domains add what must not be missed as a scalar sub-select: it travels with this statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, literal, null, select

from clinic.accounts.models import User
from clinic.core.access import Actor
from clinic.patients import policy
from clinic.patients.models import Allergy, AllergyStatus, Patient
from clinic.patients.queries.care import carers_column
from clinic.patients.queries.intake import Beginning, beginning_with
from clinic.patients.queries.people import AllergyAlert, AllergyLine, HouseholdMember

HOUSEHOLD = 20
"""So many of a household are named."""
_MEMBER = tuple(HouseholdMember.__dataclass_fields__)
_ALLERGY = tuple(AllergyLine.__dataclass_fields__)
_GRAVITY = {"severe": 0, "moderate": 1, "mild": 2}


@dataclass(frozen=True, kw_only=True)
class Head:
    """What stands at the head. ``carers`` are those who care now: name, specialization. ``more`` holds what
    the sub-selects asked for gave, by their names.
    """

    beginning: Beginning
    alert: AllergyAlert
    household: tuple[HouseholdMember, ...]
    carers: tuple[Mapping[str, Any], ...]
    more: Mapping[str, Any]


def head_of(actor: Actor, patient: Patient, more: Mapping[str, ScalarSelect[Any]]) -> Head:
    """The head of a page, and what ``more`` asks for. One statement."""
    beginning, found = beginning_with(
        patient.id,
        _allergies(patient),
        _asked_by(patient),
        _household(actor, patient),
        carers_column(patient.id),
        *more.values(),
    )
    allergies, asked_by, members, carers, *rest = found
    return Head(
        beginning=beginning,
        alert=_alert(patient, allergies or [], asked_by),
        household=tuple(_member(row) for row in members or []),
        carers=tuple(carers or ()),
        more=dict(zip(more, rest, strict=True)),
    )


def allergies_in_order(rows: list[AllergyLine]) -> tuple[AllergyLine, ...]:
    """The gravest first, then as they were written down."""
    return tuple(sorted(rows, key=lambda row: (not row.grave, _GRAVITY.get(row.severity or "", 3))))


def _allergies(patient: Patient) -> ColumnElement[Any]:
    if patient.allergy_status != AllergyStatus.RECORDED:
        return null()
    pairs = [part for name in _ALLERGY for part in (name, getattr(Allergy, name))]
    active = (
        select(func.jsonb_build_object(*pairs).label("line"))
        .where(Allergy.patient_id == patient.id, Allergy.status == "active")
        .order_by(Allergy.id)
        .subquery()
    )
    return select(func.jsonb_agg(active.c.line)).scalar_subquery()


def _asked_by(patient: Patient) -> ColumnElement[Any]:
    """Who asked, where none is known: a person here, else another system by its name."""
    known = patient.allergy_status == AllergyStatus.NONE_KNOWN and patient.allergies_asked_by is not None
    if not known:
        return literal(patient.allergies_asked_source)
    return select(User.name).where(User.id == patient.allergies_asked_by).scalar_subquery()


def _household(actor: Actor, patient: Patient) -> ColumnElement[Any]:
    if patient.mobile is None:
        return null()
    pairs = [part for name in _MEMBER for part in (name, getattr(Patient, name))]
    others = (
        select(func.jsonb_build_object(*pairs).label("member"))
        .where(Patient.mobile == patient.mobile, Patient.id != patient.id, policy.visible(actor))
        .order_by(Patient.id)
        .limit(HOUSEHOLD)
        .correlate(None)
        .subquery()
    )
    return select(func.jsonb_agg(others.c.member)).scalar_subquery()


def _alert(patient: Patient, allergies: list[dict[str, Any]], asked_by: str | None) -> AllergyAlert:
    at: datetime | None = patient.allergies_asked_at
    lines = allergies_in_order([AllergyLine(**row) for row in allergies])
    status = AllergyStatus(patient.allergy_status)
    return AllergyAlert(status=status, allergies=lines, asked_by=asked_by, asked_at=at)


def _member(row: dict[str, Any]) -> HouseholdMember:
    days = {
        name: date.fromisoformat(row[name]) if row[name] else None for name in ("birth_date", "deceased_on")
    }
    return HouseholdMember(**{**row, **days})
