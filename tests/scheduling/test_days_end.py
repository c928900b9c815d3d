"""Visits that nobody brought to an end on their day."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import time_machine
from flask import g
from flask.testing import FlaskClient

from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.errors import Conflict
from clinic.scheduling import queries
from clinic.scheduling.models import Appointment
from clinic.scheduling.service import arrive, book, cancel, close_left_open, complete, start
from tests.factories import FacilityFactory, PatientFactory, UserFactory, grant
from tests.scheduling.conftest import Clinic


@pytest.fixture
def visit(clinic: Clinic) -> Appointment:
    return book(clinic.desk, clinic.booking(clinic.at(10)))


@pytest.fixture
def next_day(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates, sign_in: Callable[..., FlaskClient]
) -> FlaskClient:
    """The receptionist's browser on the morning after."""
    morning.move_to(clinic.at(9, days=1))
    return sign_in(clinic.receptionist)


def section(page: str) -> str:
    return page.split('id="left-open"', 1)[1].split("</section>", 1)[0] if 'id="left-open"' in page else ""


def test_today_lists_what_was_left_open(clinic: Clinic, visit: Appointment, next_day: FlaskClient) -> None:
    done = book(clinic.desk, clinic.booking(clinic.at(11), override_reason="late entry"))
    start(clinic.desk, done)
    complete(clinic.desk, done)
    cancel(clinic.desk, book(clinic.desk, clinic.booking(clinic.at(12), override_reason="late entry")), "ill")
    today = book(clinic.desk, clinic.booking(clinic.at(10, days=1)))
    db.session.commit()
    page = next_day.get("/today").text
    assert "1 visit left open" in page
    assert visit.reference in section(page)
    assert "Mon 23 Nov, 10:00" in section(page)
    for other in (done, today):
        assert other.reference not in section(page)
    lanes = page.split('id="expected"')[1].split('id="left-open"')[0]
    assert f"/appointments/{visit.reference}" not in lanes


def test_on_the_day_itself_nothing_is_left_open(
    clinic: Clinic, desk: FlaskClient, visit: Appointment
) -> None:
    assert section(desk.get("/today").text) == ""


@pytest.mark.parametrize(
    ("how", "status", "kinds"),
    [
        ("done", "completed", ["booked", "started", "completed"]),
        ("missed", "no_show", ["booked", "no_show"]),
        ("cancelled", "cancelled", ["booked", "cancelled"]),
    ],
)
def test_one_tap_brings_it_to_an_end(
    clinic: Clinic, visit: Appointment, next_day: FlaskClient, how: str, status: str, kinds: list[str]
) -> None:
    address = f"/today/left-open/{visit.reference}/{how}"
    assert address in next_day.get("/today").text
    answer = next_day.post(address, data={"version": visit.version})
    assert answer.headers["Location"] == "/today"
    db.session.refresh(visit)
    assert visit.status == status
    assert [event.kind for event in queries.history(visit)] == kinds
    assert section(next_day.get("/today").text) == ""


@pytest.mark.parametrize("step", [arrive, start], ids=lambda step: step.__name__)
def test_who_came_is_done_or_called_off_and_not_missed(
    clinic: Clinic, visit: Appointment, next_day: FlaskClient, step: Callable[..., None]
) -> None:
    step(clinic.desk, visit)
    db.session.commit()
    page = section(next_day.get("/today").text)
    assert f"{visit.reference}/done" in page
    assert f"{visit.reference}/missed" not in page
    next_day.post(f"/today/left-open/{visit.reference}/cancelled", data={"version": visit.version})
    db.session.refresh(visit)
    assert (visit.status, visit.ended_code) == ("cancelled", "other")
    assert visit.ended_why


def test_a_tap_on_an_old_page_changes_nothing(
    clinic: Clinic, visit: Appointment, next_day: FlaskClient
) -> None:
    seen = visit.version
    arrive(clinic.desk, visit)
    db.session.commit()
    next_day.post(f"/today/left-open/{visit.reference}/done", data={"version": seen})
    db.session.refresh(visit)
    assert visit.status == "arrived"
    assert next_day.post(f"/today/left-open/{visit.reference}/vanish").status_code == 404


def test_a_visit_of_today_is_not_closed_that_way(clinic: Clinic, visit: Appointment) -> None:
    with pytest.raises(Conflict):
        close_left_open(clinic.desk, visit, came=True)
    assert visit.status == "confirmed"


def test_all_of_them_stand_on_a_page_and_those_of_a_day_too(
    clinic: Clinic, visit: Appointment, next_day: FlaskClient
) -> None:
    more = [
        book(
            clinic.desk,
            clinic.booking(
                clinic.at(hour, days=-1),
                patient_id=PatientFactory(facility_id=clinic.facility.id).id,
                override_reason="as it was",
            ),
        )
        for hour in (9, 10, 11, 12, 14, 15)
    ]
    db.session.commit()
    today = next_day.get("/today").text
    assert "7 visits left open" in today
    assert section(today).count("<li>") == 5
    assert "All 7" in section(today)
    page = next_day.get("/today/left-open").text
    assert all(row.reference in page for row in (visit, *more))
    page = next_day.get("/today/left-open?day=2026-11-23").text
    assert visit.reference in page
    assert not any(row.reference in page for row in more)
    for wrong in ("x", "2026-99-99", "9999-12-31"):
        assert next_day.get(f"/today/left-open?day={wrong}").status_code == 200


def test_they_are_the_desks_alone(
    clinic: Clinic, visit: Appointment, next_day: FlaskClient, sign_in: Callable[..., FlaskClient]
) -> None:
    practitioner = sign_in(grant(UserFactory(), Role.PRACTITIONER, facility=clinic.facility))
    assert practitioner.get("/today/left-open").status_code == 403
    g.pop("facility", None)
    stranger = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    assert visit.reference not in stranger.get("/today").text
    assert visit.reference not in stranger.get("/today/left-open").text
    for how in ("done", "missed", "cancelled"):
        assert stranger.post(f"/today/left-open/{visit.reference}/{how}").status_code == 404
    db.session.refresh(visit)
    assert visit.status == "confirmed"
