"""The calendar: what it draws, how light it is, and who sees what in it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.dialects.postgresql import Range

from clinic.core.access import Role
from clinic.core.db import db
from clinic.scheduling.models import TimeOff
from clinic.scheduling.service import book, cancel
from tests.factories import PatientFactory, PractitionerFactory, UserFactory, grant
from tests.scheduling.conftest import Clinic, place

ADDRESSES = (
    "/calendar",
    "/calendar?by=room",
    "/calendar?view=week",
    "/calendar?view=month",
    "/calendar?view=list",
)


def fill(clinic: Clinic, visits: int) -> None:
    """So many visits on the day, ten to a practitioner."""
    people = [clinic.vaidya, clinic.colleague]
    while len(people) * 10 < visits:
        people.append(PractitionerFactory(name=f"Dr Number {len(people)}"))
        place(clinic.facility, people[-1])
    for number in range(visits):
        hour, minute = divmod(9 * 60 + (number // len(people)) * 20, 60)
        book(
            clinic.desk,
            clinic.booking(
                clinic.at(hour, minute),
                patient_id=PatientFactory(
                    name=f"Lakshmi Subramaniam {number}", facility_id=clinic.facility.id
                ).id,
                practitioner_id=people[number % len(people)].id,
                mode="online",
                override_reason="as drawn",
                tell=False,
            ),
        )
    db.session.expire_all()


@pytest.mark.parametrize("address", ADDRESSES)
def test_sixty_visits_take_no_more_statements_than_two(
    clinic: Clinic, desk: FlaskClient, count_statements: Callable[[], list[str]], address: str
) -> None:
    clinic.service.minutes = 20
    fill(clinic, 60)
    db.session.commit()
    desk.get(address)
    count_statements()
    answer = desk.get(address)
    data = [one for one in count_statements() if "audit_events" not in one and "login_sessions" not in one]
    assert answer.status_code == 200
    assert len(data) <= 6, data


def test_a_day_of_sixty_visits_is_light(clinic: Clinic, desk: FlaskClient) -> None:
    clinic.service.minutes = 20
    fill(clinic, 60)
    page = desk.get("/calendar").text
    assert page.count('class="appt ') == 60
    assert len(page.encode()) <= 60_000
    assert len(gzip.compress(page.encode())) <= 10_000


def test_visits_stand_where_the_clinics_clock_says(clinic: Clinic, desk: FlaskClient) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10, 15)))
    page = desk.get("/calendar").text
    assert re.search(rf'class="appt [^"]* gr27 gs6"\s+href="/appointments/{visit.reference}"', page)
    assert "10:15 Consultation" in page


def test_time_off_is_hatched_with_its_reason_and_closed_hours_are_shaded(
    clinic: Clinic, desk: FlaskClient
) -> None:
    resource = place(clinic.facility, clinic.vaidya)
    off = TimeOff(resource_id=resource.id, during=Range(clinic.at(15), clinic.at(16)), reason="Conference")
    db.session.add(off)
    db.session.flush()
    page = desk.get("/calendar").text
    assert '<div class="cal-off gr84 gs12"><span>Conference</span></div>' in page
    assert '<div class="cal-closed is-break gr60 gs12"><span>Break</span></div>' in page
    assert '<div class="cal-closed gr108 gs24"></div>' in page


def test_gaps_are_links_with_names_and_only_where_something_can_be_booked(
    clinic: Clinic, desk: FlaskClient
) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    page = desk.get("/calendar").text
    column = page.split(f'data-practitioner="{clinic.vaidya.id}"')[1].split('class="cal-col"')[0]
    times = re.findall(r">Book (\d\d:\d\d)</a>", column)
    assert "10:30" in times
    assert "10:00" not in times
    assert "13:00" not in times
    assert f"day=2026-11-23&amp;practitioner={clinic.vaidya.id}&amp;time=10:30" in column


def test_the_list_does_what_the_grid_does(clinic: Clinic, desk: FlaskClient) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    gone = book(clinic.desk, clinic.booking(clinic.at(11), patient_id=clinic.other.id))
    cancel(clinic.desk, gone, "ill")
    page = desk.get("/calendar?view=list").text
    assert f'href="/appointments/{visit.reference}"' in page
    assert f'href="/appointments/{visit.reference}/move"' in page
    assert "Cancelled" in page
    assert f"/appointments/{gone.reference}" not in desk.get("/calendar").text


def test_the_week_is_one_practitioners(clinic: Clinic, desk: FlaskClient) -> None:
    mine = book(clinic.desk, clinic.booking(clinic.at(10, days=3)))
    other = book(clinic.desk, clinic.booking(clinic.at(11, days=3), practitioner_id=clinic.colleague.id))
    page = desk.get(f"/calendar?view=week&practitioner={clinic.vaidya.id}").text
    assert mine.reference in page
    assert other.reference not in page
    assert page.count('class="cal-col"') == 7


def test_rooms_show_who_is_in_them(clinic: Clinic, desk: FlaskClient) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    page = desk.get("/calendar?by=room").text
    column = page.split(f'data-room="{clinic.rooms[0].id}"')[1].split('class="cal-col"')[0]
    assert visit.reference in column
    assert "Dr Vaidehi Kulkarni" in column


@pytest.mark.parametrize(
    "query",
    [
        "day=abc",
        "day=9999-12-31",
        "day=0001-01-01",
        "view=%00",
        "practitioner=99999999999999999999",
        "practitioner=-1&view=week",
        "by=roof",
    ],
)
def test_silly_addresses_show_some_day(clinic: Clinic, desk: FlaskClient, query: str) -> None:
    assert desk.get(f"/calendar?{query}").status_code == 200


def test_a_colleagues_patients_are_hidden_where_care_is_not_shared(
    clinic: Clinic, sign_in: Callable[..., FlaskClient]
) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    user = grant(UserFactory(), Role.PRACTITIONER, facility=clinic.facility)
    clinic.colleague.user_id = user.id
    db.session.flush()
    client = sign_in(user)
    assert "Meenakshi Iyer" in client.get("/calendar").text
    clinic.facility.whole_facility_in_care = False
    db.session.flush()
    for address in ADDRESSES:
        page = client.get(address).text
        assert "Meenakshi Iyer" not in page
        assert visit.reference not in page


def test_only_visits_of_the_own_facility_are_drawn(
    clinic: Clinic, sign_in: Callable[..., FlaskClient]
) -> None:
    from tests.factories import FacilityFactory

    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    stranger = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    assert visit.reference not in stranger.get("/calendar").text


def test_the_calendar_opened_by_its_timer_is_not_logged_as_reading(
    clinic: Clinic, desk: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    count_statements()
    desk.get("/calendar", headers={"Sutra-Refresh": "timer", "HX-Request": "true"})
    assert not [one for one in count_statements() if "audit_events" in one]
    desk.get("/calendar")
    assert [one for one in count_statements() if "audit_events" in one]


def test_a_visit_across_midnight_is_drawn_on_both_days(clinic: Clinic, desk: FlaskClient) -> None:
    clinic.service.minutes = 60
    visit = book(clinic.desk, clinic.booking(clinic.at(23, 30), override_reason="Night"))
    assert visit.ends - visit.starts == timedelta(hours=1)
    for day in ("2026-11-23", "2026-11-24"):
        assert visit.reference in desk.get(f"/calendar?day={day}").text


def test_services_have_their_hindi_names_for_who_reads_hindi(clinic: Clinic, desk: FlaskClient) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    clinic.service.name_hi, clinic.receptionist.locale = "परामर्श", "hi"
    db.session.commit()
    for path in ("/calendar", "/today", "/calendar?view=list", "/appointments/new"):
        assert "परामर्श" in desk.get(path).text, path
