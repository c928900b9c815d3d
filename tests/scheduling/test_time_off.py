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
from clinic.scheduling.models import Appointment, TimeOff
from clinic.scheduling.queries.setup import practitioner_resource
from clinic.scheduling.queries.stranded import stranded, visits_during
from clinic.scheduling.service import book, cancel
from clinic.scheduling.service.away import Ways, go_away
from clinic.scheduling.views.reading import slot_value
from tests.factories import FacilityFactory, PatientFactory, UserFactory, actor_of, grant
from tests.scheduling.conftest import Clinic

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
