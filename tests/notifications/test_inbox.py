"""The inbox: whom it is for, what is new in it, and whom it stays shut to."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.accounts.models import SessionKind, User
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.notifications import inbox, sending
from clinic.notifications.models import InboxItem, Message
from clinic.patients.models import Guardianship, Patient
from clinic.scheduling import messages
from clinic.scheduling.models import Appointment
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    appointment,
    grant,
    household_login,
    practitioner_at,
)


@pytest.fixture
def patient(app: Flask) -> Patient:
    FacilityFactory(name="Sutra Ayurveda")
    return PatientFactory(name="Asha Menon", mobile="+919845011723")


@pytest.fixture
def login(patient: Patient) -> User:
    user = household_login(patient, mobile="+919845011723")
    user.last_sign_in_at = clock.now()
    return user


@pytest.fixture
def home(login: User, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(login, SessionKind.PATIENT)


@pytest.fixture
def outside(patient: Patient, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    other = PatientFactory(name="Somebody Else")
    return sign_in(household_login(other, mobile="+919845099999"), SessionKind.PATIENT)


def told(patient: Patient, days: int = 3) -> Appointment:
    """A visit just booked, and what is due of it sent."""
    place = db.session.scalars(select(FacilityFactory._meta.model)).first()
    assert place is not None
    row = appointment(patient, practitioner_at(place, name=f"Dr {days}"), clock.now() + timedelta(days=days))
    with unit_of_work():
        messages.booked(row, tell=True)
    for message_id in db.session.scalars(select(Message.id).where(Message.subject_id == row.id)).all():
        sending.send(message_id)
    return row


def only_item() -> InboxItem:
    return db.session.scalars(select(InboxItem).execution_options(populate_existing=True)).one()


def test_news_stands_in_the_inbox_until_it_is_opened_and_leads_to_the_visit(
    patient: Patient, home: FlaskClient
) -> None:
    visit = told(patient)
    assert "1 new" in home.get("/portal").text
    page = home.get("/portal/inbox")
    assert "Your visit on" in page.text
    assert "is-new" in page.text
    opened = home.post(f"/portal/inbox/{only_item().id}")
    assert opened.headers["Location"] == f"/portal/visits/{visit.reference}"
    assert only_item().read_at is not None
    assert "1 new" not in home.get("/portal").text


def test_sending_twice_puts_one_line(patient: Patient, login: User) -> None:
    told(patient)
    item = only_item()
    with unit_of_work():
        assert inbox.put(item.message_id, to=[login.id], title="again", body="again", path=None) == 0
    assert only_item().title != "again"


def test_who_never_signed_in_gets_no_line(patient: Patient, login: User) -> None:
    login.last_sign_in_at = None
    told(patient)
    assert db.session.scalars(select(InboxItem)).all() == []


def test_an_inbox_is_shut_to_everybody_else(
    patient: Patient, home: FlaskClient, outside: FlaskClient
) -> None:
    told(patient)
    item_id = only_item().id
    assert outside.post(f"/portal/inbox/{item_id}").status_code == 404
    assert "Your visit on" not in outside.get("/portal/inbox").text
    outside.post("/portal/inbox/read", data={"up_to": str(item_id)})
    assert only_item().read_at is None


def test_who_no_longer_acts_for_a_patient_no_longer_reads_of_them(
    patient: Patient, login: User, home: FlaskClient
) -> None:
    told(patient)
    other = PatientFactory(name="Ravi Menon")
    db.session.add(Guardianship(user_id=login.id, patient_id=other.id))
    grant_row = db.session.scalars(
        select(Guardianship).where(Guardianship.user_id == login.id, Guardianship.patient_id == patient.id)
    ).one()
    grant_row.ended_at = clock.now()
    db.session.commit()
    assert "Your visit on" not in home.get("/portal/inbox").text
    assert home.post(f"/portal/inbox/{only_item().id}").status_code == 404


def test_all_that_was_shown_can_be_marked_as_read_and_what_came_since_stays_new(
    patient: Patient, home: FlaskClient
) -> None:
    told(patient, 3)
    newest = re.search(r'name="up_to" value="(\d+)"', home.get("/portal/inbox").text)
    assert newest is not None
    told(patient, 5)
    home.post("/portal/inbox/read", data={"up_to": newest[1]})
    assert "1 new" in home.get("/portal").text


def test_a_long_inbox_goes_on_by_key(
    patient: Patient, home: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PAGE", 2)
    for days in (2, 3, 4):
        told(patient, days)
    first = home.get("/portal/inbox").text
    assert first.count('class="inbox-item') == 2
    more = re.search(r'href="(/portal/inbox\?before=\d+)"', first)
    assert more is not None
    assert home.get(more[1]).text.count('class="inbox-item') == 1
    assert home.get("/portal/inbox?before=-1").status_code == 200


def test_the_practitioner_reads_of_a_booking_and_a_colleague_does_not(
    patient: Patient, sign_in: Callable[..., FlaskClient]
) -> None:
    place = db.session.scalars(select(FacilityFactory._meta.model)).first()
    assert place is not None
    user, colleague = (grant(UserFactory(), Role.PRACTITIONER, facility=place) for _each in range(2))
    row = appointment(patient, practitioner_at(place, user, name="Dr Rao"), clock.now() + timedelta(hours=5))
    with unit_of_work():
        messages.booked(row, tell=True)
    for message_id in db.session.scalars(select(Message.id).where(Message.channel == "in_app")).all():
        sending.send(message_id)
    item = only_item()
    assert "Menon" not in item.title + item.body
    mine, theirs = sign_in(user), sign_in(colleague)
    assert "Visit booked for" in mine.get("/inbox").text
    assert "1" in mine.get("/inbox/bell").text
    assert "Visit booked for" not in theirs.get("/inbox").text
    assert theirs.post(f"/inbox/{item.id}").status_code == 404
    assert mine.post(f"/inbox/{item.id}").headers["Location"] == f"/appointments/{row.reference}"
