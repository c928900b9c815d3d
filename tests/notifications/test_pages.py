"""The list of messages for staff, and the page that shows what development does not send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from clinic.audit.models import AuditEvent
from clinic.config import Environment
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.facilities.models import Facility
from clinic.notifications import sending, service
from clinic.notifications.models import Message
from clinic.notifications.queries import failed_count, recent_failures
from tests.factories import FacilityFactory, PatientFactory, UserFactory, appointment, grant, practitioner_at
from tests.notifications.conftest import row
from tests.notifications.providers import FakeTwilio, refused


@pytest.fixture
def facility(app: Flask) -> Facility:
    return FacilityFactory()


@pytest.fixture
def reception(facility: Facility, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=facility))


def visit_message(facility: Facility, *, name: str = "Asha Menon", **values: object) -> int:
    patient = PatientFactory(name=name, mobile="+919845011723", facility_id=facility.id)
    visit = appointment(patient, practitioner_at(facility), clock.now() + timedelta(days=3))
    given: dict[str, object] = {
        "kind": "appointment_booked",
        "channel": "sms",
        "recipient_type": "patient",
        "recipient_id": patient.id,
        "patient_id": patient.id,
        "subject_type": "appointment",
        "subject_id": visit.id,
        "facility_id": facility.id,
        "locale": "en",
        "dedupe_key": f"appointment_booked:{visit.id}:{int(visit.starts.timestamp())}:1:sms",
        **values,
    }
    with unit_of_work():
        message_id = service.queue_message(**given)  # type: ignore[arg-type]
    assert message_id is not None
    return message_id


def becomes(message_id: int, status: str, why: str | None = None) -> None:
    with unit_of_work() as session:
        final = status not in ("queued", "sending")
        values = {"status": status, "why": why, "finished_at": clock.now() if final else None, "attempts": 1}
        session.execute(update(Message).where(Message.id == message_id).values(**values))


def test_what_did_not_arrive_is_shown_first_with_its_reason(
    reception: FlaskClient, facility: Facility
) -> None:
    becomes(visit_message(facility), "failed", "switched_off")
    becomes(visit_message(facility, name="Somebody Fine"), "delivered")
    page = reception.get("/messages").text
    assert "Asha Menon" in page
    assert "1723" in page
    assert "845011723" not in page
    assert "switched off" in page
    assert "Somebody Fine" not in page
    assert "Somebody Fine" in reception.get("/messages?show=sent").text


def test_reading_the_list_leaves_a_trace(reception: FlaskClient, facility: Facility) -> None:
    message_id = visit_message(facility)
    reception.get("/messages?show=waiting")
    events = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "message.listed")).all()
    assert [event.detail for event in events] == [{"show": "waiting", "ids": [message_id]}]
    reception.get("/messages?show=waiting", headers={"Sutra-Refresh": "timer"})
    assert len(db.session.scalars(select(AuditEvent).where(AuditEvent.action == "message.listed")).all()) == 1


def test_a_failed_message_is_tried_again(
    reception: FlaskClient, facility: Facility, by_twilio: FakeTwilio
) -> None:
    by_twilio.answer = lambda _fields: refused(400, 21211)
    message_id = visit_message(facility)
    assert sending.send(message_id) == "failed"
    answer = reception.post(f"/messages/{message_id}/retry")
    assert answer.status_code == 303
    assert row(message_id).status == "queued"
    by_twilio.answer = type(by_twilio)().answer
    assert sending.send(message_id) == "sent"


def test_an_unknown_message_goes_again_only_when_somebody_says_so(
    reception: FlaskClient, facility: Facility
) -> None:
    message_id = visit_message(facility)
    becomes(message_id, "unknown", "no_answer")
    answer = reception.post(f"/messages/{message_id}/retry", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "may have arrived" in answer.text
    assert row(message_id).status == "unknown"
    answer = reception.post(
        f"/messages/{message_id}/retry", data={"although_unknown": "yes"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<li")
    assert row(message_id).status == "queued"


@pytest.mark.parametrize("status", ["sent", "delivered", "cancelled", "expired"])
def test_what_is_settled_is_not_sent_again(reception: FlaskClient, facility: Facility, status: str) -> None:
    message_id = visit_message(facility)
    becomes(message_id, status)
    reception.post(f"/messages/{message_id}/retry", data={"although_unknown": "yes"})
    assert row(message_id).status == status


def test_a_code_is_not_sent_again(reception: FlaskClient, app: Flask) -> None:
    with unit_of_work():
        message_id = service.queue_message(
            kind="one_time_code",
            channel="sms",
            recipient_type="mobile",
            address="+919845011723",
            subject_type="one_time_code",
            locale="en",
            dedupe_key="code:1",
            secret="123456",
        )
    assert message_id is not None
    sending.send(message_id)
    becomes(message_id, "failed", "switched_off")
    answer = reception.post(f"/messages/{message_id}/retry", headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert row(message_id).status == "failed"


def test_a_waiting_message_can_be_stopped(reception: FlaskClient, facility: Facility) -> None:
    message_id = visit_message(facility)
    assert reception.post(f"/messages/{message_id}/stop").status_code == 303
    assert (row(message_id).status, row(message_id).why) == ("cancelled", "stopped")
    assert sending.send(message_id) is None


def test_another_facilitys_messages_do_not_exist(reception: FlaskClient, facility: Facility) -> None:
    elsewhere = FacilityFactory()
    message_id = visit_message(elsewhere)
    becomes(message_id, "failed", "switched_off")
    assert "Asha Menon" not in reception.get("/messages?show=all").text
    for number in (message_id, 2**62):
        assert reception.post(f"/messages/{number}/retry").status_code == 404
    assert row(message_id).status == "failed"


def test_an_administrator_sees_fates_without_patients(
    facility: Facility, sign_in: Callable[..., FlaskClient]
) -> None:
    becomes(visit_message(facility), "failed", "switched_off")
    page = sign_in(grant(UserFactory(), Role.ADMIN)).get("/messages").text
    assert "switched off" in page
    assert "Asha Menon" not in page
    assert "1723" not in page


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.THERAPIST])
def test_it_is_the_front_desks_page(
    facility: Facility, sign_in: Callable[..., FlaskClient], role: Role
) -> None:
    assert sign_in(grant(UserFactory(), role, facility=facility)).get("/messages").status_code == 403


@pytest.mark.parametrize("before", ["-1", "abc", "1e9", "9" * 40, "1-", "-", "99999999999999999-1", "\x00"])
def test_a_silly_key_gives_a_page(reception: FlaskClient, before: str) -> None:
    assert reception.get("/messages", query_string={"before": before, "show": "nonsense"}).status_code == 200


def test_the_list_goes_on_by_key(reception: FlaskClient, facility: Facility) -> None:
    ids = [visit_message(facility, name=f"Number {number:02d} End") for number in range(32)]
    for message_id in ids:
        becomes(message_id, "failed", "switched_off")
    first = reception.get("/messages").text
    link = first.split('class="link-btn more-rows"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    second = reception.get(link).text
    shown = [number for number in range(32) if f"Number {number:02d} End" in first]
    rest = [number for number in range(32) if f"Number {number:02d} End" in second]
    assert sorted(shown + rest) == list(range(32))
    assert len(shown) == 30


def test_the_list_takes_few_statements(
    reception: FlaskClient, facility: Facility, count_statements: Callable[[], list[str]]
) -> None:
    for number in range(10):
        becomes(visit_message(facility, name=f"Number {number}"), "failed", "switched_off")
    count_statements()
    reception.get("/messages")
    reading = [text for text in count_statements() if text.lstrip().upper().startswith("SELECT")]
    assert len(reading) <= 8, reading


def test_the_count_for_the_board_knows_its_facility(facility: Facility) -> None:
    becomes(visit_message(facility), "failed", "switched_off")
    becomes(visit_message(FacilityFactory()), "unknown", "no_answer")
    becomes(visit_message(facility), "delivered")
    assert failed_count(facility.id) == 1
    assert [failure.label for failure in recent_failures(facility.id)] == ["Visit booked"]


def test_the_console_page_shows_codes_so_that_people_can_sign_in(
    app: Flask, client: FlaskClient, facility: Facility
) -> None:
    sending.send(visit_message(facility))
    assert "is booked for" in client.get("/dev/messages").text
    [first, *_rest] = client.get("/dev/messages.json").get_json()
    assert (first["kind"], first["channel"], first["to"]) == ("appointment_booked", "sms", "+919845011723")
    assert "Asha Menon" in first["text"]


def test_there_is_no_console_page_in_production() -> None:
    from clinic.app import create_app
    from tests.conftest import make_settings

    production = {
        "SUTRA_ENV": str(Environment.PRODUCTION),
        "PUBLIC_URL": "https://clinic.example",
        "SMS_TRANSPORT": "twilio",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "t",
        "TWILIO_FROM": "+15005550006",
        "EMAIL_TRANSPORT": "smtp",
        "SMTP_URL": "smtp://localhost",
        "MAIL_FROM": "a@clinic.example",
    }
    app = create_app(make_settings("postgres", **production))
    assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/dev")]
