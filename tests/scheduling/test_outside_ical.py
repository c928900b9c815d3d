"""Entries of calendars outside: what stands in them, in any script, and the same one again after a change."""

from __future__ import annotations

import dataclasses
import email
import email.policy
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event
from sqlalchemy import select

from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.core.text import clean
from clinic.facilities.models import Facility
from clinic.notifications import sending
from clinic.notifications.models import Message
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling import ical, messages, service
from clinic.scheduling.models import Appointment
from clinic.scheduling.service import events
from tests.factories import FacilityFactory, PatientFactory, appointment, practitioner_at
from tests.notifications.providers import FakeMailServer, fake_mail_server

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
NASTY = (
    'Sutra, Ayurveda; “quoted” "twice" \\n and \\',
    "शिरोधारा, मीनाक्षी; अय्यर " * 8,
    "two\nlines\r\nof it",
    "BEGIN:VEVENT\r\nATTENDEE:mailto:all@example.test\r\nEND:VEVENT",
    "x" * 300,
    "👩🏽‍⚕️" * 40,
    ":;,=\"'",
)


@pytest.fixture(autouse=True)
def friday_morning(app: Flask) -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def facility(app: Flask) -> Facility:
    return FacilityFactory(name="Sutra Ayurveda", line="14 Lake Road", city="Bengaluru")


@pytest.fixture
def vaidya(facility: Facility) -> Practitioner:
    return practitioner_at(facility, name="Dr Vaidehi Kulkarni")


@pytest.fixture
def patient(facility: Facility) -> Patient:
    return PatientFactory(name="Asha Menon", mobile=None, email="asha@example.test", facility_id=facility.id)


@pytest.fixture
def visit(patient: Patient, vaidya: Practitioner) -> Appointment:
    return appointment(patient, vaidya, NOW + timedelta(days=3))


def only_entry(data: bytes) -> Event:
    """The one entry of a calendar; its lines are folded and end as the rule says."""
    assert data.endswith(b"\r\n")
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        assert b"\n" not in line
        line.decode()  # never broken inside a letter
    [entry] = Calendar.from_ical(data).walk("VEVENT")
    return entry


def test_an_entry_of_a_visit(visit: Appointment) -> None:
    data = ical.of_patient(visit, locale="en")
    calendar = Calendar.from_ical(data)
    assert (calendar["method"], calendar["version"]) == ("PUBLISH", "2.0")
    entry = only_entry(data)
    assert entry["uid"] == f"{visit.reference}@localhost"
    assert entry["sequence"] == 1
    assert entry.decoded("dtstart") == visit.starts
    assert entry.decoded("dtend") == visit.ends
    assert b"DTSTART:20261123T060000Z\r\n" in data
    assert entry["status"] == "CONFIRMED"
    assert entry["summary"] == "Visit with Dr Vaidehi Kulkarni"
    assert entry["location"] == "Sutra Ayurveda, 14 Lake Road, Bengaluru"
    assert f"/portal/visits/{visit.reference}" in entry["description"]
    assert "Asha" not in data.decode()
    assert visit.service.name not in data.decode()


@pytest.mark.parametrize("text", NASTY)
def test_no_text_breaks_out_of_its_line(visit: Appointment, text: str) -> None:
    visit.practitioner.name = visit.facility.name = visit.facility.line = text
    data = ical.of_patient(visit, locale="en")
    entry = only_entry(data)
    assert [str(name) for name in entry if str(name) == "ATTENDEE"] == []
    assert entry["summary"] == "Visit with " + text.replace("\r\n", "\n")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_any_text_is_read_back_as_it_was(visit: Appointment, text: str) -> None:
    with db.session.no_autoflush:
        visit.practitioner.name = text
        assert only_entry(ical.of_patient(visit, locale="en"))["summary"] == f"Visit with {text}"


def test_the_same_entry_comes_again_with_a_higher_sequence(visit: Appointment) -> None:
    first = only_entry(ical.of_patient(visit, locale="en"))
    visit.version += 1
    db.session.flush()
    again = only_entry(ical.of_patient(visit, locale="en"))
    assert again["uid"] == first["uid"]
    assert again["sequence"] == first["sequence"] + 1


