"""The patient's page: what must not be missed, visits, messages, details."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.details import AllergyEntry
from clinic.patients.models import Patient
from clinic.patients.service import mark_deceased, send_intake_link
from tests.factories import appointment, practitioner_at


def test_allergies_stand_before_everything_else(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    penicillin = AllergyEntry(substance="Penicillin", reaction="Rash", severity="severe")
    patient = registered(allergies=(penicillin,))
    for tab in ("", "/messages", "/details"):
        page = at_desk.get(f"/patients/{patient.id}{tab}").text
        assert page.index("Allergy: Penicillin") < page.index('class="tabs"')
        assert "plate-fill" in page


def test_page_says_when_nobody_asked_about_allergies(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    page = at_desk.get(f"/patients/{registered().id}").text
    assert "Allergies not asked" in page
    assert "No known allergies" not in page


def test_visits_to_come_stand_before_those_that_were(
    at_desk: FlaskClient, facility: Facility, registered: Callable[..., Patient]
) -> None:
    patient = registered()
    practitioner = practitioner_at(facility, name="Dr Kulkarni", specialization="Kayachikitsa")
    now = clock.now()
    rows = {
        days: appointment(patient, practitioner, now + timedelta(days=days), status=status)
        for days, status in ((-9, "completed"), (-2, "no_show"), (2, "confirmed"), (5, "pending"))
    }
    db.session.commit()
    page = at_desk.get(f"/patients/{patient.id}/visits").text
    places = [page.index(rows[days].reference) for days in (2, 5, -2, -9)]
    assert places == sorted(places)
    assert "Dr Kulkarni, Kayachikitsa" in page


def test_page_needs_few_statements_however_many_visits(
    at_desk: FlaskClient,
    facility: Facility,
    registered: Callable[..., Patient],
    count_statements: Callable[[], list[str]],
) -> None:
    patient = registered()
    practitioner = practitioner_at(facility)
    counts = []
    for days in ((1,), range(2, 20)):
        for number in days:
            appointment(patient, practitioner, clock.now() + timedelta(days=number))
        db.session.commit()
        at_desk.get(f"/patients/{patient.id}")
        count_statements()
        at_desk.get(f"/patients/{patient.id}")
        taken = count_statements()
        counts.append([text for text in taken if "audit_events" not in text and "login_sessions" not in text])
    assert len(counts[0]) == len(counts[1])
    assert len(counts[1]) <= 6, counts[1]


def test_somebody_who_died_is_marked_and_cannot_be_booked(
    at_desk: FlaskClient, desk: Actor, registered: Callable[..., Patient]
) -> None:
    patient = registered(birth_date=date(1940, 1, 1))
    mark_deceased(desk, patient.id, on=date(2020, 1, 2))
    db.session.commit()
    page = at_desk.get(f"/patients/{patient.id}").text
    assert "Died 2 Jan 2020" in page
    assert "80 years" in page
    assert "/appointments/new" not in page
    assert "intake-link" not in page


def test_messages_tab_tells_fates_and_no_words(
    at_desk: FlaskClient, desk: Actor, registered: Callable[..., Patient]
) -> None:
    patient = registered()
    send_intake_link(desk, patient.id)
    db.session.commit()
    page = at_desk.get(f"/patients/{patient.id}/messages").text
    assert "Intake form" in page
    assert "Waiting to go" in page
    assert "/intake/" not in page


def test_reading_the_page_leaves_an_audit_row_and_a_timer_does_not(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    patient = registered()
    at_desk.get(f"/patients/{patient.id}/details")
    at_desk.get(f"/patients/{patient.id}/details", headers={"Sutra-Refresh": "timer"})
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.viewed")).one()
    assert (event.patient_id, event.detail) == (patient.id, {"tab": "details"})


def test_household_is_named_beside_the_patient(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    registered("Raghavan Iyer")
    page = at_desk.get(f"/patients/{registered('Meenakshi Iyer').id}").text
    assert "Same household" in page
    assert "Raghavan Iyer" in page
