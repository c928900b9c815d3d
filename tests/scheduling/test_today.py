"""The board of the day: lanes, one-tap steps, and what needs somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import g
from flask.testing import FlaskClient

from clinic.core.access import Role
from clinic.core.db import db
from clinic.scheduling.models import Appointment
from clinic.scheduling.service import arrive, book, complete, start
from tests.factories import FacilityFactory, PatientFactory, UserFactory, grant
from tests.scheduling.conftest import Clinic

HTMX = {"HX-Request": "true"}


@pytest.fixture
def visit(clinic: Clinic) -> Appointment:
    return book(clinic.desk, clinic.booking(clinic.at(10)))


def lane(page: str, name: str) -> str:
    return page.split(f'id="{name}"', 1)[1].split("</section>", 1)[0]


def test_a_visit_goes_from_lane_to_lane_by_one_tap_each(
    clinic: Clinic, desk: FlaskClient, visit: Appointment
) -> None:
    path = (("expected", "arrive"), ("arrived", "start"), ("with", "complete"), ("done", None))
    for name, step in path:
        page = desk.get("/today").text
        assert "Meenakshi Iyer" in lane(page, name)
        if step:
            assert f"/today/{visit.reference}/{step}" in lane(page, name)
            db.session.refresh(visit)
            answer = desk.post(f"/today/{visit.reference}/{step}", data={"version": visit.version})
            assert answer.status_code == 303


def test_with_scripts_a_tap_answers_with_all_lanes(
    clinic: Clinic, desk: FlaskClient, visit: Appointment
) -> None:
    answer = desk.post(f"/today/{visit.reference}/arrive", headers=HTMX)
    assert "Meenakshi Iyer" in lane(answer.text, "arrived")
    assert answer.text.count('hx-swap-oob="true"') == 6
    assert "<html" not in answer.text


def test_a_tap_on_an_old_board_changes_nothing_and_says_so(
    clinic: Clinic, desk: FlaskClient, visit: Appointment
) -> None:
    seen = visit.version
    arrive(clinic.desk, visit)
    db.session.commit()
    answer = desk.post(f"/today/{visit.reference}/start", data={"version": seen}, headers=HTMX)
    assert answer.status_code == 409
    assert "Meenakshi Iyer" in lane(answer.text, "arrived")


def test_minutes_grow_and_a_long_wait_is_marked(
    clinic: Clinic,
    sign_in: Callable[..., FlaskClient],
    visit: Appointment,
    morning: time_machine.Coordinates,
) -> None:
    morning.move_to(clinic.at(10))
    desk = sign_in(clinic.receptionist)
    arrive(clinic.desk, visit)
    morning.move_to(clinic.at(10, 13))
    page = lane(desk.get("/today").text, "arrived")
    assert "<b>13</b>" in page
    assert "Long wait" not in page
    morning.move_to(clinic.at(10, 21))
    assert "Long wait" in lane(desk.get("/today").text, "arrived")
    start(clinic.desk, visit)
    morning.move_to(clinic.at(10, 28))
    page = lane(desk.get("/today").text, "with")
    assert "<b>7</b>of 30" in page
    complete(clinic.desk, visit)
    assert "10:28" in lane(desk.get("/today").text, "done")


def test_only_exceptions_speak(
    clinic: Clinic,
    sign_in: Callable[..., FlaskClient],
    morning: time_machine.Coordinates,
) -> None:
    morning.move_to(clinic.at(9, 50))
    desk = sign_in(clinic.receptionist)
    book(clinic.desk, clinic.booking(clinic.at(10), waits=True))
    book(clinic.desk, clinic.booking(clinic.at(10, days=-1), override_reason="past"))
    page = lane(desk.get("/today").text, "expected")
    assert "Unconfirmed" in page
    assert "New" not in page
    morning.move_to(clinic.at(10, 12))
    assert "12 min late" in lane(desk.get("/today").text, "expected")


def test_the_next_free_time_is_after_who_is_booked(
    clinic: Clinic,
    sign_in: Callable[..., FlaskClient],
    morning: time_machine.Coordinates,
    visit: Appointment,
) -> None:
    morning.move_to(clinic.at(9, 58))
    page = sign_in(clinic.receptionist).get("/today").text
    rail = page.split('class="next-free"')[1].split("</dl>")[0]
    assert "<dt>Dr Vaidehi Kulkarni</dt><dd>10:30</dd>" in rail
    assert "<dt>Dr Arjun Nair</dt><dd>10:00</dd>" in rail


def test_an_empty_day_says_what_to_do(clinic: Clinic, desk: FlaskClient) -> None:
    assert "A quiet day" in desk.get("/today").text


def test_tomorrows_visits_are_not_todays(clinic: Clinic, desk: FlaskClient) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10, days=1)))
    assert "Meenakshi Iyer" not in desk.get("/today").text


def test_the_board_takes_few_statements_however_full(
    clinic: Clinic, desk: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    for number in range(12):
        book(
            clinic.desk,
            clinic.booking(
                clinic.at(9) + timedelta(minutes=30 * (number // 2)),
                practitioner_id=(clinic.vaidya if number % 2 else clinic.colleague).id,
                patient_id=PatientFactory(facility_id=clinic.facility.id).id,
                override_reason="as drawn",
            ),
        )
    db.session.commit()
    count_statements()
    desk.get("/today")

    def data() -> list[str]:
        return [
            one for one in count_statements() if "audit_events" not in one and "login_sessions" not in one
        ]

    page = data()
    assert len(page) <= 6, page
    desk.get("/today", headers=HTMX | {"Sutra-Refresh": "timer"})
    fragment = data()
    assert len(fragment) <= 3, fragment


def test_the_day_can_be_printed(clinic: Clinic, desk: FlaskClient, visit: Appointment) -> None:
    page = desk.get("/today/list").text
    assert "Meenakshi Iyer" in page
    assert "Dr Vaidehi Kulkarni" in page


def test_the_board_is_the_desks_alone(
    clinic: Clinic, sign_in: Callable[..., FlaskClient], client: FlaskClient, visit: Appointment
) -> None:
    assert client.get("/today").status_code == 303
    practitioner = sign_in(grant(UserFactory(), Role.PRACTITIONER, facility=clinic.facility))
    assert practitioner.get("/today").status_code == 403
    g.pop("facility", None)
    stranger = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    assert "Meenakshi Iyer" not in stranger.get("/today").text
    assert stranger.post(f"/today/{visit.reference}/arrive").status_code == 404
    db.session.refresh(visit)
    assert visit.status == "confirmed"
