from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.accounts.models import User
from clinic.audit.models import AuditEvent
from clinic.core.access import SYSTEM, Role
from clinic.facilities.models import Facility
from clinic.facilities.queries import facility_of
from clinic.facilities.service import ensure_first_facility
from tests.factories import FacilityFactory, UserFactory, actor_of, grant

SignIn = Callable[[User], FlaskClient]
FORM = {
    "name": "Sanjeevani Ayurveda",
    "short_name": "Indiranagar",
    "zone": "Asia/Kolkata",
    "opens": "08:00",
    "closes": "19:30",
    "booking_days": "45",
}


@pytest.fixture
def facility(session: Session) -> Facility:
    made: Facility = FacilityFactory()
    return made


def test_first_administrator_of_an_empty_installation_finds_a_clinic(app: Flask, session: Session) -> None:
    answer = app.test_cli_runner().invoke(args=["admin", "create", "first@sutra.test", "--name", "First"])
    assert answer.exit_code == 0, answer.output
    assert session.query(Facility).count() == 1
    path = answer.output.strip().split("localhost", 1)[1]
    assert app.test_client().get(path).status_code == 200


def test_first_clinic_is_made_once(session: Session, facility: Facility) -> None:
    assert ensure_first_facility(SYSTEM) == facility
    assert session.query(Facility).count() == 1


def test_clinic_is_changed_and_the_change_written_down(
    session: Session, facility: Facility, sign_in: SignIn
) -> None:
    admin = sign_in(grant(UserFactory(), Role.ADMIN))
    assert admin.get(f"/clinics/{facility.id}").status_code == 200
    assert admin.post(f"/clinics/{facility.id}", data=FORM).status_code == 303
    session.refresh(facility)
    assert (facility.name, facility.closes.hour, facility.booking_days) == ("Sanjeevani Ayurveda", 19, 45)
    event = session.query(AuditEvent).filter_by(action="facility.changed").one()
    assert {"name", "closes", "booking_days"} <= set(event.detail["fields"])


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"short_name": " "},
        {"opens": "20:00"},
        {"opens": "25:00"},
        {"closes": ""},
        {"booking_days": "0"},
        {"booking_days": "9" * 30},
        {"zone": "Mars/Olympus"},
    ],
)
def test_values_that_cannot_be_right_are_refused(
    session: Session, facility: Facility, sign_in: SignIn, change: dict[str, str]
) -> None:
    admin = sign_in(grant(UserFactory(), Role.ADMIN))
    before = facility.name
    assert admin.post(f"/clinics/{facility.id}", data={**FORM, **change}).status_code == 422
    assert admin.post("/clinics/new", data={**FORM, **change}).status_code == 422
    session.refresh(facility)
    assert facility.name == before


def test_manager_changes_only_their_own_clinic(session: Session, facility: Facility, sign_in: SignIn) -> None:
    elsewhere = FacilityFactory()
    manager = sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=facility))
    assert manager.post(f"/clinics/{facility.id}", data=FORM).status_code == 303
    assert manager.post(f"/clinics/{elsewhere.id}", data=FORM).status_code == 404
    assert manager.get(f"/clinics/{elsewhere.id}").status_code == 404
    assert manager.post("/clinics/new", data=FORM).status_code == 403


def test_people_stand_in_the_clinic_their_role_is_for(session: Session, facility: Facility) -> None:
    second = FacilityFactory()
    assert facility_of(actor_of(UserFactory(), Role.RECEPTIONIST, facility=second)) == second
    assert facility_of(actor_of(UserFactory(), Role.RECEPTIONIST)) == facility
    second.active = False
    session.flush()
    assert facility_of(actor_of(UserFactory(), Role.RECEPTIONIST, facility=second)) == facility
