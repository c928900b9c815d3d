"""What the calendar draws of claims: buffers, therapists, groups, closures; and how full a month is."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.core.db import db
from clinic.scheduling.models import Allocation, GroupSession, Resource, ResourceUnit, TimeOff
from clinic.scheduling.service import book
from tests.scheduling.conftest import Clinic


def column(page: str, key: str) -> str:
    """The part of a page that one column is."""
    return page.split(key)[1].split('class="cal-col"', maxsplit=1)[0]


def test_buffers_stand_before_and_after_a_visit(clinic: Clinic, desk: FlaskClient) -> None:
    clinic.service.buffer_before, clinic.service.buffer_after = 5, 10
    book(clinic.desk, clinic.booking(clinic.at(10)))
    page = desk.get("/calendar").text
    assert '<div class="cal-buffer is-before gr23 gs1"></div>' in page
    assert '<div class="cal-buffer gr30 gs2"></div>' in page


def test_a_visit_stands_with_every_therapist_it_claims(clinic: Clinic, desk: FlaskClient) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    helper = db.session.scalars(select(Resource).where(Resource.practitioner_id == clinic.colleague.id)).one()
    helper.kind = "therapist"
    unit = db.session.scalars(select(ResourceUnit).where(ResourceUnit.resource_id == helper.id)).first()
    assert unit is not None
    db.session.add(
        Allocation(
            facility_id=clinic.facility.id,
            unit_id=unit.id,
            appointment_id=visit.id,
            during=Range(clinic.at(10), clinic.at(10, 30)),
        )
    )
    db.session.flush()
    page = desk.get("/calendar?by=therapist").text
    assert page.count('class="cal-col"') == 1
    assert re.search(rf'href="/appointments/{visit.reference}"[^>]* data-fixed', page)
    assert visit.reference in column(desk.get("/calendar").text, f'data-practitioner="{clinic.vaidya.id}"')
    week = desk.get(f"/calendar?view=week&resource={helper.id}").text
    assert visit.reference in week


def test_a_group_is_one_block_with_its_seats(clinic: Clinic, desk: FlaskClient) -> None:
    session = GroupSession(
        facility_id=clinic.facility.id,
        service_id=clinic.service.id,
        practitioner_id=clinic.vaidya.id,
        during=Range(clinic.at(15), clinic.at(16)),
        capacity=10,
    )
    db.session.add(session)
    db.session.flush()
    page = desk.get("/calendar").text
    assert f"<strong>{clinic.service.name} 0/10</strong>" in page
    assert f"session={session.id}" in page


def test_a_closure_goes_across_all_columns(clinic: Clinic, desk: FlaskClient) -> None:
    house = db.session.scalars(
        select(Resource).where(Resource.kind == "facility", Resource.facility_id == clinic.facility.id)
    ).first()
    if house is None:
        house = Resource(facility_id=clinic.facility.id, kind="facility", name="The clinic")
        db.session.add(house)
        db.session.flush()
    db.session.add(
        TimeOff(resource_id=house.id, during=Range(clinic.at(11), clinic.at(12)), reason="Diwali <3")
    )
    db.session.flush()
    for address, times in (("/calendar", 2), ("/calendar?by=room", 2)):
        assert desk.get(address).text.count("<span>Diwali &lt;3</span>") == times


def test_only_chosen_columns_are_drawn_until_all_are_asked_for(clinic: Clinic, desk: FlaskClient) -> None:
    mine = db.session.scalars(select(Resource).where(Resource.practitioner_id == clinic.vaidya.id)).one()
    assert desk.get(f"/calendar?only={mine.id}").text.count('class="cal-col"') == 1
    assert desk.get("/calendar").text.count('class="cal-col"') == 1
    assert desk.get("/calendar?only=all").text.count('class="cal-col"') == 2
    assert desk.get("/calendar").text.count('class="cal-col"') == 2
    assert desk.get("/calendar?only=999999.x").text.count('class="cal-col"') == 2


def test_a_refresh_takes_three_statements(
    clinic: Clinic, desk: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    timer = {"Sutra-Refresh": "timer", "HX-Request": "true", "HX-Target": "calendar"}
    for address in ("/calendar", "/calendar?view=week", "/calendar?view=month"):
        desk.get(address, headers=timer)
        count_statements()
        desk.get(address, headers=timer)
        data = [one for one in count_statements() if "login_sessions" not in one]
        assert len(data) <= 3, data


def test_a_month_says_how_full_its_days_are(clinic: Clinic, desk: FlaskClient) -> None:
    for hour in (9, 10, 11, 12):
        book(
            clinic.desk,
            clinic.booking(clinic.at(hour), patient_id=clinic.patient.id),
        )
    page = desk.get(f"/calendar?view=month&practitioner={clinic.vaidya.id}").text
    assert "4 visits" in page
    assert "Quiet, 29 %" in page
    whole = desk.get("/calendar?view=month").text
    assert "Quiet, 14 %" in whole
    assert 'href="/calendar?day=2026-11-23&amp;view=day' in whole
