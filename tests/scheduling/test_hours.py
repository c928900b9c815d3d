"""Hours through time: planned changes, extra days, copying days, of anybody and anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.audit.models import AuditEvent
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid
from clinic.scheduling import queries
from clinic.scheduling.models import Resource, WorkingHours
from clinic.scheduling.queries import setup
from clinic.scheduling.service import arrange
from clinic.scheduling.service.arrange import Interval
from tests.factories import FacilityFactory, UserFactory, actor_of, grant
from tests.scheduling.conftest import DAY, Clinic

LATER, LATEST = date(2026, 12, 7), date(2027, 1, 4)


@pytest.fixture
def manager(clinic: Clinic) -> Actor:
    user = grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    return actor_of(user, Role.FACILITY_ADMIN, facility=clinic.facility)


@pytest.fixture
def page(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility))


def vaidya(clinic: Clinic) -> Resource:
    return setup.practitioner_resource(clinic.facility.id, clinic.vaidya.id)


def mondays(*stretches: tuple[int, int]) -> list[Interval]:
    return [Interval(weekday=0, starts=time(starts), ends=time(ends)) for starts, ends in stretches]


def begins(resource: Resource, day: date) -> list[int]:
    return [one.starts.hour for one in setup.hours_on(resource.id, day) if one.weekday == day.weekday()]


def test_a_change_that_is_planned_outlives_one_before_it(clinic: Clinic, manager: Actor) -> None:
    person = vaidya(clinic)
    arrange.set_hours(manager, person, mondays((16, 18)), valid_from=LATEST)
    arrange.set_hours(manager, person, mondays((7, 9)), valid_from=LATER)
    assert [begins(person, day) for day in (DAY, LATER, LATEST)] == [[9, 14], [7], [16]]
    versions, _extra = setup.hours_of(person.id, DAY)
    assert [one.valid_from for one in versions] == [date(2020, 1, 1), LATER, LATEST]


def test_hours_that_end_stay_ended_for_a_change_before_it(clinic: Clinic, manager: Actor) -> None:
    person = vaidya(clinic)
    arrange.set_hours(manager, person, [], valid_from=LATEST)
    arrange.set_hours(manager, person, mondays((7, 9)), valid_from=LATER)
    assert [begins(person, day) for day in (DAY, LATER, LATEST)] == [[9, 14], [7], []]


def test_a_planned_change_is_taken_back_and_the_hours_before_it_go_on(
    clinic: Clinic, manager: Actor, page: FlaskClient
) -> None:
    person = vaidya(clinic)
    arrange.set_hours(manager, person, mondays((7, 9)), valid_from=LATER)
    arrange.set_hours(manager, person, mondays((16, 18)), valid_from=LATEST)
    shown = page.get(f"/resources/{person.id}/hours").text
    assert "From 7 Dec 2026" in shown
    url = f"/resources/{person.id}/hours/remove"
    assert page.post(url, data={"valid_from": "2026-12-07"}).status_code == 303
    assert [begins(person, day) for day in (LATER, LATEST)] == [[9, 14], [16]]
    assert page.post(url, data={"valid_from": "2027-01-04"}).status_code == 303
    assert begins(person, LATEST) == [9, 14]
    assert page.post(url, data={"valid_from": "2020-01-01"}).status_code == 409, "that is valid already"
    with pytest.raises(Conflict):
        arrange.remove_planned_hours(manager, person, valid_from=DAY, today=DAY)


def test_an_extra_day_can_be_booked_and_new_weekly_hours_leave_it(
    clinic: Clinic, manager: Actor, page: FlaskClient
) -> None:
    person = vaidya(clinic)
    data = {"day": "2026-11-30", "starts": "19:00", "ends": "20:00"}
    assert page.post(f"/resources/{person.id}/extra", data=data).status_code == 303
    arrange.set_hours(manager, person, mondays((9, 10)), valid_from=DAY)
    slots = queries.free_slots(
        clinic.facility, clinic.service, DAY, DAY + timedelta(days=7), [clinic.vaidya.id]
    )
    assert clinic.at(19, days=7) in [slot.starts for slot in slots]
    assert clinic.at(19) not in [slot.starts for slot in slots], "it is for one day"
    extra = db.session.scalars(select(WorkingHours).where(WorkingHours.once)).one()
    assert page.post(f"/resources/{person.id}/extra/{extra.id}/remove").status_code == 303
    assert db.session.scalar(select(WorkingHours.id).where(WorkingHours.once)) is None
    actions = set(db.session.scalars(select(AuditEvent.action)))
    assert {"hours.extra_added", "hours.extra_removed", "hours.changed"} <= actions


def test_an_extra_day_neither_overlaps_nor_shuts_what_is_always_there(
    clinic: Clinic, manager: Actor, page: FlaskClient
) -> None:
    url = f"/resources/{vaidya(clinic).id}/extra"
    answer = page.post(url, data={"day": "2026-11-30", "starts": "12:00", "ends": "13:30"})
    assert answer.status_code == 422
    assert 'value="13:30"' in answer.text, "what was typed is kept"
    assert page.post(url, data={"day": "2026-11-30", "starts": "", "ends": "13:30"}).status_code == 422
    assert page.post(url, data={"day": "2026-11-30", "starts": "20:00", "ends": "19:00"}).status_code == 422
    with pytest.raises(Invalid, match="at any time already"):
        arrange.add_extra_day(manager, clinic.rooms[0], day=LATER, starts=time(9), ends=time(10))


def test_a_room_with_hours_is_offered_only_in_them(clinic: Clinic, manager: Actor) -> None:
    for room in clinic.rooms:
        arrange.set_hours(manager, room, mondays((15, 16)), valid_from=DAY)
    slots = queries.free_slots(clinic.facility, clinic.service, DAY, DAY, [clinic.vaidya.id])
    assert {slot.starts for slot in slots} == {clinic.at(15), clinic.at(15, 15), clinic.at(15, 30)}


def test_outside_the_clinics_opening_hours_nothing_is_offered(clinic: Clinic, page: FlaskClient) -> None:
    answer = page.get("/opening-hours")
    assert answer.status_code == 303
    url = answer.headers["Location"]
    assert page.get("/opening-hours").headers["Location"] == url, "it is made once"
    assert page.get(url).status_code == 200
    data = {"valid_from": "2026-11-23", "starts-0-0": "11:00", "ends-0-0": "12:00"}
    assert page.post(url, data=data).status_code == 303
    slots = queries.free_slots(clinic.facility, clinic.service, DAY, DAY, [clinic.vaidya.id])
    assert {slot.starts for slot in slots} == {clinic.at(11), clinic.at(11, 15), clinic.at(11, 30)}


def test_a_day_is_copied_to_others_and_nothing_is_saved(clinic: Clinic, page: FlaskClient) -> None:
    person = vaidya(clinic)
    data = {
        "starts-0-0": "06:15",
        "ends-0-0": "07:45",
        "action": "copy",
        "source": "0",
        "targets": ["2", "6"],
    }
    answer = page.post(f"/resources/{person.id}/hours", data=data)
    assert answer.status_code == 200
    assert answer.text.count('value="06:15"') == 3
    assert begins(person, DAY) == [9, 14]


def test_the_desk_reads_hours_and_changes_none(clinic: Clinic, desk: FlaskClient) -> None:
    person = vaidya(clinic)
    assert "Dr Arjun Nair" in desk.get("/resources").text
    shown = desk.get(f"/resources/{person.id}/hours").text
    assert "09:00–13:00, 14:00–17:00" in shown
    assert "Save hours" not in shown
    for part in ("hours", "hours/remove", "extra", "time-off", "extra/1/remove", "time-off/1/remove"):
        assert desk.post(f"/resources/{person.id}/{part}").status_code == 403


def test_another_clinics_people_find_no_hours_here(
    clinic: Clinic, sign_in: Callable[..., FlaskClient]
) -> None:
    person = vaidya(clinic)
    for role in (Role.FACILITY_ADMIN, Role.RECEPTIONIST):
        outsider = sign_in(grant(UserFactory(), role, facility=FacilityFactory()))
        assert outsider.get(f"/resources/{person.id}/hours").status_code == 404
        assert "Dr Arjun Nair" not in outsider.get("/resources").text
    manager = sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=FacilityFactory()))
    for part in ("hours", "hours/remove", "extra", "time-off", "extra/1/remove", "time-off/1/remove"):
        assert manager.post(f"/resources/{person.id}/{part}").status_code == 404


def test_the_page_of_hours_takes_few_statements(
    clinic: Clinic, page: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    url = f"/resources/{vaidya(clinic).id}/hours"
    count_statements()
    assert page.get(url).status_code == 200
    data = [one for one in count_statements() if "audit_events" not in one and "login_sessions" not in one]
    assert len(data) <= 6, data
