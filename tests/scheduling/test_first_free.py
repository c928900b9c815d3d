"""Who is free first: everybody who performs a service, the earliest first, each a link that books."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from clinic.core.access import Actor, Role
from clinic.scheduling.queries.setup import practitioner_resource
from clinic.scheduling.service import arrange
from tests.factories import FacilityFactory, PractitionerFactory, UserFactory, actor_of, grant
from tests.scheduling.conftest import Clinic, place


@pytest.fixture
def manager(clinic: Clinic) -> Actor:
    user = grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    return actor_of(user, Role.FACILITY_ADMIN, facility=clinic.facility)


def named(text: str) -> list[str]:
    listed = text.partition('class="list-rows free-list"')[2]
    return re.findall(r'class="row-name">([^<]+)<', listed)


def away(clinic: Clinic, manager: Actor, practitioner_id: int, days: int) -> None:
    person = practitioner_resource(clinic.facility.id, practitioner_id)
    arrange.add_time_off(
        manager, person, starts=clinic.at(0), ends=clinic.at(0) + timedelta(days=days), reason="Leave"
    )


def test_the_earliest_stands_first_and_books_with_everything_filled_in(
    clinic: Clinic, manager: Actor, desk: FlaskClient
) -> None:
    away(clinic, manager, clinic.vaidya.id, 20)
    text = desk.get(f"/first-free?service={clinic.service.id}").text
    assert named(text) == ["Dr Arjun Nair", "Dr Vaidehi Kulkarni"], "twenty days are beyond the first look"
    links = re.findall(r'href="(/appointments/new[^"]+)"', text.partition("free-list")[2])
    assert f"practitioner={clinic.colleague.id}" in links[0]
    assert "day=2026-11-23" in links[0]
    assert "time=09:00" in links[0]
    assert "day=2026-12-13" in links[1]
    assert desk.get(links[0].replace("&amp;", "&")).status_code == 200


def test_who_is_away_for_long_comes_last_and_without_a_time(
    clinic: Clinic, manager: Actor, desk: FlaskClient
) -> None:
    away(clinic, manager, clinic.colleague.id, 90)
    text = desk.get(f"/first-free?service={clinic.service.id}").text
    assert named(text) == ["Dr Vaidehi Kulkarni", "Dr Arjun Nair"]
    assert "Nothing free until 22 Jan 2027" in text


def test_people_are_found_by_name_sex_and_speciality(clinic: Clinic, desk: FlaskClient) -> None:
    clinic.vaidya.sex, clinic.vaidya.specialization = "female", "Kayachikitsa"
    clinic.colleague.sex, clinic.colleague.specialization = "male", "Panchakarma"
    url = f"/first-free?service={clinic.service.id}&from=2026-11-24"
    for wanted in ("name=vaidehi", "sex=female", "field=Kayachikitsa"):
        assert named(desk.get(f"{url}&{wanted}").text) == ["Dr Vaidehi Kulkarni"]
    assert named(desk.get(f"{url}&sex=male&name=vaidehi").text) == []
    assert "Nobody fits" in desk.get(f"{url}&sex=male&name=vaidehi").text


def test_only_who_performs_the_service_is_listed(clinic: Clinic, manager: Actor, desk: FlaskClient) -> None:
    arrange.set_performers(manager, clinic.service, [clinic.colleague.id])
    assert named(desk.get(f"/first-free?service={clinic.service.id}").text) == ["Dr Arjun Nair"]


def test_fifty_people_take_no_more_statements_than_two(
    clinic: Clinic, desk: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    for number in range(48):
        place(clinic.facility, PractitionerFactory(name=f"Dr Number {number:02d}"))
    count_statements()
    text = desk.get(f"/first-free?service={clinic.service.id}").text
    data = [one for one in count_statements() if "audit_events" not in one and "login_sessions" not in one]
    assert len(named(text)) == 50
    assert len(data) <= 6, data


def test_another_clinics_desk_sees_nobody_of_this_one(
    clinic: Clinic, sign_in: Callable[..., FlaskClient], client: FlaskClient
) -> None:
    url = f"/first-free?service={clinic.service.id}"
    assert client.get(url).status_code == 303
    outsider = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    assert clinic.vaidya.name not in outsider.get(url).text
