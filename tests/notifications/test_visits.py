"""What patients hear of their visits: each change once, and nothing stale."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.notifications import sending
from clinic.notifications.models import ConsoleMessage, Message
from clinic.patients.models import Patient
from clinic.scheduling import messages
from clinic.scheduling.models import Appointment
from clinic.scheduling.service import events
from tests.factories import FacilityFactory, PatientFactory, appointment, practitioner_at

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
LATER = timedelta(days=3)


@pytest.fixture(autouse=True)
def friday_morning(app: Flask) -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def patient(app: Flask) -> Patient:
    FacilityFactory(name="Sutra Ayurveda", short_name="Sutra", phone="080 4123 4567")
    return PatientFactory(name="Asha Menon", mobile="+919845011723", email="asha@example.test")


def visit(patient: Patient, *, starts: datetime = NOW + LATER, status: str = "confirmed") -> Appointment:
    facility = db.session.scalars(select(FacilityFactory._meta.model)).first()
    assert facility is not None
    row = appointment(patient, practitioner_at(facility, name="Dr Rao"), starts, status=status)
    db.session.commit()
    return row


def written(kind: str | None = None) -> list[Message]:
    query = select(Message).order_by(Message.id).execution_options(populate_existing=True)
    return [row for row in db.session.scalars(query) if kind in (None, row.kind)]


def states(kind: str | None = None) -> list[tuple[str, str, str]]:
    return [(row.kind, row.channel, row.status) for row in written(kind)]


def told() -> list[str]:
    """Send whatever is due, and give the texts of it."""
    before = db.session.query(ConsoleMessage).count()
    for row in written():
        sending.send(row.id)
    shown = db.session.scalars(select(ConsoleMessage).order_by(ConsoleMessage.id)).all()
    texts = [row.body.strip() for row in shown[before:] if row.channel == "sms"]
    return [re.sub(r" Change or cancel: http://localhost/v/[\w-]{22}(?= |$)", "", text) for text in texts]


def book(patient: Patient, **values: object) -> Appointment:
    row = visit(patient, **values)  # type: ignore[arg-type]
    with unit_of_work():
        messages.booked(row, tell=True)
    return row


def move(row: Appointment, by: timedelta, *, tell: bool = True) -> datetime:
    old = row.starts
    with unit_of_work():
        row.during = Range(row.starts + by, row.ends + by, bounds="[)")
        row.version += 1
        db.session.flush()
        messages.moved(row, old_start=old, tell=tell, undo_until=clock.now() + timedelta(seconds=60))
    return old


def move_back(row: Appointment, by: timedelta) -> None:
    with unit_of_work():
        row.during = Range(row.starts - by, row.ends - by, bounds="[)")
        row.version += 1
        db.session.flush()
        messages.undone(row)


def end(row: Appointment, status: str = "cancelled", *, undoable: bool = True, tell: bool = True) -> None:
    with unit_of_work():
        row.status, row.ended_at = status, clock.now()
        row.version += 1
        db.session.flush()
        undo_until = clock.now() + timedelta(seconds=60) if undoable else None
        messages.ended(row, tell=tell, undo_until=undo_until)


def take_back(row: Appointment, status: str = "confirmed") -> None:
    with unit_of_work():
        events.write(SYSTEM, row, "ended", from_status=status)
        events.write(SYSTEM, row, "taken_back", from_status=row.status, to_status=status)
        db.session.flush()
        row.status, row.ended_at = status, None
        row.version += 1
        db.session.flush()
        messages.undone(row)


def test_a_booking_is_told_at_once_and_reminders_are_planned(patient: Patient) -> None:
    row = book(patient)
    assert states() == [
        ("appointment_booked", "sms", "queued"),
        ("appointment_booked", "email", "queued"),
        ("reminder_24h", "sms", "queued"),
        ("reminder_2h", "sms", "queued"),
        ("reminder_30m", "sms", "queued"),
    ]
    epoch = int(row.starts.timestamp())
    assert [message.dedupe_key for message in written()][2:] == [
        f"reminder:{row.id}:{epoch}:{offset}" for offset in ("24h", "2h", "30m")
    ]
    assert told() == [
        "Sutra Ayurveda: visit of Asha Menon with Dr Rao is booked for Mon 23 Nov, 11:30 am."
        f" Ref {row.reference}"
    ]


def test_a_booking_takes_one_statement_beside_the_look_at_the_patients_ways(
    patient: Patient, count_statements: object
) -> None:
    row = visit(patient)
    with unit_of_work():
        assert [row.patient.name, row.practitioner.name, row.facility.name]
        count_statements()  # type: ignore[operator]
        messages.booked(row, tell=True)
        sent = count_statements()  # type: ignore[operator]
    assert [text.split()[0] for text in sent] == ["SELECT", "INSERT"]


@time_machine.travel(NOW, tick=False)
def test_reminders_whose_time_has_passed_are_not_planned(patient: Patient) -> None:
    book(patient, starts=NOW + timedelta(hours=1))
    assert [row.kind for row in written() if row.kind.startswith("reminder")] == ["reminder_30m"]


def test_each_reminder_goes_at_its_time_and_only_then(patient: Patient, friday_morning: object) -> None:
    row = book(patient)
    told()
    for before in (timedelta(hours=24), timedelta(hours=2), timedelta(minutes=30)):
        friday_morning.move_to(row.starts - before - timedelta(seconds=1))  # type: ignore[attr-defined]
        assert told() == []
        friday_morning.move_to(row.starts - before)  # type: ignore[attr-defined]
        assert ["a reminder of Asha Menon's visit" in text for text in told()] == [True]
        assert told() == []


def test_a_reminder_that_is_late_gives_way_to_the_next(patient: Patient, friday_morning: object) -> None:
    row = book(patient)
    told()
    friday_morning.move_to(row.starts - timedelta(hours=1))  # type: ignore[attr-defined]
    assert len(told()) == 1
    assert [message.status for message in written() if message.kind.startswith("reminder")] == [
        "expired",
        "sent",
        "queued",
    ]


def test_a_request_is_acknowledged_and_has_no_reminders_until_it_is_confirmed(patient: Patient) -> None:
    row = book(patient, status="pending")
    assert "request" in told()[0]
    assert [message.kind for message in written()] == ["appointment_booked", "appointment_booked"]
    with unit_of_work():
        row.status = "confirmed"
        row.version += 1
        messages.confirmed(row, tell=True)
    assert "is confirmed" in told()[0]
    assert len([message for message in written() if message.kind.startswith("reminder")]) == 3


def test_a_move_is_told_after_its_minute_and_the_old_reminders_stay_here(
    patient: Patient, friday_morning: object
) -> None:
    row = book(patient)
    told()
    old = move(row, timedelta(hours=2))
    assert told() == []
    friday_morning.shift(timedelta(seconds=64))  # type: ignore[attr-defined]
    assert told() == [
        f"Sutra Ayurveda: visit of Asha Menon with Dr Rao is now on Mon 23 Nov, 1:30 pm. Ref {row.reference}"
    ]
    of_old = [message for message in written() if f":{int(old.timestamp())}:" in message.dedupe_key]
    assert {message.status for message in of_old if message.kind.startswith("reminder")} == {"cancelled"}
    assert len([message for message in written("reminder_2h") if message.status == "queued"]) == 1


def test_a_move_undone_within_the_minute_is_never_told(patient: Patient, friday_morning: object) -> None:
    row = book(patient)
    told()
    move(row, timedelta(hours=2))
    move_back(row, timedelta(hours=2))
    friday_morning.shift(timedelta(minutes=5))  # type: ignore[attr-defined]
    assert told() == []
    waiting = [message for message in written() if message.status == "queued"]
    assert [message.kind for message in waiting] == ["reminder_24h", "reminder_2h", "reminder_30m"]
    assert {message.dedupe_key.split(":")[2] for message in waiting} == {str(int(row.starts.timestamp()))}


def test_a_booking_not_yet_told_is_told_after_an_undone_move(patient: Patient) -> None:
    row = book(patient)
    move(row, timedelta(hours=2))
    move_back(row, timedelta(hours=2))
    assert ["is booked for Mon 23 Nov, 11:30 am" in text for text in told()] == [True]


def test_an_undo_that_comes_after_the_message_is_told_too(patient: Patient, friday_morning: object) -> None:
    row = book(patient)
    told()
    move(row, timedelta(hours=2))
    friday_morning.shift(timedelta(seconds=64))  # type: ignore[attr-defined]
    assert ["1:30 pm" in text for text in told()] == [True]
    move_back(row, timedelta(hours=2))
    assert ["is now on Mon 23 Nov, 11:30 am" in text for text in told()] == [True]


def test_two_moves_in_a_row_are_told_as_one(patient: Patient, friday_morning: object) -> None:
    row = book(patient)
    told()
    move(row, timedelta(hours=2))
    move(row, timedelta(hours=1))
    friday_morning.shift(timedelta(minutes=2))  # type: ignore[attr-defined]
    assert ["2:30 pm" in text for text in told()] == [True]


def test_a_visit_moved_away_and_back_is_told_each_time(patient: Patient, friday_morning: object) -> None:
    row = book(patient)
    told()
    for by, clock_time in ((2, "1:30 pm"), (-2, "11:30 am"), (2, "1:30 pm")):
        move(row, timedelta(hours=by))
        friday_morning.shift(timedelta(minutes=2))  # type: ignore[attr-defined]
        assert [clock_time in text for text in told()] == [True]


def test_a_cancellation_is_told_and_nothing_stale_goes_out_after_it(
    patient: Patient, friday_morning: object
) -> None:
    row = book(patient)
    told()
    end(row)
    friday_morning.shift(timedelta(seconds=64))  # type: ignore[attr-defined]
    assert ["is cancelled" in text for text in told()] == [True]
    friday_morning.move_to(row.starts - timedelta(minutes=20))  # type: ignore[attr-defined]
    assert told() == []
    assert {message.status for message in written() if message.kind.startswith("reminder")} == {"cancelled"}


def test_a_cancellation_taken_back_in_time_is_never_told(patient: Patient, friday_morning: object) -> None:
    row = book(patient)
    told()
    end(row)
    take_back(row)
    friday_morning.shift(timedelta(minutes=5))  # type: ignore[attr-defined]
    assert told() == []
    assert len([message for message in written() if message.status == "queued"]) == 3


def test_a_cancellation_taken_back_later_is_told(patient: Patient, friday_morning: object) -> None:
    row = book(patient)
    told()
    end(row, undoable=False)
    assert len(told()) == 1
    take_back(row)
    assert ["is confirmed" in text for text in told()] == [True]


def test_steps_on_the_day_that_are_taken_back_say_nothing(patient: Patient) -> None:
    row = book(patient)
    told()
    with unit_of_work():
        row.status = "arrived"
    take_back(row)
    assert told() == []


def test_a_request_that_is_declined_is_told(patient: Patient) -> None:
    row = book(patient, status="pending")
    told()
    end(row, "rejected", undoable=False)
    assert ["cannot offer" in text for text in told()] == [True]


def test_not_telling_writes_nothing_but_reminders(patient: Patient) -> None:
    row = visit(patient)
    with unit_of_work():
        messages.booked(row, tell=False)
    move(row, timedelta(hours=1), tell=False)
    assert {message.kind for message in written()} == set(messages.REMINDERS)
    end(row, tell=False)
    assert {message.status for message in written()} == {"cancelled"}


def test_nobody_is_told_who_cannot_be_reached(patient: Patient) -> None:
    book(PatientFactory(name="No Phone", mobile=None))
    assert written() == []


def test_a_patient_with_e_mail_only_gets_reminders_by_e_mail(patient: Patient) -> None:
    book(PatientFactory(name="Mail Only", mobile=None, email="m@example.test"))
    assert {message.channel for message in written()} == {"email"}
    assert len(written()) == 4


def test_the_dead_are_not_written_to(patient: Patient) -> None:
    row = book(patient)
    row.patient.deceased = True
    db.session.commit()
    assert told() == []
    assert {message.why for message in written("appointment_booked")} == {"deceased"}


def test_what_changed_without_a_word_is_noticed_before_it_goes_out(patient: Patient) -> None:
    row = book(patient)
    row.during = Range(row.starts + timedelta(hours=1), row.ends + timedelta(hours=1), bounds="[)")
    db.session.commit()
    assert told() == []
    assert {message.why for message in written("appointment_booked")} == {"changed"}


def test_hindi_readers_get_hindi_with_their_facilitys_time(patient: Patient) -> None:
    patient.locale = "hi"
    book(patient)
    text = told()[0]
    assert "23" in text
    assert any("\u0900" <= char <= "\u097f" for char in text), text


def test_a_text_message_names_no_service_and_no_reason(patient: Patient) -> None:
    row = book(patient)
    row.purpose = "piles"
    db.session.commit()
    text = told()[0]
    assert "piles" not in text
    assert row.service.name not in text
    assert len(text) <= 160
