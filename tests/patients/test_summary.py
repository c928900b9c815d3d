"""The sheet that sums a patient up: what it says, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.encounters import queries, service
from clinic.facilities.models import Facility
from clinic.patients.details import AllergyEntry
from clinic.patients.models import CareRelationship, Patient
from tests.factories import FacilityFactory, UserFactory, actor_of, appointment, grant, practitioner_at

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def treated(
    facility: Facility, registered: Callable[..., Patient], sign_in: SignIn
) -> tuple[Patient, FlaskClient]:
    """Somebody with an allergy, a signed note, a draft, and a visit to come; and their practitioner."""
    with unit_of_work():
        service.ensure_templates()
        peanuts = AllergyEntry(substance="Peanuts", reaction="Swelling", severity="severe")
        patient = registered(allergies=(peanuts,), medical_history="Low back pain for eight months")
        user = grant(UserFactory(name="Vaidehi"), Role.PRACTITIONER, facility=facility)
        vaidya = practitioner_at(facility, user, name="Dr Vaidehi Kulkarni")
        visits = [
            appointment(patient, vaidya, clock.now() - timedelta(days=days), status="completed")
            for days in (9, 3)
        ]
        appointment(patient, vaidya, clock.now() + timedelta(days=3))
        db.session.add(CareRelationship(patient_id=patient.id, practitioner_id=vaidya.id, source="booking"))
    actor = actor_of(user, Role.PRACTITIONER, facility=facility)
    _write(actor, visits[0], "Kati shula", sign=True)
    _write(actor, visits[1], "Only a thought", sign=False)
    return patient, sign_in(user)


def _write(actor: Actor, visit: object, diagnosis: str, *, sign: bool) -> None:
    typed = {
        "note-complaints": ["Cannot bend."],
        "note-diagnosis": [diagnosis],
        "note-plan": ["Kati basti for seven days."],
    }
    with unit_of_work():
        note_id = service.open_note(actor, visit).id  # type: ignore[arg-type]
    note = queries.get_note(actor, note_id, fresh=True)
    with unit_of_work():
        saved = service.save_draft(actor, note, typed, version=note.version)
    if sign:
        note = queries.get_note(actor, note_id, fresh=True)
        with unit_of_work():
            service.sign(actor, note, version=saved.version)


def test_sheet_says_what_the_next_practitioner_has_to_know(
    treated: tuple[Patient, FlaskClient], count_statements: Callable[[], list[str]]
) -> None:
    patient, client = treated
    client.get(f"/patients/{patient.id}/summary")
    count_statements()
    page = client.get(f"/patients/{patient.id}/summary").text
    aside = ("audit_events", "login_sessions")
    sent = [one for one in count_statements() if not any(name in one for name in aside)]
    for said in (
        "Allergy: Peanuts",
        "Low back pain for eight months",
        "Kati shula",
        "Kati basti for seven days.",
        "Dr Vaidehi Kulkarni",
        "Visits to come",
        patient.mrn,
    ):
        assert said in page, said
    assert "Only a thought" not in page
    assert len(sent) <= 6, sent


def test_front_desk_gets_a_sheet_without_anything_clinical(
    treated: tuple[Patient, FlaskClient], at_desk: FlaskClient
) -> None:
    patient, _client = treated
    page = at_desk.get(f"/patients/{patient.id}/summary").text
    assert "Allergy: Peanuts" in page
    assert "Last visits" in page
    for clinical in ("Kati", "Low back pain", "Found and planned", "Problems"):
        assert clinical not in page


def test_printing_is_a_row_and_an_outsider_gets_neither_sheet_nor_row(
    treated: tuple[Patient, FlaskClient], sign_in: SignIn
) -> None:
    patient, client = treated
    outsider = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    db.session.commit()
    assert outsider.get(f"/patients/{patient.id}/summary").status_code == 404
    printed = select(AuditEvent).where(AuditEvent.action == "patient.printed")
    assert db.session.scalars(printed).all() == []
    client.get(f"/patients/{patient.id}/summary")
    row = db.session.scalars(printed).one()
    assert (row.patient_id, row.actor_name) == (patient.id, "Vaidehi")
