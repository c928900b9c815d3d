"""Days on which the clinic is closed: by year, in ranges, on public holidays, and what is booked then."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from clinic.audit.models import AuditEvent
from clinic.core.access import SYSTEM, Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid
from clinic.scheduling import queries
from clinic.scheduling.models import Appointment, TimeOff
from clinic.scheduling.public_holidays import country_of, public_holidays
from clinic.scheduling.queries import setup
from clinic.scheduling.service import arrange, book
from clinic.scheduling.service.arrange import Closure
from tests.factories import FacilityFactory, UserFactory, actor_of, grant
from tests.scheduling.conftest import DAY, Clinic

REPUBLIC_DAY = date(2027, 1, 26)


@pytest.fixture
def page(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility))


@pytest.fixture
def manager(clinic: Clinic) -> Actor:
    user = grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    return actor_of(user, Role.FACILITY_ADMIN, facility=clinic.facility)


def closed(clinic: Clinic, year: int) -> list[tuple[date, date, str]]:
    zone = clinic.facility.zone
    return [(*setup.days_of(one, zone), one.reason) for one in setup.closures_of(clinic.facility, year)]


def test_a_closed_day_offers_nothing_and_is_opened_again(clinic: Clinic, page: FlaskClient) -> None:
    data = {"first": "2026-11-24", "last": "", "reason": "Strike"}
    assert page.post("/closures", data=data).status_code == 303
    assert closed(clinic, 2026) == [(date(2026, 11, 24), date(2026, 11, 24), "Strike")]
    days = (DAY, DAY + timedelta(days=1), DAY + timedelta(days=2))
    offered = [bool(queries.free_slots(clinic.facility, clinic.service, day, day)) for day in days]
    assert offered == [True, False, True]
    off = db.session.scalars(select(TimeOff)).one()
    answer = page.post(f"/closures/{off.id}/remove", data={"year": "2026"})
    assert answer.headers["Location"].endswith("/closures?year=2026")
    assert closed(clinic, 2026) == []
    actions = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert [one for one in actions if one.startswith("closure.")] == ["closure.added", "closure.removed"]


def test_a_range_over_new_year_stands_in_both_years(clinic: Clinic, page: FlaskClient) -> None:
    data = {"first": "2026-12-30", "last": "2027-01-02", "reason": "Repairs"}
    assert page.post("/closures", data=data).status_code == 303
    expected = [(date(2026, 12, 30), date(2027, 1, 2), "Repairs")]
    assert closed(clinic, 2026) == closed(clinic, 2027) == expected
    for year in (2026, 2027):
        shown = page.get(f"/closures?year={year}").text
        assert "Repairs" in shown
        assert "Wednesday 30 December" in shown
    assert closed(clinic, 2028) == []


def test_what_cannot_be_is_said_with_what_was_typed(clinic: Clinic, page: FlaskClient) -> None:
    data = {"first": "2026-12-30", "last": "2026-12-28", "reason": "Repairs"}
    answer = page.post("/closures", data=data)
    assert answer.status_code == 422
    assert 'value="2026-12-28"' in answer.text
    assert page.post("/closures", data=data | {"last": "", "reason": " "}).status_code == 422
    assert page.post("/closures", data=data | {"last": "2028-12-28"}).status_code == 422
    assert page.post("/closures", data=data | {"last": ""}).status_code == 303
    again = page.post("/closures", data=data | {"last": ""})
    assert again.status_code == 409
    assert "closed then already" in again.text
    assert page.post("/closures/holidays", data={"year": "2027"}).status_code == 422


def test_public_holidays_are_ticked_and_saved_together(clinic: Clinic, page: FlaskClient) -> None:
    shown = page.get("/closures?year=2027").text
    assert "Republic Day" in shown
    days = ["2027-01-26", "2027-10-02", "2027-03-31"]
    assert page.post("/closures/holidays", data={"year": "2027", "holiday": days}).status_code == 303
    assert [(first, reason) for first, _last, reason in closed(clinic, 2027)] == [
        (REPUBLIC_DAY, "Republic Day"),
        (date(2027, 10, 2), "Mahatma Gandhi's Jayanti"),
    ], "31 March is no holiday"
    assert 'value="2027-01-26"' not in page.get("/closures?year=2027").text, "it is closed already"
    assert page.post("/closures/holidays", data={"year": "2027", "holiday": days}).status_code == 303
    assert len(closed(clinic, 2027)) == 2


def test_holidays_are_those_of_the_country_and_the_state(clinic: Clinic) -> None:
    place = clinic.facility
    place.state = "Maharashtra"
    assert "Maharashtra Day" in {one.name for one in public_holidays(place, 2027, "en")}
    place.state = "Karnataka"
    names = {one.day: one.name for one in public_holidays(place, 2027, "hi")}
    assert names[REPUBLIC_DAY] == "गणतंत्र दिवस"
    assert date(2027, 11, 1) in names
    place.state = "Nowhere"
    assert REPUBLIC_DAY in {one.day for one in public_holidays(place, 2027, "en")}
    london = FacilityFactory(zone="Europe/London", currency="GBP", state="England")
    assert country_of(london) == "GB"
    assert "Late Summer Bank Holiday" in {one.name for one in public_holidays(london, 2027, "hi")}


@pytest.mark.parametrize(("day", "hours"), [(date(2027, 3, 28), 23), (date(2027, 10, 31), 25)])
def test_a_closed_day_is_as_long_as_the_clocks_make_it(clinic: Clinic, day: date, hours: int) -> None:
    london = FacilityFactory(zone="Europe/London")
    off = arrange.add_closures(SYSTEM, london, [Closure(first=day, last=day, reason="Sunday")])[0]
    assert off.during.lower is not None
    assert off.during.upper is not None
    assert off.during.upper - off.during.lower == timedelta(hours=hours)
    assert setup.days_of(off, london.zone) == (day, day)
    assert setup.closures_of(london, 2027) == [off]
    with pytest.raises(Conflict):
        arrange.add_closures(SYSTEM, london, [Closure(first=day, last=day, reason="Sunday")])


def test_what_is_booked_then_is_shown_first_and_moved_in_one_step(clinic: Clinic, page: FlaskClient) -> None:
    visits = [
        book(clinic.desk, clinic.booking(clinic.at(10, days=1))),
        book(
            clinic.desk,
            clinic.booking(
                clinic.at(11, days=1), patient_id=clinic.other.id, practitioner_id=clinic.colleague.id
            ),
        ),
    ]
    data = {"first": "2026-11-24", "last": "2026-11-25", "reason": "Strike"}
    answer = page.post("/closures", data=data)
    assert "2 visits are booked then" in answer.text
    assert clinic.patient.name in answer.text
    assert db.session.scalar(select(func.count(TimeOff.id))) == 0
    offered = re.findall(r'name="(move-\w+)" value="([^"]+)" checked', answer.text)
    assert len(offered) == 2
    assert page.post("/closures", data=data | {"decided": "yes"} | dict(offered)).status_code == 303
    db.session.expire_all()
    assert [visit.starts for visit in visits] == [clinic.at(9, days=3), clinic.at(9, 30, days=3)]
    assert len(closed(clinic, 2026)) == 1


def test_holidays_show_what_is_booked_on_any_of_them(clinic: Clinic, page: FlaskClient) -> None:
    clinic.facility.booking_days = 365
    visit = book(clinic.desk, clinic.booking(clinic.at(10, days=64)))
    assert visit.starts.date() == REPUBLIC_DAY
    data = {"year": "2027", "holiday": ["2027-01-26", "2027-08-15"]}
    answer = page.post("/closures/holidays", data=data)
    assert "1 visit is booked then" in answer.text
    assert answer.text.count('name="holiday"') == 2, "both days go along"
    left = {"decided": "yes", f"move-{visit.reference}": ""}
    assert page.post("/closures/holidays", data=data | left).status_code == 303
    assert len(closed(clinic, 2027)) == 2
    assert db.session.get_one(Appointment, visit.id).starts == clinic.at(10, days=64)


def test_another_clinic_stays_open(
    clinic: Clinic, manager: Actor, sign_in: Callable[..., FlaskClient]
) -> None:
    off = arrange.add_closures(manager, clinic.facility, [Closure(first=DAY, last=DAY, reason="Strike")])[0]
    elsewhere = FacilityFactory()
    outsider = sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=elsewhere))
    assert "Strike" not in outsider.get("/closures?year=2026").text
    outsider.post(f"/closures/{off.id}/remove")
    assert closed(clinic, 2026) == [(DAY, DAY, "Strike")]
    assert setup.closures_of(elsewhere, 2026) == []


def test_the_desk_reads_closures_and_makes_none(
    clinic: Clinic, manager: Actor, desk: FlaskClient, client: FlaskClient
) -> None:
    arrange.add_closures(manager, clinic.facility, [Closure(first=DAY, last=DAY, reason="Strike")])
    assert client.get("/closures").status_code == 303
    shown = desk.get("/closures").text
    assert "Strike" in shown
    assert "Close the clinic" not in shown
    for url in ("/closures", "/closures/holidays", "/closures/1/remove"):
        assert desk.post(url, data={"first": "2026-12-01", "reason": "x"}).status_code == 403


def test_a_closure_needs_days_in_order_and_a_reason(clinic: Clinic, manager: Actor) -> None:
    for closure in (
        Closure(first=DAY, last=DAY - timedelta(days=1), reason="x"),
        Closure(first=DAY, last=DAY + timedelta(days=401), reason="x"),
        Closure(first=DAY, last=DAY, reason="  "),
    ):
        with pytest.raises(Invalid):
            arrange.add_closures(manager, clinic.facility, [closure])


def test_a_year_out_of_reach_is_this_one(clinic: Clinic, page: FlaskClient) -> None:
    for year in ("1066", "soon", "²027", "99999"):
        assert "Closures 2026" in page.get("/closures", query_string={"year": year}).text
