"""What people chose counts just before a message goes, and whoever should not cannot choose for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.accounts.models import SessionKind, User
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.notifications import preferences, sending
from clinic.notifications.models import Message
from clinic.notifications.registry import ALWAYS, kinds
from clinic.patients.models import Patient
from clinic.scheduling import messages
from tests.factories import FacilityFactory, PatientFactory, appointment, household_login, practitioner_at

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def friday_morning(app: Flask) -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def patient(app: Flask) -> Patient:
    FacilityFactory(name="Sutra Ayurveda", zone="Asia/Kolkata")
    return PatientFactory(name="Asha Menon", mobile="+919845011723", email="asha@example.test")


@pytest.fixture
def login(patient: Patient) -> User:
    return household_login(patient)


def book(patient: Patient, *, hours: float = 72) -> list[Message]:
    facility = FacilityFactory._meta.model
    place = db.session.scalars(select(facility)).first()
    assert place is not None
    row = appointment(
        patient, practitioner_at(place, name=f"Dr {hours}"), clock.now() + timedelta(hours=hours)
    )
    with unit_of_work():
        messages.booked(row, tell=True)
    return list(db.session.scalars(select(Message).where(Message.subject_id == row.id).order_by(Message.id)))


def choose(patient: Patient, **wanted: bool) -> None:
    """``reminder_24h__sms=False`` and so on."""
    with unit_of_work():
        preferences.choose(
            "patient",
            [patient.id],
            {tuple(name.split("__")): on for name, on in wanted.items()},  # type: ignore[misc]
        )


def test_a_reminder_takes_the_way_that_is_left(patient: Patient) -> None:
    choose(patient, reminder_24h__sms=False)
    ways = {row.kind: row.channel for row in book(patient) if row.kind.startswith("reminder")}
    assert ways == {"reminder_24h": "email", "reminder_2h": "sms", "reminder_30m": "sms"}


def test_what_is_switched_off_after_it_was_written_ends_unwanted(patient: Patient) -> None:
    told = {row.channel: row for row in book(patient) if row.kind == "appointment_booked"}
    choose(patient, appointment_booked__sms=False)
    assert sending.send(told["email"].id) == "sent"
    assert sending.send(told["sms"].id) is None
    db.session.refresh(told["sms"])
    assert (told["sms"].status, told["sms"].why) == ("cancelled", "unwanted")


def test_security_law_and_safety_go_whatever_was_chosen(patient: Patient) -> None:
    always = [kind for kind in kinds() if kind.category in ALWAYS]
    assert "one_time_code" in {kind.name for kind in always}
    with unit_of_work():
        preferences.stop_texts("+919845011723", stopped=True)
        preferences.keep_quiet("patient", [patient.id], (time(0), time(23, 59)))
    for kind in always:
        choose(patient, **{f"{preferences.choice_of(kind)}__sms": False})
        row = Message(
            kind=kind.name, channel="sms", recipient_type="patient", recipient_id=patient.id, subject_type="x"
        )
        assert preferences.unwanted(row, kind, "+919845011723") is None
        assert preferences.quiet_until(row, kind, "Asia/Kolkata") is None


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-20T16:00:00Z", None),  # 21:30 in the clinic
        ("2026-11-20T17:00:00Z", "2026-11-21T01:30:00+00:00"),  # 22:30
        ("2026-11-21T01:00:00Z", "2026-11-21T01:30:00+00:00"),  # 06:30
        ("2026-11-21T01:30:00Z", None),  # 07:00
    ],
)
def test_quiet_hours_run_over_midnight_by_the_clinics_clock(at: str, until: str | None) -> None:
    end = preferences.end_of_quiet(time(22), time(7), datetime.fromisoformat(at), "Asia/Kolkata")
    assert (end.isoformat() if end else None) == until


def test_in_quiet_hours_a_message_waits_but_one_that_would_come_too_late_goes(
    patient: Patient, friday_morning: time_machine.Coordinates
) -> None:
    with unit_of_work():
        preferences.keep_quiet("patient", [patient.id], (time(22), time(7)))
    friday_morning.move_to(datetime(2026, 11, 20, 18, 0, tzinfo=UTC))  # half past eleven at night
    waits = book(patient, hours=72)[0]
    assert sending.send(waits.id) is None
    db.session.refresh(waits)
    assert (waits.status, waits.why) == ("queued", "quiet")
    assert waits.next_try_at == datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
    before_seven = book(patient, hours=6)[0]
    assert sending.send(before_seven.id) == "sent"
    friday_morning.move_to(datetime(2026, 11, 21, 1, 30, tzinfo=UTC))
    assert sending.send(waits.id) == "sent"


def test_the_page_keeps_what_is_ticked_and_times_typed_wrongly(
    patient: Patient, login: User, sign_in: Callable[..., FlaskClient]
) -> None:
    home = sign_in(login, SessionKind.PATIENT)
    html = home.get("/portal/preferences").text
    assert 'value="reminder_24h sms" checked' in html
    refused = home.post("/portal/preferences", data={"want": ["reminder_24h sms"], "quiet_from": "22:00"})
    assert refused.status_code == 422
    assert 'value="22:00"' in refused.text
    assert "Give both times" in refused.text
    assert preferences.choices_of("patient", patient.id) == {}
    saved = home.post(
        "/portal/preferences",
        data={
            "want": ["reminder_24h sms", "one_time_code email", "appointment_moved push"],
            "quiet_from": "22:00",
            "quiet_to": "07:00",
            "locale": "hi",
        },
    )
    assert saved.status_code == 303
    chosen = preferences.choices_of("patient", patient.id)
    assert chosen["reminder_24h", "email"] is False
    assert ("reminder_24h", "sms") not in chosen, "it stands as it was"
    assert not any(choice == "one_time_code" for choice, _channel in chosen)
    assert preferences.quiet_hours_of("patient", patient.id) == (time(22), time(7))
    db.session.refresh(patient)
    assert patient.locale == "hi"


def test_a_stranger_chooses_for_nobody_else(
    patient: Patient, login: User, sign_in: Callable[..., FlaskClient]
) -> None:
    other = PatientFactory(name="Somebody Else")
    outsider = sign_in(household_login(other, mobile="+919845099999"), SessionKind.PATIENT)
    outsider.post("/portal/preferences", data={"everybody": "yes", "patient_id": str(patient.id)})
    assert preferences.choices_of("patient", patient.id) == {}
    assert preferences.choices_of("patient", other.id) != {}
