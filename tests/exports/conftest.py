"""Two clinics, somebody of every role in the first, and a patient with everything a record can hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind, User
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.encounters import queries as notes
from clinic.encounters import service as writing
from clinic.facilities.models import Facility
from clinic.patients.models import (
    Allergy,
    CareRelationship,
    IntakeLink,
    IntakeSection,
    Patient,
    PatientIdentifier,
)
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment
from tests.encounters.conftest import READY
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    actor_of,
    appointment,
    grant,
    household_login,
    practitioner_at,
)

SECRET = "a-token-nobody-may-see"


@dataclass
class Clinic:
    """The first clinic, its people by role, and its patient; ``elsewhere`` is the other."""

    facility: Facility
    elsewhere: Facility
    patient: Patient
    practitioner: Practitioner
    visit: Appointment
    household: User
    outsider: User
    staff: dict[str, User] = field(default_factory=dict)
    sign_in: Callable[..., FlaskClient] = field(default=lambda user: None)  # type: ignore[assignment]

    def client(self, who: str) -> FlaskClient:
        """The browser of somebody of the staff."""
        return self.sign_in(self.staff[who])

    def phone(self, login: User | None = None) -> FlaskClient:
        """The household's phone, or somebody else's."""
        return self.sign_in(login or self.household, SessionKind.PATIENT)


def events(action: str) -> list[AuditEvent]:
    """What the audit holds of an action, in order."""
    return list(
        db.session.scalars(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id))
    )


@pytest.fixture
def clinic(session: Session, sign_in: Callable[..., FlaskClient]) -> Clinic:
    facility = FacilityFactory(name="Sanjeevani", whole_facility_in_care=False)
    elsewhere = FacilityFactory(name="Elsewhere")
    staff = {
        role.value: grant(UserFactory(name=f"The {role}"), role, facility=facility)
        for role in (Role.FACILITY_ADMIN, Role.RECEPTIONIST, Role.PRACTITIONER, Role.THERAPIST)
    }
    staff["colleague"] = grant(UserFactory(name="A colleague"), Role.PRACTITIONER, facility=facility)
    staff["admin"] = grant(UserFactory(name="The admin"), Role.ADMIN)
    staff["manager elsewhere"] = grant(UserFactory(), Role.FACILITY_ADMIN, facility=elsewhere)
    staff["practitioner"].password_hash = SECRET
    practitioner = practitioner_at(facility, staff["practitioner"], name="Dr Vaidehi Kulkarni")
    practitioner_at(facility, staff["colleague"])
    patient = PatientFactory(
        name="मीनाक्षी अय्यर 👩🏽‍⚕️", mrn="SU-77", facility_id=facility.id,
        medical_history="Jaundice\n\u202bשלום\u202c",
        file_number="OPD/12", remarks="Prefers mornings", emergency_name="Ravi", allergy_status="recorded",
    )  # fmt: skip
    household = household_login(patient, mobile="+919845011723")
    stranger = PatientFactory(facility_id=facility.id)
    visit = appointment(
        patient,
        practitioner,
        clock.now() - timedelta(days=2),
        service=ServiceFactory(facility_id=facility.id, name="Abhyanga"),
        status="in_progress",
        override_reason="Came by mistake on a holiday",
    )
    _with_everything(patient, practitioner, facility, staff["receptionist"])
    session.commit()
    made = Clinic(
        facility=facility,
        elsewhere=elsewhere,
        patient=patient,
        practitioner=practitioner,
        visit=visit,
        household=household,
        outsider=household_login(stranger, mobile="+919845099999"),
        staff=staff,
        sign_in=sign_in,
    )
    session.commit()
    return made


def _with_everything(patient: Patient, practitioner: Practitioner, facility: Facility, desk: User) -> None:
    link = IntakeLink(
        patient_id=patient.id,
        facility_id=facility.id,
        token_hash=SECRET,
        expires_at=clock.now() + timedelta(days=7),
        created_by=desk.id,
    )
    db.session.add_all(
        [
            link,
            CareRelationship(patient_id=patient.id, practitioner_id=practitioner.id, source="booking"),
            PatientIdentifier(patient_id=patient.id, system="urn:old-register", value="4711"),
            Allergy(patient_id=patient.id, substance="Groundnut", reaction="Hives", recorded_at=clock.now()),
            Allergy(
                patient_id=patient.id,
                substance="Mistyped",
                status="entered_in_error",
                recorded_at=clock.now(),
            ),
        ]
    )
    db.session.flush()
    db.session.add(
        IntakeSection(
            link_id=link.id,
            section="about",
            answers={"name": "Meenakshi as she typed it"},
            saved_at=clock.now(),
            complete=True,
        )
    )


def signed_note(clinic: Clinic, *, shared: bool = False) -> None:
    """The practitioner's note on the visit, signed; shared with the patient if asked."""
    actor = actor_of(clinic.staff["practitioner"], Role.PRACTITIONER, facility=clinic.facility)
    with unit_of_work():
        note_id = writing.open_note(actor, clinic.visit).id
    note = notes.get_note(actor, note_id, fresh=True)
    with unit_of_work():
        saved = writing.save_draft(actor, note, READY, version=note.version)
        writing.add_diagnosis(actor, note, "Kati shula")
    note = notes.get_note(actor, note_id, fresh=True)
    with unit_of_work():
        writing.sign(actor, note, version=saved.version)
    with unit_of_work():
        signed = notes.get_note(actor, note_id, fresh=True)
        writing.add_addendum(actor, signed, "Felt better at once.")
        if shared:
            writing.share_note(actor, signed)
            writing.enter_in_error(actor, signed, "The clinic's own reason")
