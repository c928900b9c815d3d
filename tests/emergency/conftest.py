"""A patient of one clinic, and people of another who do not see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.models import User
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.encounters.models import Note, NoteTemplate
from clinic.encounters.printed import snapshot
from clinic.encounters.service import ensure_templates
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    appointment,
    grant,
    practitioner_at,
)

REASON = "Collapsed in the waiting room, no relatives here"


@dataclass
class Ward:
    """A patient with a signed note of one clinic, and people of another who do not see them."""

    patient: Patient
    other: Patient
    note: Note
    visit: Appointment
    vaidya: User
    therapist: User
    admin: User
    elsewhere: Facility


@pytest.fixture
def ward(app: Flask) -> Ward:
    here, elsewhere = FacilityFactory(whole_facility_in_care=False), FacilityFactory()
    ensure_templates()
    treating = practitioner_at(here, grant(UserFactory(), Role.PRACTITIONER, facility=here), name="Dr Nair")
    patient = PatientFactory(
        name="Asha Menon",
        mrn="SU-30001",
        mobile="+919845011723",
        facility_id=here.id,
        medical_history="Diabetes",
        emergency_name="Suresh",
        emergency_phone="+919845011799",
    )
    other = PatientFactory(name="Ravi Iyer", mrn="SU-30002", facility_id=here.id)
    visit = appointment(patient, treating, clock.now() - timedelta(days=2))
    note = signed_note(visit, treating)
    vaidya = grant(UserFactory(name="Dr Leela Rao"), Role.PRACTITIONER, facility=elsewhere)
    practitioner_at(elsewhere, vaidya, name="Dr Leela Rao")
    ward = Ward(
        patient=patient,
        other=other,
        note=note,
        visit=visit,
        vaidya=vaidya,
        therapist=grant(UserFactory(), Role.THERAPIST, facility=elsewhere),
        admin=grant(UserFactory(email="admin@sutra.test"), Role.ADMIN),
        elsewhere=elsewhere,
    )
    db.session.commit()
    return ward


def signed_note(visit: Appointment, author: Practitioner) -> Note:
    template = db.session.query(NoteTemplate).filter_by(active=True).order_by(NoteTemplate.id).first()
    assert template is not None
    note = Note(
        appointment_id=visit.id,
        patient_id=visit.patient_id,
        practitioner_id=author.id,
        facility_id=visit.facility_id,
        template_id=template.id,
        status="draft",
        body={},
        saved_at=clock.now(),
        saved_by=author.user_id,
    )
    db.session.add(note)
    db.session.flush()
    kept = snapshot(note)
    note.status, note.signed_at, note.signed_by, note.printed = "signed", clock.now(), author.user_id, kept
    db.session.flush()
    return note


def asking(number: str = "SU-30001", **values: str) -> dict[str, str]:
    return {"number": number, "urgency": "unconscious", "reason": REASON, "confirmed": "y", **values}


def opened(client: FlaskClient, patient: Patient) -> FlaskClient:
    answer = client.post("/emergency", data=asking(patient.mrn))
    assert answer.headers["Location"] == f"/emergency/{patient.id}", answer.get_data(as_text=True)
    return client
