"""As whom people are in the calendar, and how many visits a person, a room or equipment takes at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.audit.models import AuditEvent
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.scheduling.models import Allocation, Resource, ResourceKind, ResourceUnit
from clinic.scheduling.queries import setup
from clinic.scheduling.service import arrange, book
from tests.factories import FacilityFactory, PractitionerFactory, UserFactory, actor_of, grant
from tests.scheduling.conftest import Clinic


@pytest.fixture
def manager(clinic: Clinic) -> Actor:
    user = grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    return actor_of(user, Role.FACILITY_ADMIN, facility=clinic.facility)


@pytest.fixture
def page(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility))


def vaidya(clinic: Clinic) -> Resource:
    return setup.practitioner_resource(clinic.facility.id, clinic.vaidya.id)


def numbers(resource: Resource) -> list[int]:
    return list(
        db.session.scalars(
            select(ResourceUnit.number)
            .where(ResourceUnit.resource_id == resource.id)
            .order_by(ResourceUnit.number)
        )
    )


def claim(clinic: Clinic, unit: ResourceUnit, during: Range, appointment_id: int) -> None:
    db.session.add(
        Allocation(
            facility_id=clinic.facility.id, unit_id=unit.id, during=during, appointment_id=appointment_id
        )
    )
    db.session.flush()


def test_whoever_signs_in_as_a_therapist_is_one_in_the_calendar(clinic: Clinic) -> None:
    therapist = grant(UserFactory(), Role.THERAPIST, facility=clinic.facility)
    both = grant(UserFactory(), Role.THERAPIST, Role.PRACTITIONER, facility=clinic.facility)
    kinds = [
        arrange.add_practitioner(PractitionerFactory(user_id=user_id), clinic.facility.id).kind
        for user_id in (therapist.id, both.id, None)
    ]
    assert kinds == ["therapist", "practitioner", "practitioner"]


def test_somebody_sees_several_at_once_and_may_be_overbooked(clinic: Clinic, page: FlaskClient) -> None:
    person = vaidya(clinic)
    url = f"/resources/{person.id}/place"
    data = {"kind": "practitioner", "places": "3", "overbook": "2"}
    assert page.post(url, data=data).status_code == 303
    assert numbers(person) == [0, 1, 2, 100, 101]
    assert page.post(url, data=data | {"places": "1", "overbook": "0"}).status_code == 303
    assert numbers(person) == [0]
    noted = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "place.changed")).all()
    assert noted[0].detail == {"kind": "practitioner", "places": 3, "overbook": 2}
    for wrong in ({"places": "11"}, {"places": "0"}, {"overbook": "4"}, {"kind": "room"}):
        assert page.post(url, data=data | wrong).status_code == 422
    assert numbers(person) == [0]


def test_a_place_claimed_in_the_future_is_not_taken_away(clinic: Clinic, manager: Actor) -> None:
    person = vaidya(clinic)
    arrange.change_person(manager, person, kind="practitioner", places=2, overbook=1)
    visit = book(clinic.desk, clinic.booking(clinic.at(10, days=1)))
    for number, wanted in ((1, {"places": 1, "overbook": 1}), (100, {"places": 2, "overbook": 0})):
        unit = db.session.scalars(
            select(ResourceUnit).where(ResourceUnit.resource_id == person.id, ResourceUnit.number == number)
        ).one()
        claim(clinic, unit, Range(clinic.at(12, days=2), clinic.at(13, days=2)), visit.id)
        with pytest.raises(Conflict, match="booked on a place that would go"):
            arrange.change_person(manager, person, kind="practitioner", **wanted)
    assert numbers(person) == [0, 1, 100]


def test_what_was_long_ago_hands_its_place_on(clinic: Clinic, manager: Actor) -> None:
    person = vaidya(clinic)
    arrange.change_person(manager, person, kind="practitioner", places=3, overbook=0)
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    units = db.session.scalars(
        select(ResourceUnit).where(ResourceUnit.resource_id == person.id).order_by(ResourceUnit.number)
    ).all()
    past = Range(clinic.at(9, days=-1), clinic.at(10, days=-1))
    for unit in units[1:]:
        claim(clinic, unit, past, visit.id)
    arrange.change_person(manager, person, kind="practitioner", places=1, overbook=0)
    kept = db.session.execute(
        select(Allocation.unit_id, Allocation.active)
        .where(Allocation.during == past)
        .order_by(Allocation.active)
    ).all()
    assert [tuple(row) for row in kept] == [(units[0].id, False), (units[0].id, True)]


def test_a_therapist_is_never_overbooked(clinic: Clinic, manager: Actor) -> None:
    person = vaidya(clinic)
    arrange.change_person(manager, person, kind="practitioner", places=1, overbook=2)
    with pytest.raises(Invalid, match="Only a practitioner"):
        arrange.change_person(manager, person, kind="therapist", places=1, overbook=2)
    arrange.change_person(manager, person, kind="therapist", places=1, overbook=0)
    assert (person.kind, numbers(person)) == ("therapist", [0])


def test_who_has_visits_to_come_stays_a_practitioner_unless_their_services_name_them(
    clinic: Clinic, manager: Actor
) -> None:
    person = vaidya(clinic)
    book(clinic.desk, clinic.booking(clinic.at(10, days=1)))
    with pytest.raises(Conflict, match="has 1 visit to come"):
        arrange.change_person(manager, person, kind="therapist", places=1, overbook=0)
    arrange.set_performers(manager, clinic.service, [clinic.vaidya.id])
    arrange.change_person(manager, person, kind="therapist", places=1, overbook=0)
    assert person.kind == ResourceKind.THERAPIST


def test_who_is_beside_visits_to_come_stays_a_therapist(clinic: Clinic, manager: Actor) -> None:
    person = vaidya(clinic)
    arrange.change_person(manager, person, kind="therapist", places=1, overbook=0)
    visit = book(clinic.desk, clinic.booking(clinic.at(10, days=1), practitioner_id=clinic.colleague.id))
    unit = db.session.scalars(select(ResourceUnit).where(ResourceUnit.resource_id == person.id)).one()
    claim(clinic, unit, visit.during, visit.id)
    with pytest.raises(Conflict, match="is a therapist at 1 visit to come"):
        arrange.change_person(manager, person, kind="practitioner", places=1, overbook=0)


def test_places_of_a_room_are_added_and_taken_away(clinic: Clinic, page: FlaskClient) -> None:
    room = clinic.rooms[0]
    data = {"name": "Room 1", "room_kind": "consulting", "active": "y"}
    assert page.post(f"/rooms/{room.id}", data=data | {"places": "3"}).status_code == 303
    assert numbers(room) == [0, 1, 2]
    visit = book(clinic.desk, clinic.booking(clinic.at(10, days=1)))
    last = db.session.scalars(
        select(ResourceUnit).where(ResourceUnit.resource_id == room.id, ResourceUnit.number == 2)
    ).one()
    claim(clinic, last, visit.during, visit.id)
    answer = page.post(f"/rooms/{room.id}", data=data | {"places": "2"})
    assert answer.status_code == 409
    assert "booked on a place that would go" in answer.text
    assert numbers(room) == [0, 1, 2]


def test_equipment_is_entered_with_its_pieces(clinic: Clinic, page: FlaskClient) -> None:
    data = {"name": "Steam box", "equipment_kind": "steam box", "pieces": "2"}
    assert page.post("/equipment", data=data).status_code == 303
    thing = db.session.scalars(select(Resource).where(Resource.kind == "equipment")).one()
    assert numbers(thing) == [0, 1]
    assert 'value="2"' in page.get(f"/equipment/{thing.id}").text
    assert page.post(f"/equipment/{thing.id}", data=data | {"pieces": "1"}).status_code == 303
    db.session.refresh(thing)
    assert (numbers(thing), thing.active) == ([0], False)
    assert page.post("/equipment", data=data | {"pieces": "0"}).status_code == 422
    assert page.get(f"/equipment/{clinic.rooms[0].id}").status_code == 404, "a room is none"


def test_another_clinics_manager_finds_nothing_here(
    clinic: Clinic, manager: Actor, sign_in: Callable[..., FlaskClient]
) -> None:
    thing = arrange.add_equipment(manager, clinic.facility, name="Box", equipment_kind="steam box")
    person = vaidya(clinic)
    outsider = sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=FacilityFactory()))
    assert outsider.get(f"/equipment/{thing.id}").status_code == 404
    assert outsider.post(f"/resources/{person.id}/place", data={"kind": "therapist"}).status_code == 404
    assert person.kind == "practitioner"


def test_the_desk_arranges_no_places(clinic: Clinic, desk: FlaskClient) -> None:
    person = vaidya(clinic)
    for url in ("/equipment", f"/resources/{person.id}/place"):
        assert desk.post(url, data={"kind": "therapist", "places": "1"}).status_code == 403
    with pytest.raises(Forbidden):
        arrange.change_person(clinic.desk, person, kind="therapist", places=1, overbook=0)
