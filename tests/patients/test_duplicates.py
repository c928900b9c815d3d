"""Who may already be in the register is shown before anything is saved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from clinic.audit.models import AuditEvent
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.patients.details import PatientDetails, check
from clinic.patients.likeness import Traits, compare
from clinic.patients.models import Patient
from clinic.patients.service import find_duplicates
from tests.factories import FacilityFactory, PatientFactory

BORN = date(1980, 11, 14)


def traits(name: str, mobile: str | None = None, born: date | None = None, exact: str = "day") -> Traits:
    return Traits(name=name, mobile=mobile, birth_date=born, birth_precision=exact if born else None)


def near(desk: Actor, **values: Any) -> Any:
    details, faults = check(PatientDetails(**values), today=date(2026, 11, 20))
    assert not faults
    return find_duplicates(desk, details)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (traits("Meenakshi Iyer", "+911"), traits("Meenakshi Iyer", "+911"), True),
        (traits("Meenakshi Iyer", "+911"), traits("Minakshi Iyer", "+911"), True),
        (traits("Meenakshi", "+911"), traits("Meenakshi Iyer", "+911"), True),
        (traits("Iyer Meenakshi", "+911"), traits("MEENAKSHI  IYER", "+911"), True),
        (traits("Meenakshi Iyer", None, BORN), traits("Meenakshi Iyer", None, BORN), True),
        (traits("Meenakshi Iyer", None, BORN), traits("Meenakshi Iyer", None, date(1981, 3, 1), "age"), True),
        (traits("Meenakshi Iyer", "+911"), traits("Raghavan Iyer", "+911"), False),
        (traits("Meenakshi Iyer"), traits("Meenakshi Iyer"), False),
        (traits("Meenakshi Iyer", "+911", BORN), traits("Meenakshi Iyer", "+911", date(2010, 1, 1)), False),
        (traits("अनन्या दास", "+911"), traits("अनन्या दास", "+911"), True),
    ],
)
def test_likeness_tells_the_same_person_from_a_household(one: Traits, other: Traits, same: bool) -> None:
    assert compare(one, other).likely_same is same
    assert compare(other, one).likely_same is same


def test_same_mobile_and_a_similar_name_stops_once_and_says_why(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    there = registered("Meenakshi Iyer")
    form = {"name": "Minakshi Iyer", "mobile": "98450 11723"}
    asked = at_desk.post("/patients/new", data=form)
    assert asked.status_code == 409
    assert "Similar name" in asked.text
    assert "Same mobile" in asked.text
    assert f'href="/patients/{there.id}"' in asked.text
    assert "Register anyway" in asked.text
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 1
    anyway = at_desk.post("/patients/new", data={**form, "anyway": "yes", "shown": str(there.id)})
    assert anyway.status_code == 303
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 2


def test_anyway_counts_only_for_whom_was_shown(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    registered("Meenakshi Iyer")
    form = {"name": "Meenakshi Iyer", "mobile": "98450 11723", "anyway": "yes", "shown": "999999"}
    assert at_desk.post("/patients/new", data=form).status_code == 409


def test_household_is_offered_and_stops_nobody(
    at_desk: FlaskClient, desk: Actor, registered: Callable[..., Patient]
) -> None:
    registered("Meenakshi Iyer")
    alike = near(desk, name="Raghavan Iyer", mobile="98450 11723")
    assert alike.likely == ()
    assert [row.name for row in alike.household] == ["Meenakshi Iyer"]
    form = {"name": "Raghavan Iyer", "mobile": "98450 11723"}
    shown = at_desk.post("/patients/new/alike", data=form).text
    assert "Same household" in shown
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.found")).one()
    assert event.detail == {"ids": [alike.household[0].id]}
    assert at_desk.post("/patients/new", data=form).status_code == 303


def test_same_name_and_birth_date_is_found_on_another_mobile(
    desk: Actor, registered: Callable[..., Patient]
) -> None:
    registered("Meenakshi Iyer", "98450 11723", birth_date=BORN)
    alike = near(desk, name="meenakshi iyer", mobile="97310 99999", birth_date=BORN)
    assert [found.patient.name for found in alike.likely] == ["Meenakshi Iyer"]


def test_people_out_of_sight_are_not_shown(desk: Actor, registered: Callable[..., Patient]) -> None:
    PatientFactory(name="Meenakshi Iyer", mobile="+919845011723", facility_id=FacilityFactory().id)
    assert near(desk, name="Meenakshi Iyer", mobile="98450 11723").likely == ()


def test_looking_for_likes_changes_nothing(at_desk: FlaskClient, registered: Callable[..., Patient]) -> None:
    registered()
    at_desk.post("/patients/new/alike", data={"name": "M", "mobile": "abc"})
    at_desk.post("/patients/new/alike", data={})
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 1
