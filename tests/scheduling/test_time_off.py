"""Time off with visits in its way: what it would strand is shown first, and moved in one step."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.audit.models import AuditEvent
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.scheduling.models import Allocation, Appointment, ResourceKind, ResourceUnit, TimeOff
from clinic.scheduling.queries.setup import practitioner_resource
from clinic.scheduling.queries.stranded import stranded, visits_during, visits_needing
from clinic.scheduling.service import arrange, book, cancel
from clinic.scheduling.service.away import Ways, go_away
from clinic.scheduling.views.reading import slot_value
from tests.factories import FacilityFactory, PatientFactory, PractitionerFactory, UserFactory, actor_of, grant
from tests.scheduling.conftest import Clinic, place

TYPED = {"from_day": "2026-11-24", "to_day": "2026-11-24", "reason": "Wedding"}


@pytest.fixture
def manager(clinic: Clinic) -> Actor:
    user = grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    return actor_of(user, Role.FACILITY_ADMIN, facility=clinic.facility)


@pytest.fixture
def visits(clinic: Clinic) -> list[Appointment]:
    """Two visits of tomorrow with the vaidya."""
    return [
        book(clinic.desk, clinic.booking(clinic.at(10, days=1))),
        book(clinic.desk, clinic.booking(clinic.at(10, 30, days=1), patient_id=clinic.other.id)),
    ]


def client_of(actor: Actor, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    from clinic.accounts.models import User

    return sign_in(db.session.get_one(User, actor.user_id))


def url(clinic: Clinic) -> str:
    return f"/practitioners/{clinic.vaidya.id}/time-off"


def during(clinic: Clinic) -> Range:
    return Range(clinic.at(0, days=1), clinic.at(0, days=2))


def test_what_it_would_strand_is_shown_before_anything_is_saved(
    clinic: Clinic, manager: Actor, visits: list[Appointment], sign_in: Callable[..., FlaskClient]
) -> None:
    answer = client_of(manager, sign_in).post(url(clinic), data=TYPED)
    assert answer.status_code == 200
    assert "2 visits are booked then" in answer.text
    assert clinic.patient.name in answer.text
    assert 'value="Wedding"' in answer.text, "what was typed goes along"
    assert db.session.scalar(select(TimeOff.id)) is None
    listed = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "appointment.listed")).one()
    assert listed.detail["ids"] == [visit.id for visit in visits]


def test_no_two_visits_are_offered_the_same_place(clinic: Clinic, visits: list[Appointment]) -> None:
    rows = stranded(clinic.facility, visits, during(clinic))
    places = [
        (slot.practitioner_id, slot.starts)
        for row in rows
        for slot in (row.later, row.other)
        if slot is not None
    ]
    assert len(places) == len(set(places)) == 4
    assert [row.later.starts for row in rows if row.later] == [clinic.at(9, days=2), clinic.at(9, 30, days=2)]
    assert [row.other.starts for row in rows if row.other] == [
        clinic.at(10, days=1),
        clinic.at(10, 30, days=1),
    ]
    assert {row.other.practitioner_id for row in rows if row.other} == {clinic.colleague.id}


def test_one_step_enters_the_time_off_and_moves_the_visits(
    clinic: Clinic, manager: Actor, visits: list[Appointment], sign_in: Callable[..., FlaskClient]
) -> None:
    client = client_of(manager, sign_in)
    shown = client.post(url(clinic), data=TYPED).text
    offered = re.findall(r'name="(move-\w+)" value="([^"]+)" checked', shown)
    assert len(offered) == 2
    answer = client.post(url(clinic), data=TYPED | {"decided": "yes", "tell": "yes"} | dict(offered))
    assert answer.status_code == 303
    db.session.expire_all()
    assert [visit.starts for visit in visits] == [clinic.at(9, days=2), clinic.at(9, 30, days=2)]
    assert db.session.scalars(select(TimeOff.reason)).all() == ["Wedding"]


def test_a_place_that_went_to_somebody_else_leaves_its_visit_and_says_so(
    clinic: Clinic, manager: Actor, visits: list[Appointment]
) -> None:
    book(
        clinic.desk,
        clinic.booking(clinic.at(9, days=2), patient_id=PatientFactory(facility_id=clinic.facility.id).id),
    )
    result = go_away(
        manager,
        practitioner_resource(clinic.facility.id, clinic.vaidya.id),
        starts=clinic.at(0, days=1),
        ends=clinic.at(0, days=2),
        reason="Wedding",
        ways=Ways(
            moves={
                visits[0].reference: (clinic.vaidya.id, clinic.at(9, days=2)),
                visits[1].reference: (clinic.vaidya.id, clinic.at(9, 30, days=2)),
            }
        ),
    )
    assert result.moved == [visits[1]]
    assert [(left.visit, bool(left.why)) for left in result.left] == [(visits[0], True)]
    assert visits[0].starts == clinic.at(10, days=1)


def test_a_visit_may_be_left_to_be_settled_by_hand(
    clinic: Clinic, manager: Actor, visits: list[Appointment], sign_in: Callable[..., FlaskClient]
) -> None:
    moves = {
        f"move-{visits[0].reference}": "",
        f"move-{visits[1].reference}": slot_value(clinic.colleague.id, clinic.at(10, 30, days=1)),
    }
    client = client_of(manager, sign_in)
    assert client.post(url(clinic), data=TYPED | {"decided": "yes"} | moves).status_code == 303
    db.session.expire_all()
    assert (visits[0].starts, visits[0].practitioner_id) == (clinic.at(10, days=1), clinic.vaidya.id)
    assert visits[1].practitioner_id == clinic.colleague.id


def test_time_off_without_visits_is_entered_at_once(
    clinic: Clinic, manager: Actor, visits: list[Appointment], sign_in: Callable[..., FlaskClient]
) -> None:
    for visit in visits:
        cancel(clinic.desk, visit, reason="Rain")
    assert client_of(manager, sign_in).post(url(clinic), data=TYPED).status_code == 303


@pytest.mark.usefixtures("visits")
def test_an_administrator_sees_how_many_and_nobodys_name(
    clinic: Clinic, sign_in: Callable[..., FlaskClient]
) -> None:
    client = sign_in(grant(UserFactory(), Role.ADMIN))
    answer = client.post(url(clinic), data=TYPED)
    assert "2 visits are booked then" in answer.text
    assert clinic.patient.name not in answer.text
    moves = {
        f"move-{one.reference}": slot_value(clinic.colleague.id, clinic.at(16, days=1))
        for one in visits_during(clinic.facility.id, clinic.vaidya.id, during(clinic))
    }
    assert client.post(url(clinic), data=TYPED | {"decided": "yes"} | moves).status_code == 303
    assert len(visits_during(clinic.facility.id, clinic.vaidya.id, during(clinic))) == 2, "none was moved"


@pytest.mark.usefixtures("visits")
def test_another_clinics_manager_finds_nobody(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> None:
    outsider = grant(UserFactory(), Role.FACILITY_ADMIN, facility=FacilityFactory())
    assert sign_in(outsider).post(url(clinic), data=TYPED).status_code == 404


def test_a_room_that_is_away_leaves_its_visits_at_their_time_in_another(
    clinic: Clinic, manager: Actor, visits: list[Appointment]
) -> None:
    room = next(one for one in clinic.rooms if visits_needing(one, [during(clinic)]))
    rows = stranded(clinic.facility, visits, during(clinic), resource=room)
    other = next(one for one in clinic.rooms if one is not room)
    assert [row.instead for row in rows] == [other.name, other.name]
    arrange.add_time_off(
        manager, other, starts=clinic.at(9, days=1), ends=clinic.at(10, 15, days=1), reason="x"
    )
    rows = stranded(clinic.facility, visits, during(clinic), resource=room)
    assert [row.instead for row in rows] == [None, other.name], "it is away itself at ten"
    assert all(slot.starts >= clinic.at(0, days=2) for row in rows for slot in (row.later, row.other) if slot)


def test_one_free_place_is_not_given_to_two_visits(clinic: Clinic, visits: list[Appointment]) -> None:
    with_colleague = book(
        clinic.desk,
        clinic.booking(
            clinic.at(10, days=1),
            practitioner_id=clinic.colleague.id,
            patient_id=PatientFactory(facility_id=clinic.facility.id).id,
        ),
    )
    room = clinic.rooms[0]
    rows = stranded(clinic.facility, [visits[0], with_colleague], during(clinic), resource=room)
    assert [row.instead for row in rows].count("Room 2") == 0, "it holds the other visit itself"


def test_visits_beside_which_a_therapist_works_are_in_the_way_of_their_time_off(
    clinic: Clinic, manager: Actor, visits: list[Appointment]
) -> None:
    therapist = arrange.add_practitioner(
        PractitionerFactory(), clinic.facility.id, kind=ResourceKind.THERAPIST
    )
    unit = db.session.scalars(select(ResourceUnit).where(ResourceUnit.resource_id == therapist.id)).one()
    db.session.add(
        Allocation(
            facility_id=clinic.facility.id,
            unit_id=unit.id,
            during=visits[1].during,
            appointment_id=visits[1].id,
        )
    )
    db.session.flush()
    assert visits_needing(therapist, [during(clinic)]) == [visits[1]]
    another = place(clinic.facility, PractitionerFactory(name="Sunita Pawar", sex="female"))
    another.kind = ResourceKind.THERAPIST
    db.session.flush()
    assert (
        stranded(clinic.facility, [visits[1]], during(clinic), resource=therapist)[0].instead
        == "Sunita Pawar"
    )
    clinic.service.same_sex, clinic.other.sex = True, "male"
    db.session.flush()
    assert stranded(clinic.facility, [visits[1]], during(clinic), resource=therapist)[0].instead is None


@pytest.mark.usefixtures("visits")
def test_the_time_off_of_a_room_is_entered_on_its_own_page(
    clinic: Clinic, manager: Actor, sign_in: Callable[..., FlaskClient]
) -> None:
    room = next(one for one in clinic.rooms if visits_needing(one, [during(clinic)]))
    client, url = client_of(manager, sign_in), f"/resources/{room.id}/time-off"
    shown = client.post(url, data=TYPED)
    assert "Stays at its time" in shown.text
    free = client.post(url, data=TYPED | {"from_day": "2026-12-24", "to_day": "2026-12-24"})
    assert free.status_code == 303
    off = db.session.scalars(select(TimeOff)).one()
    assert client.post(f"{url}/{off.id}/remove").status_code == 303
    assert db.session.scalar(select(TimeOff.id)) is None


def test_visits_stay_at_their_time_in_another_room_when_theirs_is_away(
    clinic: Clinic, manager: Actor, visits: list[Appointment], sign_in: Callable[..., FlaskClient]
) -> None:
    room = next(one for one in clinic.rooms if visits_needing(one, [during(clinic)]))
    client, url = client_of(manager, sign_in), f"/resources/{room.id}/time-off"
    offered = re.findall(r'name="(move-\w+)" value="([^"]+)" checked', client.post(url, data=TYPED).text)
    assert [choice for _name, choice in offered] == ["stay", "stay"]
    assert client.post(url, data=TYPED | {"decided": "yes"} | dict(offered)).status_code == 303
    db.session.expire_all()
    assert [visit.starts for visit in visits] == [clinic.at(10, days=1), clinic.at(10, 30, days=1)]
    assert visits_needing(room, [during(clinic)]) == []
    other = next(one for one in clinic.rooms if one.id != room.id)
    assert len(visits_needing(other, [during(clinic)])) == 2


def test_a_visit_whose_other_room_is_gone_meanwhile_is_named(
    clinic: Clinic, manager: Actor, visits: list[Appointment]
) -> None:
    room = next(one for one in clinic.rooms if visits_needing(one, [during(clinic)]))
    other = next(one for one in clinic.rooms if one is not room)
    arrange.add_time_off(
        manager, other, starts=clinic.at(10, days=1), ends=clinic.at(10, 30, days=1), reason="Paint"
    )
    result = go_away(
        manager,
        room,
        starts=clinic.at(0, days=1),
        ends=clinic.at(0, days=2),
        reason="Paint",
        ways=Ways(stays={visit.reference for visit in visits}),
    )
    assert (result.moved, result.kept) == ([], [visits[1]])
    assert [(left.visit, bool(left.why)) for left in result.left] == [(visits[0], True)]