@pytest.mark.parametrize(
    ("status", "shown", "method"),
    [
        ("pending", "TENTATIVE", "PUBLISH"),
        ("confirmed", "CONFIRMED", "PUBLISH"),
        ("in_progress", "CONFIRMED", "PUBLISH"),
        ("completed", "CONFIRMED", "PUBLISH"),
        ("cancelled", "CANCELLED", "CANCEL"),
        ("rejected", "CANCELLED", "CANCEL"),
        ("no_show", "CANCELLED", "CANCEL"),
    ],
)
def test_the_state_of_a_visit(
    patient: Patient, vaidya: Practitioner, status: str, shown: str, method: str
) -> None:
    row = appointment(patient, vaidya, NOW + timedelta(days=1), status=status)
    data = ical.of_patient(row, locale="en")
    assert only_entry(data)["status"] == shown
    assert Calendar.from_ical(data)["method"] == method
    assert ical.attachment(row, locale="en").parameters == {"charset": "utf-8", "method": method}


def test_an_online_visit_says_where_to_find_the_link_and_not_the_link(visit: Appointment) -> None:
    visit.mode = "online"
    visit.meeting_url = "https://meet.example.org/secret-room"
    text = ical.of_patient(visit, locale="en").decode().replace("\r\n ", "")
    assert "LOCATION:Online" in text
    assert "from 15 minutes before" in text
    assert "secret-room" not in text
    assert "meet.example.org" not in text


@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [((2027, 3, 27), 9), ((2027, 3, 28), 8), ((2027, 10, 30), 8), ((2027, 10, 31), 9)],
)
def test_nine_in_london_is_nine_there_in_summer_and_in_winter(
    facility: Facility, patient: Patient, vaidya: Practitioner, day: tuple[int, int, int], utc_hour: int
) -> None:
    facility.zone = "Europe/London"
    nine = clock.at(date(*day), time(9), facility.zone)
    entry = only_entry(ical.of_patient(appointment(patient, vaidya, nine), locale="en"))
    starts = entry.decoded("dtstart")
    assert starts.utcoffset() == timedelta(0)
    assert starts.hour == utc_hour
    assert starts.astimezone(clock.zone("Europe/London")).hour == 9


def test_the_feeds_calendar_says_how_often_to_ask(visit: Appointment) -> None:
    changed = NOW - timedelta(days=1)
    away = ical.Away(id=7, starts=NOW, ends=NOW + timedelta(hours=2), changed_at=changed)
    data = ical.feed(
        "Dr Rao, M.D.",
        [ical.as_feed_visit(visit, changed_at=changed)],
        [away],
        locale="en",
        with_initials=False,
    )
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in data
    assert b"X-PUBLISHED-TTL:PT1H\r\n" in data
    calendar = Calendar.from_ical(data)
    assert calendar["x-wr-calname"] == "Dr Rao, M.D."
    entry, block = calendar.walk("VEVENT")
    assert entry["summary"] == f"Consultation, {visit.reference}"
    assert entry.decoded("last-modified") == changed
    assert (block["summary"], block["uid"], block["transp"]) == ("Away", "time-off-7@localhost", "OPAQUE")


def test_initials_stand_in_the_feed_only_when_they_were_chosen(visit: Appointment) -> None:
    rows = [ical.as_feed_visit(visit, changed_at=NOW)]
    bare = ical.feed("x", rows, [], locale="en", with_initials=False).decode()
    chosen = ical.feed("x", rows, [], locale="en", with_initials=True).decode()
    assert "A. M." not in bare
    assert "A. M." in chosen
    assert "Asha" not in chosen


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
)
def test_any_text_in_a_feed_is_read_back_as_it_was(visit: Appointment, text: str) -> None:
    with db.session.no_autoflush:
        visit.service.name = visit.facility.name = text
        row = ical.as_feed_visit(visit, changed_at=NOW)
    entry = only_entry(ical.feed("x", [row], [], locale="en", with_initials=False))
    assert entry["summary"] == clean(", ".join(word for word in (text, visit.reference) if word))
    assert str(entry["location"]).startswith(clean(text))
    assert (entry["status"], entry["uid"]) == ("CONFIRMED", f"{visit.reference}@localhost")


