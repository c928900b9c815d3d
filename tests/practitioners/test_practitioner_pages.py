from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.accounts.models import User
from clinic.core.access import SYSTEM, Role
from clinic.practitioners import service
from clinic.practitioners.models import Practitioner
from clinic.practitioners.service import PractitionerDetails
from tests.factories import FacilityFactory, UserFactory, grant

SignIn = Callable[[User], FlaskClient]
FORM = {"name": "Dr. Meera Nair", "sex": "female", "default_minutes": "45", "licence_number": "KA-4411"}


@pytest.fixture
def admin(session: Session, sign_in: SignIn) -> FlaskClient:
    FacilityFactory()
    return sign_in(grant(UserFactory(), Role.ADMIN))


@pytest.fixture
def manager(session: Session, sign_in: SignIn) -> FlaskClient:
    return sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=FacilityFactory()))


@pytest.fixture
def nair(session: Session) -> Practitioner:
    return service.create(SYSTEM, PractitionerDetails(name="Dr. Meera Nair", licence_number="KA-4411"))


def test_practitioner_is_entered_verified_and_shown(admin: FlaskClient, session: Session) -> None:
    made = admin.post("/practitioners/new", data=FORM)
    assert made.status_code == 303
    text = admin.get(made.location).get_data(as_text=True)
    assert "Nobody can book yet" in text
    assert admin.post(f"{made.location}/verify").status_code == 303
    assert "Nobody can book yet" not in admin.get(made.location).get_data(as_text=True)
    row = session.query(Practitioner).filter_by(licence_number="KA-4411").one()
    assert (row.name, row.sex, row.default_minutes) == ("Dr. Meera Nair", "female", 45)


def test_refused_form_keeps_what_was_typed(admin: FlaskClient, nair: Practitioner) -> None:
    answer = admin.post("/practitioners/new", data={**FORM, "name": "Dr. Rao", "city": "Mysuru <b>"})
    assert answer.status_code == 409
    text = answer.get_data(as_text=True)
    assert "Another practitioner has this licence number" in text
    assert "Mysuru &lt;b&gt;" in text
    assert "Dr. Rao" in text


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"default_minutes": "0"},
        {"default_minutes": "abc"},
        {"default_minutes": "9" * 5000},
        {"experience_years": "-1"},
        {"sex": "x"},
        {"name": "\x00"},
    ],
)
def test_values_that_cannot_be_right_are_refused(admin: FlaskClient, change: dict[str, str]) -> None:
    assert admin.post("/practitioners/new", data={**FORM, **change}).status_code == 422


def test_extra_fields_change_nothing(admin: FlaskClient, nair: Practitioner, session: Session) -> None:
    data = {**FORM, "verified_at": "2026-01-01", "user_id": "1", "active": "", "group_id": "2"}
    assert admin.post(f"/practitioners/{nair.id}/edit", data=data).status_code == 303
    session.refresh(nair)
    assert (nair.verified_at, nair.user_id, nair.active) == (None, None, True)


def test_search_is_posted_and_answers_a_fragment_to_htmx(admin: FlaskClient, nair: Practitioner) -> None:
    whole = admin.post("/practitioners", data={"term": "nai"}).get_data(as_text=True)
    part = admin.post("/practitioners", data={"term": "nai"}, headers={"HX-Request": "true"}).get_data(
        as_text=True
    )
    assert "<html" in whole
    assert "<html" not in part
    assert "Dr. Meera Nair" in whole
    assert "Dr. Meera Nair" in part
    assert "term=" not in whole, "no name may stand in an address"


def test_term_is_shown_as_text(admin: FlaskClient) -> None:
    text = admin.post("/practitioners", data={"term": "<script>alert(1)</script>"}).get_data(as_text=True)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


@pytest.mark.parametrize(
    "query", ["page=-1", "page=1e9", "page=abc", "limit=100000", "show=zz", "page=99999999"]
)
def test_silly_addresses_are_answered(admin: FlaskClient, query: str) -> None:
    assert admin.get(f"/practitioners?{query}").status_code == 200


def test_manager_enters_and_places_but_verifies_nobody(manager: FlaskClient, nair: Practitioner) -> None:
    assert manager.get(f"/practitioners/{nair.id}").status_code == 200
    assert manager.post("/practitioners/new", data={**FORM, "licence_number": "KA-1"}).status_code == 303
    for step in ("verify", "invite", "join", "activate", "deactivate"):
        assert manager.post(f"/practitioners/{nair.id}/{step}").status_code == 403


def test_manager_places_nobody_elsewhere(manager: FlaskClient, nair: Practitioner) -> None:
    elsewhere = FacilityFactory()
    assert manager.post(f"/practitioners/{nair.id}/affiliate/{elsewhere.id}").status_code == 403
    assert manager.post(f"/practitioners/{nair.id}/affiliate/{2**62}").status_code == 404


def test_what_does_not_exist_is_not_found(admin: FlaskClient) -> None:
    for path in ("", "/edit"):
        assert admin.get(f"/practitioners/{2**62}{path}").status_code == 404
    assert admin.post(f"/practitioners/{2**62}/verify").status_code == 404
    assert admin.get(f"/practitioners/{2**64}").status_code == 404


def test_joining_somebody_unknown_is_refused(admin: FlaskClient, nair: Practitioner) -> None:
    for user in ("", "x", "999999", "9" * 40):
        assert admin.post(f"/practitioners/{nair.id}/join", data={"user": user}).status_code == 422
