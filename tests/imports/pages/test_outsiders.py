"""Who sees nothing of an import, and who brings in what."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind
from clinic.core.access import Role
from clinic.imports.models import ImportState
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    grant,
    household_login,
    practitioner_at,
)
from tests.imports.conftest import Clinic
from tests.imports.pages.browser import Send, post_file, state


@pytest.fixture
def outsiders(
    clinic: Clinic, session: Session, sign_in: Callable[..., FlaskClient]
) -> dict[str, FlaskClient]:
    """The browsers of those who have nothing to do with an import of the clinic."""
    here, elsewhere = clinic.facility, FacilityFactory()
    manager = grant(UserFactory(), Role.FACILITY_ADMIN, facility=elsewhere)
    vaidya = grant(UserFactory(), Role.PRACTITIONER, facility=here)
    practitioner_at(here, vaidya)
    patient = household_login(PatientFactory(facility_id=here.id))
    session.commit()
    return {
        "manager elsewhere": sign_in(manager),
        "practitioner": sign_in(vaidya),
        "patient": sign_in(patient, SessionKind.PATIENT),
    }


WAYS = (
    ("GET", ""), ("GET", "/lines/2"), ("GET", "/refused.csv"), ("POST", "/lines/2"), ("POST", "/columns"),
    ("POST", "/columns/again"), ("POST", "/sheet"), ("POST", "/commit"), ("POST", "/stop"),
    ("POST", "/go-on"),
    ("POST", "/undo"), ("POST", "/leave-out"), ("POST", "/decide"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("who", "status"), [("manager elsewhere", 404), ("practitioner", 403), ("patient", 403)]
)
def test_an_outsider_sees_nothing_of_an_import(
    outsiders: dict[str, FlaskClient], preview: Send, who: str, status: int
) -> None:
    import_id, client = preview(), outsiders[who]
    for method, what in WAYS:
        answer = client.open(f"/imports/{import_id}{what}", method=method)
        assert answer.status_code == status, what
        assert "Kusum" not in answer.text
        assert "register.csv" not in answer.text
    if who == "manager elsewhere":
        assert "register.csv" not in client.get("/imports").text
    assert state(import_id) == ImportState.READY


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient, preview: Send) -> None:
    import_id = preview()
    for method, what in WAYS:
        answer = client.open(f"/imports/{import_id}{what}", method=method)
        assert answer.status_code == (303 if method == "GET" else 401), what
        assert "Kusum" not in answer.text


def test_a_receptionist_brings_in_patients_but_no_practitioners(
    clinic: Clinic, send: Send, sign_in: Callable[..., FlaskClient], session: Session
) -> None:
    receptionist = grant(UserFactory(), Role.RECEPTIONIST, facility=clinic.facility)
    session.commit()
    client = sign_in(receptionist)
    theirs = send("Name,Registration number\nDr Anand Rao,KA-1234\n", kind="practitioners")
    patients = send()
    assert client.get(f"/imports/{patients}").status_code == 200
    assert client.get(f"/imports/{theirs}").status_code == 404
    assert client.post(f"/imports/{theirs}/stop").status_code == 404
    assert 'value="practitioners"' not in client.get("/imports").text
    assert post_file(client, b"Name\nAnand Rao\n", kind="practitioners").status_code == 422
