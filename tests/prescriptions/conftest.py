"""A practitioner who may sign, their patient, and a draft."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind, User
from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.prescriptions import queries, service
from clinic.prescriptions.models import Prescription, PrescriptionLine
from clinic.prescriptions.reading import read_line
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    actor_of,
    grant,
    household_login,
    practitioner_at,
)

SignIn = Callable[..., FlaskClient]
VATI = {
    "kind": "ayurvedic",
    "name": "Chandraprabha vati",
    "kalpana": "vati",
    "dosing": "1-0-1",
    "duration": "14 days",
    "sevana_kala": "adhobhakta",
    "anupana": "warm water",
}
TABLET = {
    "kind": "general",
    "name": "Telmisartan",
    "form": "tablet",
    "strength": "40 mg",
    "dosing": "OD",
    "duration": "30 days",
}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Who and what a test is about."""

    facility: Facility
    user: User
    practitioner: Practitioner
    actor: Actor
    patient: Patient

    def draft(self, *lines: dict[str, str], patient: Patient | None = None) -> Prescription:
        """A draft with these lines; one tablet where none is given."""
        with unit_of_work():
            made = service.begin(self.actor, patient or self.patient)
            service.add_lines(
                self.actor, made, [read_line(texts) for texts in lines or (VATI,)], version=made.version
            )
        return self.fresh(made.id)

    def signed(self, *lines: dict[str, str]) -> Prescription:
        """A prescription with these lines, signed."""
        draft = self.draft(*lines)
        with unit_of_work():
            service.sign(self.actor, draft, version=draft.version)
        return self.fresh(draft.id)

    def fresh(self, prescription_id: int) -> Prescription:
        """The row as it stands in the database."""
        db.session.expire_all()
        return queries.get_prescription(self.actor, prescription_id, fresh=True)


@pytest.fixture
def scene(session: Session) -> Scene:
    facility = FacilityFactory(
        name="Sutra Indiranagar", phone="+918041234567", line="12 Main Road", city="Bengaluru"
    )
    user = grant(UserFactory(name="Dr Vaidehi Kulkarni"), Role.PRACTITIONER, facility=facility)
    practitioner = practitioner_at(
        facility,
        user,
        name="Dr Vaidehi Kulkarni",
        qualification="BAMS, MD (Ay.)",
        registration_number="KA-AYU-12345",
    )
    patient = PatientFactory(
        facility_id=facility.id,
        name="Meenakshi Iyer",
        sex="female",
        birth_date=date(1980, 3, 1),
        birth_precision="day",
    )
    session.commit()
    return Scene(
        facility=facility,
        user=user,
        practitioner=practitioner,
        actor=actor_of(user, Role.PRACTITIONER, facility=facility),
        patient=patient,
    )


@pytest.fixture
def author(scene: Scene, sign_in: SignIn) -> FlaskClient:
    """The practitioner's browser."""
    return sign_in(scene.user)


@pytest.fixture
def household(scene: Scene, sign_in: SignIn) -> FlaskClient:
    """The patient's browser."""
    login = household_login(scene.patient, mobile="+919845000077")
    db.session.commit()
    return sign_in(login, SessionKind.PATIENT)


def lines_of(prescription: Prescription) -> list[PrescriptionLine]:
    """Its lines, read again."""
    return queries.lines_of(prescription.id, fresh=True)


def version_on(page: str) -> str:
    """The version a page's form carries."""
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found, "no form with a version on the page"
    return found[1]


def form(prescription: Prescription, **fields: Any) -> dict[str, str]:
    """What the form of a draft sends when nothing but these fields was typed."""
    return {
        "version": str(prescription.version),
        **{name.replace("__", "-"): text for name, text in fields.items()},
    }
