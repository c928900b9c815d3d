"""Home: the next visit, and what the patient can do about it."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind
from clinic.audit.models import AuditEvent
from clinic.core.db import db
from clinic.scheduling.models import AppointmentEvent
from tests.factories import household_login
from tests.portal.conftest import Clinic, words


def test_home_shows_the_next_visit_in_the_clinics_zone_on_a_clock_of_twelve_hours(
    clinic: Clinic, home: FlaskClient
) -> None:
    clinic.visit(clinic.at(3, 15, 30))
    clinic.visit(clinic.at(1, 9, 30))

    page = words(home.get("/portal").text)

    assert "Next visit, tomorrow" in page
    assert "9:30 am" in page
    assert "3:30 pm" not in page
    assert "Shirodhara" in page
    assert "Dr Vaidehi Kulkarni, about 60 minutes" in page


def test_home_speaks_hindi_to_who_chose_it(clinic: Clinic, home: FlaskClient) -> None:
    clinic.service.before_you_come = "Come on an empty stomach."
    clinic.service.before_you_come_hi = "ख़ाली पेट आएँ। गुनगुना पानी पिएँ।"
    clinic.visit(clinic.at(1, 9, 30))
    with home.session_transaction() as cookie:
        cookie["locale"] = "hi"

    page = words(home.get("/portal").text)

    assert "अगली मुलाक़ात, कल" in page
    assert "सुबह 9:30" in page
    assert "शिरोधारा" in page
    assert "ख़ाली पेट आएँ।" in page
    assert "empty stomach" not in page


def test_what_to_heed_before_the_visit_is_a_list_of_paragraphs(clinic: Clinic, home: FlaskClient) -> None:
    clinic.service.before_you_come = "Come on an empty stomach. Sip water only.\n\nNo cold food afterwards."
    clinic.visit(clinic.at(1))

    html = home.get("/portal").text

    assert "<strong>Come on an empty stomach.</strong> Sip water only." in html
    assert html.count('class="before"') == 1
    assert "No cold food afterwards." in html


def test_without_a_visit_home_offers_to_book_and_says_how_to_reach_the_clinic(
    clinic: Clinic, home: FlaskClient
) -> None:
    html = home.get("/portal").text

    assert "No visit planned" in html
    assert 'href="/portal/book"' in html
    assert 'href="tel:+918041230000"' in html
    assert "080 4123 0000" in html


def test_a_cancelled_or_past_visit_is_not_the_next_one(clinic: Clinic, home: FlaskClient) -> None:
    clinic.visit(clinic.at(1), status="cancelled")
    clinic.visit(clinic.at(-1))

    assert "No visit planned" in home.get("/portal").text


def test_i_am_coming_is_noted_once_and_taken_back_by_a_move(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    visit = clinic.visit(clinic.at(2))

    for _ in range(2):
        answer = home.post(f"/portal/visits/{visit.reference}/coming")
        assert answer.status_code == 303
    said = select(func.count()).where(
        AppointmentEvent.appointment_id == visit.id, AppointmentEvent.kind == "patient_coming"
    )
    assert session.scalar(said) == 1
    assert session.scalar(
        select(func.count()).where(
            AuditEvent.action == "appointment.patient_coming", AuditEvent.patient_id == clinic.mother.id
        )
    )
    page = home.get("/portal").text
    assert "You said you are coming" in page
    assert "/coming" not in page

    home.post(f"/portal/visits/{visit.reference}/move", data={"slot": clinic.slot(clinic.at(3, 11))})
    assert "/coming" in home.get("/portal").text


def test_a_visit_that_waits_for_the_clinic_offers_no_i_am_coming(clinic: Clinic, home: FlaskClient) -> None:
    clinic.visit(clinic.at(2), status="pending")

    page = home.get("/portal").text

    assert "The clinic has yet to confirm" in page
    assert "/coming" not in page


def test_reading_home_leaves_an_audit_row(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    home.get("/portal")

    row = session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.viewed")).one()
    assert (row.actor_id, row.patient_id) == (clinic.login.id, clinic.mother.id)


def test_before_there_is_a_clinic_the_portal_says_so_and_its_sign_in_opens(
    client: FlaskClient, sign_in: Callable[..., FlaskClient]
) -> None:
    reader = household_login()
    db.session.commit()

    assert client.get("/portal/sign-in").status_code == 200
    answer = sign_in(reader, SessionKind.PATIENT).get("/portal/book")

    assert answer.status_code in (303, 404)
    assert sign_in(reader, SessionKind.PATIENT).get("/portal/welcome").status_code in (200, 404)
