"""One patient, a household, and what stands beside a patient's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ScalarSelect, exists, func, select
from sqlalchemy.orm import joinedload, with_expression

from clinic.accounts.models import AccountClosing, User
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.patients import policy
from clinic.patients.models import Allergy, AllergyStatus, Guardianship, Patient, PatientPhoto


@dataclass(frozen=True, kw_only=True)
class AllergyLine:
    """What a patient reacts to, as a plate shows it."""

    substance: str
    reaction: str | None
    severity: str | None
    criticality: str | None

    @property
    def grave(self) -> bool:
        """Whether it may kill: it did badly before, or is said to carry a high risk."""
        return self.severity == "severe" or self.criticality == "high"


@dataclass(frozen=True, kw_only=True)
class AllergyAlert:
    """What must not be missed: what a patient reacts to, or that nobody has asked.

    Where none is known, ``asked_by`` and ``asked_at`` say who asked and when: a person, or another system by
    its name.
    """

    status: AllergyStatus
    allergies: tuple[Allergy | AllergyLine, ...] = ()
    asked_by: str | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class HouseholdMember:
    """Somebody reached by the same sign-in."""

    id: int
    name: str
    mrn: str
    sex: str
    birth_date: date | None
    birth_precision: str | None
    deceased: bool
    deceased_on: date | None


def get_patient(actor: Actor, patient_id: int) -> Patient:
    """One patient, with what stands at the head of their page. Raises NotFound for none, and alike for one
    out of ``actor``'s sight.
    """
    patient = db.session.scalars(
        select(Patient)
        .where(Patient.id == patient_id, policy.visible(actor))
        .options(
            joinedload(Patient.facility),
            with_expression(Patient.has_photo, exists().where(PatientPhoto.patient_id == Patient.id)),
            with_expression(Patient.sign_in_closes_at, _sign_in_closes_at()),
        )
    ).first()
    if patient is None:
        raise NotFound(_("There is no such patient."))
    return patient


def _sign_in_closes_at() -> ScalarSelect[datetime]:
    """When a sign-in that acts for the patient ends at its own wish; null where nobody asked."""
    return (
        select(func.min(AccountClosing.closes_at))
        .join(Guardianship, Guardianship.user_id == AccountClosing.user_id)
        .where(
            Guardianship.patient_id == Patient.id,
            Guardianship.ended_at.is_(None),
            AccountClosing.undone_at.is_(None),
            AccountClosing.done_at.is_(None),
        )
        .correlate(Patient)
        .scalar_subquery()
    )


def get_patient_for_change(actor: Actor, patient_id: int) -> Patient:
    """``get_patient`` with the row locked until the unit of work ends, as it stands now, for whoever may
    change something about the patient.
    """
    patient = db.session.scalars(
        select(Patient)
        .where(Patient.id == patient_id, policy.changeable(actor))
        .with_for_update(of=Patient)
        .execution_options(populate_existing=True)
    ).first()
    if patient is None:
        raise NotFound(_("There is no such patient."))
    return patient


def patients_of_login(user_id: int) -> list[Patient]:
    """The patients a sign-in may act for, the first registered first."""
    return list(
        db.session.scalars(
            select(Patient)
            .join(Guardianship, Guardianship.patient_id == Patient.id)
            .where(Guardianship.user_id == user_id, Guardianship.ended_at.is_(None))
            .order_by(Patient.id)
        )
    )


def active_allergies(patient_id: int) -> list[Allergy]:
    """What a patient reacts to now, the gravest first."""
    rows = db.session.scalars(
        select(Allergy)
        .where(Allergy.patient_id == patient_id, Allergy.status == "active")
        .order_by(Allergy.id)
    )
    grave = {"severe": 0, "moderate": 1, "mild": 2}
    return sorted(rows, key=lambda row: (row.criticality != "high", grave.get(row.severity or "", 3), row.id))


def all_allergies(patient_id: int) -> list[Allergy]:
    """Every allergy ever written down for a patient but those entered in error."""
    return list(
        db.session.scalars(
            select(Allergy)
            .where(Allergy.patient_id == patient_id, Allergy.status != "entered_in_error")
            .order_by(Allergy.status, Allergy.id)
        )
    )


def allergy_alert(patient: Patient) -> AllergyAlert:
    """What stands on the allergy plate of a patient."""
    status = AllergyStatus(patient.allergy_status)
    allergies = tuple(active_allergies(patient.id)) if status is AllergyStatus.RECORDED else ()
    asked_by = patient.allergies_asked_source
    if status is AllergyStatus.NONE_KNOWN and patient.allergies_asked_by is not None:
        asked_by = db.session.scalar(select(User.name).where(User.id == patient.allergies_asked_by))
    return AllergyAlert(
        status=status, allergies=allergies, asked_by=asked_by, asked_at=patient.allergies_asked_at
    )


def household(actor: Actor, patient: Patient) -> list[HouseholdMember]:
    """The others on a patient's mobile that ``actor`` may see, at most 20."""
    if patient.mobile is None:
        return []
    rows = db.session.execute(
        select(*(getattr(Patient, name) for name in HouseholdMember.__dataclass_fields__))
        .where(Patient.mobile == patient.mobile, Patient.id != patient.id, policy.visible(actor))
        .order_by(Patient.id)
        .limit(20)
    )
    return [HouseholdMember(**row._mapping) for row in rows]