def test_both_ways_of_writing_agree(visit: Appointment) -> None:
    row = ical.as_feed_visit(visit, changed_at=NOW)
    of_feed = only_entry(ical.feed("x", [row], [], locale="en", with_initials=False))
    of_mail = only_entry(ical.of_patient(visit, locale="en"))
    for name in ("uid", "sequence", "status", "class", "location", "dtstart", "dtend"):
        assert of_feed.decoded(name) == of_mail.decoded(name)


# With mails


@pytest.fixture
def mail_server(app: Flask) -> object:
    before = app.extensions["settings"]
    with fake_mail_server() as server:
        app.extensions["settings"] = dataclasses.replace(
            before, email_transport="smtp", smtp_url=server.url, mail_from="Sutra <hello@clinic.test>"
        )
        yield server
    app.extensions["settings"] = before


def sent(server: FakeMailServer) -> list[tuple[str, Event | None, str]]:
    """Send what is due: for each mail its subject, the entry it carries, and how that is declared."""
    server.mails.clear()
    for message_id in db.session.scalars(select(Message.id).order_by(Message.id)).all():
        sending.send(message_id)
    found = []
    for text in server.mails:
        mail = email.message_from_string(text, policy=email.policy.default)
        files = list(mail.iter_attachments())
        assert all(part.get_filename() == "visit.ics" for part in files)
        entry = only_entry(files[0].get_payload(decode=True)) if files else None
        found.append((str(mail["Subject"]), entry, str(files[0]["Content-Type"]) if files else ""))
    return found


def tell(row: Appointment, kind: str, write: Callable[[], None]) -> None:
    with unit_of_work():
        events.write(SYSTEM, row, kind)
        write()


def test_mails_about_a_visit_carry_it_and_take_it_back(
    visit: Appointment, mail_server: FakeMailServer, friday_morning: object
) -> None:
    tell(visit, "booked", lambda: messages.booked(visit, tell=True))
    [(subject, entry, declared)] = sent(mail_server)
    assert entry is not None
    assert "Your visit on" in subject
    assert 'charset="utf-8"' in declared
    assert 'method="PUBLISH"' in declared
    assert declared.startswith("text/calendar")
    first = (entry["uid"], entry["sequence"])
    with unit_of_work():
        service.cancel(SYSTEM, visit)
    [(subject, entry, declared)] = sent(mail_server)
    assert entry is not None
    assert "cancelled" in subject
    assert 'method="CANCEL"' in declared
    assert entry["status"] == "CANCELLED"
    assert entry["uid"] == first[0]
    assert entry["sequence"] > first[1]


def test_a_request_carries_no_entry_until_it_is_confirmed(
    patient: Patient, vaidya: Practitioner, mail_server: FakeMailServer
) -> None:
    row = appointment(patient, vaidya, NOW + timedelta(days=3), status="pending")
    tell(row, "booked", lambda: messages.booked(row, tell=True))
    [(_subject, entry, _declared)] = sent(mail_server)
    assert entry is None
    with unit_of_work():
        service.confirm(SYSTEM, row)
    [(subject, entry, _declared)] = sent(mail_server)
    assert "is confirmed" in subject
    assert entry is not None
    assert entry["status"] == "CONFIRMED"


def test_what_is_sent_later_carries_the_visit_as_it_is_then(
    visit: Appointment, mail_server: FakeMailServer
) -> None:
    tell(visit, "booked", lambda: messages.booked(visit, tell=True))
    visit.version = 4
    db.session.commit()
    [(_subject, entry, _declared)] = sent(mail_server)
    assert entry is not None
    assert entry["sequence"] == 4


def test_reminders_carry_nothing(
    visit: Appointment, mail_server: FakeMailServer, friday_morning: object
) -> None:
    tell(visit, "booked", lambda: messages.booked(visit, tell=True))
    sent(mail_server)
    friday_morning.move_to(visit.starts - timedelta(hours=24))  # type: ignore[attr-defined]
    [(subject, entry, _declared)] = sent(mail_server)
    assert "Reminder" in subject
    assert entry is None


def test_an_entry_for_a_hindi_reader_is_in_hindi_letters_or_not_but_whole(visit: Appointment) -> None:
    entry = only_entry(ical.of_patient(visit, locale="hi"))
    assert "Dr Vaidehi Kulkarni" in entry["summary"]
