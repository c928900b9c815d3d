"""What a service needs, as it is entered and shown, and what is said when nobody and nothing could do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clinic.core.access import Actor, Role
from clinic.core.db import db, error_of
from clinic.core.errors import Invalid
from clinic.scheduling.models import ResourceKind, Service
from clinic.scheduling.queries.lacking import lacking, load_inventory, named_performers
from clinic.scheduling.queries.setup import practitioner_resource
from clinic.scheduling.service import arrange
from clinic.scheduling.service.arrange import ServiceDetails
from clinic.scheduling.views.services import summary
from tests.factories import UserFactory, actor_of, grant
from tests.scheduling.conftest import Clinic

DHARA = ServiceDetails(
    code="dhara",
    name="Shirodhara",
    minutes=60,
    fee=Decimal(2500),
    room_kind="dhara",
    buffer_after=10,
    therapists=2,
    equipment=("dhara stand", "dhara stand"),
    online=False,
)


@pytest.fixture
def manager(clinic: Clinic) -> Actor:
    user = grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    return actor_of(user, Role.FACILITY_ADMIN, facility=clinic.facility)


@pytest.fixture
def page(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility))


def missing(clinic: Clinic, service: Service) -> list[str]:
    inventory, named = load_inventory(clinic.facility.id), named_performers([service.id])
    return lacking([service], inventory, named).get(service.id, [])


def test_a_service_is_told_in_one_line(clinic: Clinic, manager: Actor) -> None:
    service = arrange.save_service(manager, clinic.facility, DHARA)
    assert summary(service, clinic.facility) == (
        "60 min + 10 after, dhara room, 2 therapists, 2 × dhara stand, only in person, ₹2,500"
    )
    group = replace(DHARA, therapists=0, equipment=(), capacity=10, same_sex=True, buffer_before=5)
    arrange.save_service(manager, clinic.facility, group, service)
    assert summary(service, clinic.facility) == (
        "5 before + 60 min + 10 after, dhara room, people of the same sex, group of 10, only in person, "
        "₹2,500"
    )


def test_what_is_missing_is_said_until_it_is_there(clinic: Clinic, manager: Actor) -> None:
    service = arrange.save_service(manager, clinic.facility, DHARA)
    assert missing(clinic, service) == [
        "0 therapists can be beside it; it needs 2.",
        "No room of kind “dhara” yet.",
        "No equipment of kind “dhara stand” yet.",
    ]
    arrange.add_room(manager, clinic.facility, name="Dhara", room_kind="dhara")
    stand = arrange.add_equipment(manager, clinic.facility, name="Stand", equipment_kind="dhara stand")
    for person in (clinic.vaidya, clinic.colleague):
        practitioner_resource(clinic.facility.id, person.id).kind = ResourceKind.THERAPIST
    db.session.flush()
    assert missing(clinic, service) == [
        "1 therapist can be beside it; it needs 2.",
        "Only 1 of “dhara stand”; it needs 2.",
    ], "one of the two performs it"
    arrange.change_equipment(
        manager, stand, name="Stand", equipment_kind="dhara stand", pieces=2, active=True
    )
    arrange.save_service(manager, clinic.facility, replace(DHARA, therapists=1), service)
    assert missing(clinic, service) == []
    clinic.vaidya.active = clinic.colleague.active = False
    db.session.flush()
    assert missing(clinic, service) == ["Nobody who performs it can be booked."]


def test_the_list_warns_of_a_service_nobody_can_book(
    clinic: Clinic, manager: Actor, page: FlaskClient
) -> None:
    arrange.save_service(manager, clinic.facility, DHARA)
    shown = page.get("/services").text
    assert "No room of kind “dhara” yet." in shown
    assert "Cannot be booked" in shown


def test_everything_a_service_needs_is_entered_on_its_page(
    clinic: Clinic, manager: Actor, page: FlaskClient
) -> None:
    arrange.add_equipment(manager, clinic.facility, name="Stand", equipment_kind="dhara stand", pieces=2)
    arrange.add_equipment(manager, clinic.facility, name="Box", equipment_kind="steam box")
    typed = {
        "name": "Shirodhara", "code": "dhara", "minutes": "60", "fee": "2500", "hue": "4", "active": "y",
        "attended": "in_person", "therapists": "2", "same_sex": "y", "capacity": "1",
        "equipment_kind": ["dhara stand", "steam box"], "equipment": ["2", ""],
    }  # fmt: skip
    url = f"/services/{clinic.service.id}"
    assert page.post(url, data=typed).status_code == 303
    db.session.expire_all()
    service = clinic.service
    assert (service.in_person, service.online, service.therapists) == (True, False, 2)
    assert (service.same_sex, service.capacity) == (True, 1)
    assert service.equipment == ["dhara stand", "dhara stand"]
    shown = page.get(url).text
    assert 'name="equipment" min="0" max="6" value="2"' in shown
    assert 'value="online"' in shown


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"attended": []}, "Choose in person, online, or both."),
        ({"therapists": "7"}, "From 0 to 6 therapists."),
        ({"capacity": "201"}, "A group has 1 to 200 places."),
        ({"capacity": "0"}, "A group has 1 to 200 places."),
        ({"equipment_kind": ["stand"], "equipment": ["7"]}, "From 0 to 6 of each."),
        ({"equipment_kind": ["stand", "box"], "equipment": ["4", "3"]}, "At most 6 pieces of equipment."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    clinic: Clinic, page: FlaskClient, wrong: dict[str, object], said: str
) -> None:
    typed = {"name": "Yoga", "code": "yoga", "minutes": "60", "fee": "1", "hue": "4", "attended": "in_person"}
    answer = page.post("/services", data=typed | wrong)
    assert answer.status_code == 422
    assert f"<span>{said}</span>" in answer.text
    assert 'value="Yoga"' in answer.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("in_person = false, online = false", "in_person"),
        ("therapists = 7", "therapists"),
        ("capacity = 0", "capacity"),
        ("equipment = array_fill('a'::text, ARRAY[7])", "equipment"),
    ],
)
def test_the_database_keeps_the_same_bounds(clinic: Clinic, change: str, field: str) -> None:
    with pytest.raises(IntegrityError) as refused, db.session.begin_nested():
        db.session.execute(text(f"UPDATE services SET {change} WHERE id = {clinic.service.id}"))
    meant = error_of(refused.value)
    assert isinstance(meant, Invalid)
    assert meant.field == field


def test_the_page_of_a_service_takes_few_statements(
    clinic: Clinic, page: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    path = f"/services/{clinic.service.id}"
    count_statements()
    assert page.get(path).status_code == 200
    data = [one for one in count_statements() if "audit_events" not in one and "login_sessions" not in one]
    assert len(data) <= 6, "\n\n".join(data)
