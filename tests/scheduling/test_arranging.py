"""Hours, time off, rooms and services, as whoever runs the clinic sets them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.core.access import SYSTEM, Role
from clinic.core.db import db
from clinic.practitioners import service as practitioners
from clinic.scheduling import queries
from clinic.scheduling.models import Resource, ResourceUnit, Service, TimeOff
from tests.factories import PractitionerFactory, UserFactory, grant
from tests.scheduling.conftest import DAY, Clinic


@pytest.fixture
def manager(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility))


def starts(clinic: Clinic) -> list[str]:
    slots = queries.free_slots(clinic.facility, clinic.service, DAY, DAY, [clinic.vaidya.id])
    return [f"{(slot.starts.hour * 60 + slot.starts.minute + 330) // 60 % 24:02d}" for slot in slots]


def test_hours_are_what_can_be_booked(clinic: Clinic, manager: FlaskClient) -> None:
    url = f"/practitioners/{clinic.vaidya.id}/hours"
    assert 'value="09:00"' in manager.get(url).text
    data = {"valid_from": "2026-11-23", "starts-0-0": "18:00", "ends-0-0": "20:00"}
    assert manager.post(url, data=data).status_code == 303
    assert set(starts(clinic)) == {"18", "19"}


def test_hours_that_overlap_are_refused_with_what_was_typed(clinic: Clinic, manager: FlaskClient) -> None:
    data = {"starts-0-0": "09:00", "ends-0-0": "12:00", "starts-0-1": "11:00", "ends-0-1": "13:00"}
    answer = manager.post(f"/practitioners/{clinic.vaidya.id}/hours", data=data)
    assert answer.status_code == 422
    assert 'value="11:00"' in answer.text
    assert "09" in starts(clinic)


def test_time_off_takes_the_times_away_and_gives_them_back(clinic: Clinic, manager: FlaskClient) -> None:
    url = f"/practitioners/{clinic.vaidya.id}/time-off"
    data = {"from_day": "2026-11-23", "to_day": "2026-11-23", "reason": "Fever"}
    assert manager.post(url, data=data | {"reason": ""}).status_code == 422
    assert manager.post(url, data=data).status_code == 303
    assert starts(clinic) == []
    off = db.session.scalars(select(TimeOff)).one()
    assert manager.post(f"{url}/{off.id}/remove").status_code == 303
    assert "09" in starts(clinic)


def test_a_room_is_added_with_its_places(clinic: Clinic, manager: FlaskClient) -> None:
    data = {"name": "Hall", "room_kind": "yoga", "places": "8"}
    assert manager.post("/rooms", data=data).status_code == 303
    hall = db.session.scalars(select(Resource).where(Resource.name == "Hall")).one()
    assert len(db.session.scalars(select(ResourceUnit).where(ResourceUnit.resource_id == hall.id)).all()) == 8
    assert manager.post("/rooms", data=data | {"places": "900"}).status_code == 422


def test_a_service_is_added_and_changed(clinic: Clinic, manager: FlaskClient) -> None:
    data = {"name": "Shirodhara", "code": "shirodhara", "minutes": "60", "fee": "1800", "hue": "4"}
    data |= {"online_booking": "y", "active": "y", "room_kind": "consulting", "attended": "in_person"}
    assert manager.post("/services", data=data).status_code == 303
    service = db.session.scalars(select(Service).where(Service.code == "shirodhara")).one()
    assert manager.post("/services", data=data).status_code == 409
    assert manager.post(f"/services/{service.id}", data=data | {"minutes": "45"}).status_code == 303
    db.session.refresh(service)
    assert service.minutes == 45


def test_whoever_begins_to_work_here_can_be_given_hours(clinic: Clinic, manager: FlaskClient) -> None:
    newcomer = PractitionerFactory()
    practitioners.affiliate(SYSTEM, newcomer, clinic.facility.id)
    assert manager.get(f"/practitioners/{newcomer.id}/hours").status_code == 200
    assert (newcomer.id, newcomer.name) in queries.practitioners(clinic.facility.id)


@pytest.mark.parametrize("address", ["/rooms", "/services", "/practitioners/{}/hours"])
def test_only_who_runs_the_clinic_arranges_it(
    clinic: Clinic, desk: FlaskClient, client: FlaskClient, address: str
) -> None:
    url = address.format(clinic.vaidya.id)
    assert client.get(url).status_code == 303
    assert desk.get(url).status_code == 403
    assert desk.post(url, data={"name": "x"}).status_code == 403
