"""Who may already be in the register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, tuple_, union

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.text import fold
from clinic.patients import policy
from clinic.patients.details import PatientDetails
from clinic.patients.likeness import Likeness, Traits, compare
from clinic.patients.models import Patient, PatientWord
from clinic.patients.queries import PatientRow

_MOST_CANDIDATES = 200
_MOST_FOR_MANY = 20_000


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


def find_alike(actor: Actor, wanted: Mapping[int, Traits]) -> dict[int, list[Duplicate]]:
    """For many people at once, by a key of the caller's: who in the register is likely the same, likeliest
    first. One statement.
    """
    if not wanted:
        return {}
    rows = _near(actor, list(wanted.values()))
    by_mobile: dict[str, list[PatientRow]] = {}
    by_word: dict[str, list[PatientRow]] = {}
    by_email: dict[str, list[PatientRow]] = {}
    for row in rows:
        if row.mobile:
            by_mobile.setdefault(row.mobile, []).append(row)
        if row.email:
            by_email.setdefault(row.email.lower(), []).append(row)
        for word in set(fold(row.name).split()):
            by_word.setdefault(word, []).append(row)
    found = {}
    for key, traits in wanted.items():
        near = {row.id: row for row in by_mobile.get(traits.mobile or "", ())}
        near |= {row.id: row for row in by_email.get((traits.email or "").lower(), ())}
        for word in fold(traits.name).split():
            near |= {row.id: row for row in by_word.get(word, ())}
        likely = [
            Duplicate(patient=row, likeness=likeness)
            for row in near.values()
            if (likeness := compare(traits, _traits_of(row))).likely_same
        ]
        found[key] = sorted(likely, key=lambda one: (-one.likeness.score, one.patient.id))
    return found


def _near(actor: Actor, people: Sequence[Traits]) -> list[PatientRow]:
    """The register's rows near any of the people; a mobile or a name that half the register shares is cut
    off.
    """
    names = {fold(one.name) for one in people}
    mobiles = {one.mobile for one in people if one.mobile}
    emails = {one.email.lower() for one in people if one.email}
    births = {(one.birth_date, word) for one in people if one.birth_date for word in fold(one.name).split()}
    reasons: list[tuple[bool, ColumnElement[bool]]] = [
        (bool(names), Patient.search_name.in_(names)),
        (bool(mobiles), Patient.mobile.in_(mobiles)),
        (bool(emails), Patient.email_folded.in_(emails)),
    ]
    near = [select(Patient.id).where(reason).limit(_MOST_FOR_MANY) for wanted, reason in reasons if wanted]
    if births:
        near.append(
            select(Patient.id)
            .join(PatientWord, PatientWord.patient_id == Patient.id)
            .where(tuple_(Patient.birth_date, PatientWord.word).in_(births))
            .limit(_MOST_FOR_MANY)
        )
    columns = [getattr(Patient, name) for name in PatientRow.__dataclass_fields__]
    rows = db.session.execute(
        select(*columns).where(Patient.id.in_(union(*near)), policy.visible(actor)).order_by(Patient.id)
    )
    return [PatientRow(**row._mapping) for row in rows]


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
