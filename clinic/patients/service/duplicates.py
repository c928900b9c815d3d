"""Who may already be in the register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, union

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.text import fold
from clinic.patients import policy
from clinic.patients.details import PatientDetails
from clinic.patients.likeness import Likeness, Traits, compare
from clinic.patients.models import Patient, PatientWord
from clinic.patients.queries import PatientRow

_MOST_CANDIDATES = 200


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """Somebody in the register who may be the person on the form, and why."""

    patient: PatientRow
    likeness: Likeness


@dataclass(frozen=True, kw_only=True)
class Alike:
    """What the register has near a new patient: likely the same person, or merely the same household."""

    likely: tuple[Duplicate, ...] = ()
    household: tuple[PatientRow, ...] = ()


def find_duplicates(actor: Actor, details: PatientDetails, *, besides: int | None = None) -> Alike:
    """Who among those ``actor`` may see is like the person in (checked) ``details``; ``besides`` leaves one
    out.

    The likeliest first. Candidates come from indexes: the same mobile, e-mail or birth date, or a word of the
    same name. One statement.
    """
    traits = Traits(
        name=details.name,
        mobile=details.mobile,
        birth_date=details.birth_date,
        birth_precision=details.birth_precision if details.birth_date else None,
        email=details.email,
    )
    likely, household = [], []
    for row in _candidates(actor, details, besides):
        likeness = compare(traits, _traits_of(row))
        if likeness.likely_same:
            likely.append(Duplicate(patient=row, likeness=likeness))
        elif details.mobile and row.mobile == details.mobile:
            household.append(row)
    likely.sort(key=lambda found: (-found.likeness.score, found.patient.id))
    return Alike(likely=tuple(likely[:6]), household=tuple(household[:12]))


def _traits_of(row: PatientRow) -> Traits:
    return Traits(
        name=row.name,
        mobile=row.mobile,
        birth_date=row.birth_date,
        birth_precision=row.birth_precision,
        email=row.email,
    )


def _candidates(actor: Actor, details: PatientDetails, besides: int | None) -> Sequence[PatientRow]:
    folded = fold(details.name)
    near = [select(Patient.id).where(Patient.search_name == folded)]
    if details.mobile:
        near.append(select(Patient.id).where(Patient.mobile == details.mobile))
    if details.email:
        near.append(select(Patient.id).where(Patient.email_folded == details.email.lower()))
    if details.birth_date:
        words = folded.split()
        near.append(
            select(Patient.id)
            .join(PatientWord, PatientWord.patient_id == Patient.id)
            .where(Patient.birth_date == details.birth_date, PatientWord.word.in_(words))
        )
    columns = [getattr(Patient, name) for name in PatientRow.__dataclass_fields__]
    rows = db.session.execute(
        select(*columns)
        .where(Patient.id.in_(union(*near)), Patient.id != (besides or 0), policy.visible(actor))
        .limit(_MOST_CANDIDATES)
    )
    return [PatientRow(**row._mapping) for row in rows]
