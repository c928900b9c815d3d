"""Who is in the household, and whose pages are shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind
from clinic.core import clock
from clinic.patients.models import Guardianship, Patient
from tests.factories import UserFactory, grant, household_login
from tests.portal.conftest import Clinic


def test_switching_shows_the_other_members_visit(clinic: Clinic, home: FlaskClient) -> None:
    clinic.visit(clinic.at(1), clinic.son)
    assert "No visit planned" in home.get("/portal").text

    assert home.post(f"/portal/family/{clinic.son.id}").status_code == 303

    assert "Next visit, tomorrow" in home.get("/portal").text


def test_nobody_can_switch_to_a_stranger(clinic: Clinic, home: FlaskClient) -> None:
    assert home.post(f"/portal/family/{clinic.stranger.id}").status_code == 404
    assert home.post("/portal/family/999999999").status_code == 404
    assert "Meenakshi" in home.get("/portal").text


def test_a_guardianship_that_ended_ends_the_view_at_the_next_request(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    home.post(f"/portal/family/{clinic.son.id}")
    row = session.scalars(select(Guardianship).where(Guardianship.patient_id == clinic.son.id)).one()
    row.ended_at = clock.now()
    session.commit()

    page = home.get("/portal").text

    assert "Raghavan" not in page
    assert home.post(f"/portal/family/{clinic.son.id}").status_code == 404


def test_an_unknown_number_gives_a_name_and_is_a_patient(
    clinic: Clinic, sign_in: Callable[..., FlaskClient], session: Session
) -> None:
    newcomer = sign_in(household_login(mobile="+919812300000"), SessionKind.PATIENT)
    assert newcomer.get("/portal").headers["Location"] == "/portal/welcome"
    assert "Your name" in newcomer.get("/portal/welcome").text

    refused = newcomer.post("/portal/welcome", data={"name": " ", "email": "kavya@example.in"})
    assert refused.status_code == 422
    assert 'value="kavya@example.in"' in refused.text
    sent = {"name": "Kavya Iyer", "submission_key": "one", "mobile": "+919845011723", "mrn": "SU-1"}
    answer = newcomer.post("/portal/welcome", data=sent)

    assert answer.headers["Location"] == "/portal"
    patient = session.scalars(select(Patient).where(Patient.name == "Kavya Iyer")).one()
    assert patient.mobile == "+919812300000"
    assert patient.mrn != "SU-1"
    assert "No visit planned" in newcomer.get("/portal").text


def test_a_known_household_is_not_asked_for_a_name(clinic: Clinic, home: FlaskClient) -> None:
    assert home.get("/portal/welcome").headers["Location"] == "/portal"


def test_a_member_is_added_once_at_the_households_own_mobile(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    form = {
        "name": "अनाया राव",
        "age": "7",
        "sex": "female",
        "submission_key": "x",
        "mobile": "+919999999999",
    }
    for _ in range(2):
        assert home.post("/portal/family/new", data=form).status_code == 303

    child = session.scalars(select(Patient).where(Patient.name == "अनाया राव")).one()
    assert (child.mobile, child.sex, child.birth_precision) == ("+919845011723", "female", "age")
    assert "अनाया" in home.get("/portal").text


@pytest.mark.parametrize(
    "form",
    [{"name": ""}, {"name": "A" * 101}, {"name": "Ok Name", "age": "900"}, {"name": "Ok Name", "sex": "x"}],
)
def test_a_member_that_cannot_be_is_refused_with_the_form(
    clinic: Clinic, home: FlaskClient, session: Session, form: dict[str, str]
) -> None:
    answer = home.post("/portal/family/new", data=form)

    assert answer.status_code == 422
    assert "<form" in answer.text
    assert (
        len(session.scalars(select(Guardianship).where(Guardianship.user_id == clinic.login.id)).all()) == 2
    )


def test_staff_have_no_portal_and_a_closed_sign_in_is_out(
    clinic: Clinic, home: FlaskClient, sign_in: Callable[..., FlaskClient], session: Session
) -> None:
    staff = sign_in(grant(UserFactory(), "receptionist"))
    assert staff.get("/portal").status_code == 403

    clinic.login.active = False
    session.commit()

    answer = home.get("/portal")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/portal/sign-in")


def test_without_a_sign_in_the_portal_asks_for_one(clinic: Clinic, client: FlaskClient) -> None:
    assert client.get("/portal/visits").headers["Location"].startswith("/portal/sign-in")
    assert client.post("/portal/family/new").status_code == 401
