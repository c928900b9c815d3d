"""Patients see who looked at their record: plainly, emergencies with their reasons, nothing from inside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind
from clinic.audit import service as audit
from clinic.core.access import SYSTEM, Actor, Role
from clinic.core.db import db, unit_of_work
from tests.emergency.conftest import REASON, Ward, opened
from tests.factories import PatientFactory, UserFactory, grant, household_login

SignIn = Callable[..., FlaskClient]


def did(name: str, action: str, patient_id: int, role: Role = Role.PRACTITIONER, **more: object) -> None:
    user = grant(UserFactory(name=name), role)
    actor = Actor(user_id=user.id, name=user.name, origin="203.0.113.77", request_id="request-1234")
    with unit_of_work():
        audit.record(actor, action, subject_type="note", subject_id=987_654, patient_id=patient_id, **more)  # type: ignore[arg-type]


@pytest.fixture
def asha(ward: Ward, sign_in: SignIn) -> FlaskClient:
    return sign_in(household_login(ward.patient, mobile="+919845011723"), SessionKind.PATIENT)


def test_it_names_who_as_what_and_when_and_nothing_from_inside(ward: Ward, asha: FlaskClient) -> None:
    for _time in range(2):
        did("Dr Nair", "note.viewed", ward.patient.id, detail={"moment": "inner words"})
    did("Sunita", "patient.updated", ward.patient.id, Role.RECEPTIONIST)
    with unit_of_work():
        audit.record(SYSTEM, "message.sent", subject_type="message", patient_id=ward.patient.id)
    text = asha.get("/portal/looked-at").get_data(as_text=True)
    for words in ("Dr Nair, Practitioner", "Read a note", "Sunita, Receptionist", "Changed your details"):
        assert words in text
    for inside in ("203.0.113.77", "987654", "note.viewed", "inner words", "request-1234"):
        assert inside not in text
    assert "You" in asha.get("/portal/looked-at").get_data(as_text=True), "one's own sign-in too"


def test_an_emergency_stands_above_with_its_reason(ward: Ward, asha: FlaskClient, sign_in: SignIn) -> None:
    opened(sign_in(ward.vaidya), ward.patient)
    text = asha.get("/portal/looked-at").get_data(as_text=True)
    assert text.index("Dr Leela Rao") < text.index("Opened your record in an emergency")
    assert REASON in text
    assert "The patient is unconscious" in text


def test_in_hindi_nothing_stays_english(ward: Ward, asha: FlaskClient) -> None:
    did("Dr Nair", "note.viewed", ward.patient.id)
    asha.post("/locale", data={"locale": "hi", "next": "/portal"})
    assert '<html lang="hi"' in asha.get("/portal/looked-at").get_data(as_text=True)


def test_earlier_days_are_a_page_away(ward: Ward, asha: FlaskClient) -> None:
    user = grant(UserFactory(name="Dr Early"), Role.PRACTITIONER)
    actor = Actor(user_id=user.id, name=user.name, origin="10.0.0.1")
    with unit_of_work():
        audit.record(actor, "note.signed", subject_type="note", patient_id=ward.patient.id)
        for _time in range(100):
            audit.record(actor, "patient.viewed", subject_type="patient", patient_id=ward.patient.id)
    first = asha.get("/portal/looked-at").get_data(as_text=True)
    assert "Worked on a note" not in first
    key = first.split("looked-at?before=")[1].split('"')[0]
    assert "Worked on a note" in asha.get(f"/portal/looked-at?before={key}").get_data(as_text=True)


def test_another_household_reads_only_its_own(session: Session, ward: Ward, sign_in: SignIn) -> None:
    did("Dr Nair", "note.viewed", ward.patient.id)
    stranger = PatientFactory(name="Stranger")
    other = sign_in(household_login(stranger, mobile="+919845099999"), SessionKind.PATIENT)
    db.session.commit()
    assert "Dr Nair" not in other.get("/portal/looked-at").get_data(as_text=True)
