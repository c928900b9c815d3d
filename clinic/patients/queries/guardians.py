"""Which sign-ins act for patients, told to the household and to the clinic."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from clinic.accounts.models import AccountClosing, User
from clinic.core import clock
from clinic.core.db import db
from clinic.patients.display import ADULT, years_between
from clinic.patients.models import GuardianConsent, Guardianship, Patient


@dataclass(frozen=True, kw_only=True)
class LooksAfter:
    """A sign-in that acts for a patient. ``ending`` are the last digits of its number."""

    user_id: int
    name: str
    mobile: str | None
    kind: str
    since: datetime
    closes_at: datetime | None = None

    @property
    def ending(self) -> str:
        return (self.mobile or "")[-4:]


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody in a household: ``is_child`` under 18; ``came_of_age`` is 18 since the household looks after
    them.
    """

    patient: Patient
    looked_after_by: tuple[LooksAfter, ...]
    is_child: bool
    came_of_age: bool


@dataclass(frozen=True, kw_only=True)
class ConsentLine:
    """Who allowed (or ended) whose sign-in, and when."""

    at: datetime
    whose: str
    allowed: bool
    given_as: str
    by: str | None


def acting_for(patient_ids: Collection[int]) -> dict[int, list[LooksAfter]]:
    """The sign-ins that act for each of these patients, the first first. One statement."""
    found: dict[int, list[LooksAfter]] = {patient_id: [] for patient_id in patient_ids}
    rows = db.session.execute(
        select(
            Guardianship.patient_id,
            User.id.label("user_id"),
            User.name,
            User.mobile,
            Guardianship.relationship_kind.label("kind"),
            Guardianship.created_at.label("since"),
            AccountClosing.closes_at,
        )
        .join(User, User.id == Guardianship.user_id)
        .outerjoin(
            AccountClosing,
            (AccountClosing.user_id == User.id)
            & AccountClosing.undone_at.is_(None)
            & AccountClosing.done_at.is_(None),
        )
        .where(Guardianship.patient_id.in_(patient_ids), Guardianship.ended_at.is_(None))
        .order_by(Guardianship.id)
    )
    for row in rows:
        values = dict(row._mapping)
        found[values.pop("patient_id")].append(LooksAfter(**values))
    return found


def lookers_after(patient_ids: Collection[int], *, today: date, zone: str) -> list[Member]:
    """A household's members with who looks after them, the first registered first. Two statements."""
    acting = acting_for(patient_ids)
    patients = db.session.scalars(select(Patient).where(Patient.id.in_(patient_ids)).order_by(Patient.id))
    return [_member(patient, tuple(acting[patient.id]), today, zone) for patient in patients]


def _member(patient: Patient, acting: tuple[LooksAfter, ...], today: date, zone: str) -> Member:
    born = patient.birth_date
    age = years_between(born, today) if born is not None else None
    local = clock.zone(zone)
    since = min((one.since.astimezone(local).date() for one in acting), default=today)
    return Member(
        patient=patient,
        looked_after_by=acting,
        is_child=age is not None and age < ADULT,
        came_of_age=age is not None
        and age >= ADULT
        and born is not None
        and years_between(born, since) < ADULT,
    )


def consents_about(patient_id: int, *, limit: int = 50) -> list[ConsentLine]:
    """What was allowed and ended for a patient, the latest first."""
    giver = aliased(User)
    rows = db.session.execute(
        select(
            GuardianConsent.created_at.label("at"),
            User.name.label("whose"),
            GuardianConsent.allowed,
            GuardianConsent.given_as,
            giver.name.label("by"),
        )
        .join(User, User.id == GuardianConsent.user_id)
        .outerjoin(giver, giver.id == GuardianConsent.given_by)
        .where(GuardianConsent.patient_id == patient_id)
        .order_by(GuardianConsent.id.desc())
        .limit(limit)
    )
    return [ConsentLine(**row._mapping) for row in rows]
