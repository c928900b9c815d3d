"""What a service says about itself: who performs it, what it takes around the visit, how early and late."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid
from clinic.scheduling import queries
from clinic.scheduling.errors import OutsideRules, SlotTaken
from clinic.scheduling.models import Allocation, ServicePractitioner
from clinic.scheduling.queries.performers import performers_of
from clinic.scheduling.service import (
    arrange,
    book,
    cancel,
    earliest_for_patients,
    last_day_for_patients,
    move,
    take_back,
    undo_move,
)
from tests.factories import FacilityFactory, UserFactory, actor_of, grant, household_login
from tests.scheduling.conftest import DAY, Clinic


@pytest.fixture
def household(clinic: Clinic) -> Actor:
    return actor_of(household_login(clinic.patient), Role.PATIENT)


@pytest.fixture
def manager(clinic: Clinic) -> Actor:
    user = grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    return actor_of(user, Role.FACILITY_ADMIN, facility=clinic.facility)


def buffered(clinic: Clinic, before: int = 15, after: int = 30) -> None:
    clinic.service.buffer_before, clinic.service.buffer_after = before, after
    db.session.flush()


def claimed(appointment_id: int) -> set[Range]:
    return set(
        db.session.scalars(
            select(Allocation.during).where(Allocation.appointment_id == appointment_id, Allocation.active)
        )
    )


def test_people_and_room_are_taken_longer_than_the_patient(clinic: Clinic) -> None:
    buffered(clinic)
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    assert (visit.starts, visit.ends) == (clinic.at(10), clinic.at(10, 30))
    assert claimed(visit.id) == {Range(clinic.at(9, 45), clinic.at(11))}


def test_a_visit_inside_the_buffer_of_another_is_refused_with_what_is_free(clinic: Clinic) -> None:
    buffered(clinic)
    book(clinic.desk, clinic.booking(clinic.at(10)))
    with pytest.raises(SlotTaken) as taken:
        book(clinic.desk, clinic.booking(clinic.at(10, 45), patient_id=clinic.other.id))
    assert all(
        slot.starts >= clinic.at(11, 15)
        for slot in taken.value.alternatives
        if slot.practitioner_id == clinic.vaidya.id
    )
    book(clinic.desk, clinic.booking(clinic.at(11, 15), patient_id=clinic.other.id))


def test_what_is_offered_leaves_room_for_the_buffers(clinic: Clinic) -> None:
    buffered(clinic)
    book(clinic.desk, clinic.booking(clinic.at(10)))
    slots = queries.free_slots(clinic.facility, clinic.service, DAY, DAY, [clinic.vaidya.id])
    assert clinic.at(9) not in [slot.starts for slot in slots], "it would need the time until 10:00"
    for slot in slots:
        with db.session.begin_nested() as attempt:
            book(clinic.desk, clinic.booking(slot.starts, patient_id=clinic.other.id))
            attempt.rollback()


def test_a_moved_visit_takes_its_buffers_along_and_back(clinic: Clinic) -> None:
    buffered(clinic)
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    move(clinic.desk, visit, clinic.at(15))
    assert claimed(visit.id) == {Range(clinic.at(14, 45), clinic.at(16))}
    undo_move(clinic.desk, visit)
    assert claimed(visit.id) == {Range(clinic.at(9, 45), clinic.at(11))}


def test_a_visit_taken_back_claims_what_it_had_though_the_rule_has_changed(clinic: Clinic) -> None:
    buffered(clinic)
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    cancel(clinic.desk, visit, reason="Rain")
    buffered(clinic, 0, 0)
    take_back(clinic.desk, visit, reason="It stopped")
    assert claimed(visit.id) == {Range(clinic.at(9, 45), clinic.at(11))}


def test_time_off_counts_around_the_visit_too(clinic: Clinic, manager: Actor) -> None:
    buffered(clinic, 0, 30)
    resource = queries.setup.practitioner_resource(clinic.facility.id, clinic.vaidya.id)
    arrange.add_time_off(manager, resource, starts=clinic.at(10, 45), ends=clinic.at(12), reason="Bank")
    with pytest.raises(OutsideRules, match="away at that time"):
        book(clinic.desk, clinic.booking(clinic.at(10)))


def test_only_those_named_perform_a_service(clinic: Clinic, manager: Actor) -> None:
    arrange.set_performers(manager, clinic.service, [clinic.colleague.id])
    slots = queries.free_slots(clinic.facility, clinic.service, DAY, DAY)
    assert {slot.practitioner_id for slot in slots} == {clinic.colleague.id}
    assert queries.practitioners(clinic.facility.id, clinic.service.id) == [
        (clinic.colleague.id, clinic.colleague.name)
    ]
    with pytest.raises(OutsideRules, match="does not perform") as refused:
        book(clinic.desk, clinic.booking(clinic.at(10), override_reason="She knows how"))
    assert refused.value.field == "practitioner_id"
    book(clinic.desk, clinic.booking(clinic.at(10), practitioner_id=clinic.colleague.id))


def test_nobody_named_means_everybody(clinic: Clinic, manager: Actor) -> None:
    arrange.set_performers(manager, clinic.service, [clinic.colleague.id])
    arrange.set_performers(manager, clinic.service, [])
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    assert visit.practitioner_id == clinic.vaidya.id


def test_somebody_of_another_clinic_cannot_be_named(clinic: Clinic, manager: Actor) -> None:
    with pytest.raises(Invalid):
        arrange.set_performers(manager, clinic.service, [clinic.vaidya.id, 10**9])
    assert performers_of(clinic.service.id) == set()


def test_patients_book_by_the_notice_and_the_horizon(clinic: Clinic, household: Actor) -> None:
    clinic.service.notice_minutes, clinic.service.horizon_days = 24 * 60, 10
    db.session.flush()
    with pytest.raises(OutsideRules, match="too late to book this online"):
        book(household, clinic.booking(clinic.at(15)))
    with pytest.raises(OutsideRules, match="too far ahead"):
        book(household, clinic.booking(clinic.at(10, days=11)))
    book(household, clinic.booking(clinic.at(10, days=10)))
    book(clinic.desk, clinic.booking(clinic.at(15)))
    assert earliest_for_patients(clinic.service) == clinic.at(8, 30, days=1)
    assert last_day_for_patients(clinic.facility, clinic.service) == DAY + timedelta(days=10)


def test_patients_cancel_and_move_until_the_service_says(clinic: Clinic, household: Actor) -> None:
    clinic.service.change_minutes = 4 * 60
    visit = book(clinic.desk, clinic.booking(clinic.at(12)))
    assert visit.change_until == clinic.at(8)
    with pytest.raises(Invalid, match="too late to change"):
        cancel(household, visit, reason=None)
    with pytest.raises(Conflict, match="too late to change"):
        move(household, visit, clinic.at(15))
    later = book(clinic.desk, clinic.booking(clinic.at(15)))
    cancel(household, later, reason=None)
    cancel(clinic.desk, visit, reason="They telephoned")


def test_the_rules_are_set_on_the_services_page(
    clinic: Clinic, manager: Actor, sign_in: Callable[..., FlaskClient]
) -> None:
    user = grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    client, url = sign_in(user), f"/services/{clinic.service.id}"
    typed = {
        "name": "Abhyanga", "code": "abhyanga", "minutes": "45", "fee": "1200", "hue": "2",
        "buffer_before": "10", "buffer_after": "15", "performers": [str(clinic.colleague.id)],
        "notice_hours": "12", "horizon_days": "", "change_hours": "24", "active": "y",
        "attended": ["in_person", "online"],
    }  # fmt: skip
    assert client.post(url, data=typed | {"buffer_after": "7"}).status_code == 422
    assert client.post(url, data=typed).status_code == 303
    db.session.expire_all()
    service = clinic.service
    assert (service.buffer_before, service.buffer_after) == (10, 15)
    assert (service.notice_minutes, service.horizon_days, service.change_minutes) == (720, None, 1_440)
    assert db.session.scalars(select(ServicePractitioner.practitioner_id)).all() == [clinic.colleague.id]
    boxes = re.findall(r"<input[^>]*name=\"performers\"[^>]*>", client.get(url).text)
    named = [box for box in boxes if "checked" in box]
    assert len(boxes) == 2
    assert [f'value="{clinic.colleague.id}"' in box for box in named] == [True]


def test_another_clinics_manager_does_not_find_the_service(
    clinic: Clinic, sign_in: Callable[..., FlaskClient]
) -> None:
    outsider = grant(UserFactory(), Role.FACILITY_ADMIN, facility=FacilityFactory())
    assert sign_in(outsider).get(f"/services/{clinic.service.id}").status_code == 404
