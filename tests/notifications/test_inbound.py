"""What patients answer by text message, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from clinic.accounts.models import User
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.facilities.models import Facility
from clinic.notifications import inbound, preferences, sending, webhooks
from clinic.notifications.models import ConsoleMessage, InboundMessage, InboxItem, Meaning, Message
from clinic.patients.models import Patient
from clinic.scheduling import messages
from clinic.scheduling.models import Appointment
from clinic.scheduling.queries.coming import said_coming, said_not_coming
from tests.factories import FacilityFactory, PatientFactory, UserFactory, appointment, grant, practitioner_at

MOBILE = "+919845011723"
TOKEN = "inbound-token"
_sids = iter(range(10**6))

Text = Callable[..., int]


@pytest.fixture(autouse=True)
def still(app: Flask) -> Iterator[time_machine.Coordinates]:
    with time_machine.travel("2026-11-20T06:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def facility(app: Flask) -> Facility:
    return FacilityFactory(name="Sutra Ayurveda", phone="+918041230000")


@pytest.fixture
def desk(facility: Facility) -> User:
    return grant(UserFactory(), Role.RECEPTIONIST, facility=facility)


@pytest.fixture
def patient(facility: Facility) -> Patient:
    return PatientFactory(name="Asha Menon", mobile=MOBILE, facility_id=facility.id)


@pytest.fixture
def text(client: FlaskClient, with_settings: Callable[..., None]) -> Text:
    """A text message from a mobile, as Twilio brings it; the status of the answer."""
    with_settings(twilio_auth_token=TOKEN)

    def bring(body: str, *, mobile: str = MOBILE, sid: str = "", token: str = TOKEN, **more: str) -> int:
        fields = {"From": mobile, "Body": body, "MessageSid": sid or f"SM{next(_sids)}", **more}
        signature = RequestValidator(token).compute_signature(
            "http://localhost/webhooks/twilio/inbound", fields
        )
        answer = client.post(
            "/webhooks/twilio/inbound", data=fields, headers={"X-Twilio-Signature": signature}
        )
        return answer.status_code

    return bring


def asked(patient: Patient, *, days: int = 1) -> Appointment:
    """A visit the patient was asked about by text message a moment ago."""
    facility = db.session.scalars(select(Facility)).first()
    assert facility is not None
    starts = clock.now() + timedelta(days=days)
    row = appointment(patient, practitioner_at(facility, name=f"Dr Rao {patient.id} {days}"), starts)
    with unit_of_work():
        messages.booked(row, tell=True)
    for message_id in db.session.scalars(select(Message.id).where(Message.subject_id == row.id)).all():
        sending.send(message_id)
    return row


def replies() -> list[str]:
    """Send the answers that wait, and give the texts of all there were."""
    query = select(Message.id).where(Message.kind == "sms_reply", Message.status == "queued")
    for message_id in db.session.scalars(query).all():
        sending.send(message_id)
    shown = db.session.scalars(
        select(ConsoleMessage.body).where(ConsoleMessage.kind == "sms_reply").order_by(ConsoleMessage.id)
    )
    return list(shown)


def test_a_forged_stop_changes_nothing(text: Text, patient: Patient) -> None:
    assert text("STOP", token="somebody-elses") == 403
    assert not preferences.has_stopped(MOBILE)
    assert db.session.scalars(select(InboundMessage)).all() == []


def test_without_the_signature_a_forged_stop_would_work(
    text: Text, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_signed", lambda _settings: True)
    assert text("STOP", token="somebody-elses") == 204
    assert preferences.has_stopped(MOBILE)


@pytest.mark.parametrize("word", ["STOP", " stop. ", "Unsubscribe", "बंद", "बंद करें"])
def test_stop_ends_text_messages_but_not_codes_and_start_brings_them_back(
    text: Text, patient: Patient, word: str
) -> None:
    row = asked(patient)
    assert text(word) == 204
    assert [reply.split(":")[0] for reply in replies()] == ["Sutra Ayurveda"]
    reminders = select(Message).where(Message.subject_id == row.id, Message.kind == "reminder_30m")
    reminder = db.session.scalars(reminders).one()
    reminder.next_try_at = clock.now()
    code = Message(
        kind="one_time_code",
        channel="sms",
        locale="en",
        recipient_type="mobile",
        address=MOBILE,
        subject_type="one_time_code",
        dedupe_key="code:1",
        send_at=clock.now(),
        next_try_at=clock.now(),
    )
    db.session.add(code)
    db.session.commit()
    sending.send(reminder.id)
    sending.send(code.id)
    db.session.expire_all()
    assert (reminder.status, reminder.why) == ("cancelled", "unwanted")
    assert (code.status, code.why) == ("cancelled", "gone"), "it was stopped by nothing but its missing row"
    assert text("START") == 204
    assert not preferences.has_stopped(MOBILE)


def test_a_message_brought_twice_is_taken_once(text: Text, patient: Patient) -> None:
    asked(patient)
    assert [text("HELP", sid="SM1"), text("HELP", sid="SM1")] == [204, 204]
    assert len(replies()) == 1
    assert "080 4123 0000" in replies()[0]


@pytest.mark.parametrize("word", ["YES", "हाँ", "1", "ok!"])
def test_yes_says_that_the_patient_comes(text: Text, patient: Patient, word: str) -> None:
    row = asked(patient)
    assert text(word) == 204
    assert said_coming(row)
    assert "we expect you on Sat 21 Nov" in replies()[0]


def test_no_cancels_nothing_but_tells_the_desk_and_offers_the_link(
    text: Text, patient: Patient, desk: User, sign_in: Callable[..., FlaskClient]
) -> None:
    row = asked(patient)
    assert text("नहीं") == 204
    db.session.refresh(row)
    assert row.status == "confirmed"
    assert said_not_coming(row)
    assert "http://localhost/v/" in replies()[0]
    for message_id in db.session.scalars(select(Message.id).where(Message.channel == "in_app")).all():
        sending.send(message_id)
    item = db.session.scalars(select(InboxItem)).one()
    assert item.user_id == desk.id
    assert "Menon" not in item.title + item.body
    assert text("YES") == 204
    assert said_coming(row)
    assert not said_not_coming(row)


def test_the_last_question_decides_and_two_at_once_ask_to_call(
    text: Text, patient: Patient, facility: Facility, still: time_machine.Coordinates
) -> None:
    child = PatientFactory(name="Ravi Menon", mobile=MOBILE, facility_id=facility.id)
    first = asked(patient, days=2)
    second = asked(child, days=3)
    assert text("YES") == 204
    assert not said_coming(first)
    assert not said_coming(second)
    assert "which visit" in replies()[-1]
    kept = db.session.scalars(select(InboundMessage)).one()
    assert kept.done_at is None, "a person here has to look"
    still.shift(timedelta(hours=1))
    third = asked(patient, days=4)
    assert text("YES") == 204
    assert [said_coming(row) for row in (first, second, third)] == [False, False, True]


def test_a_strangers_yes_reaches_nobodys_visit(text: Text, patient: Patient) -> None:
    row = asked(patient)
    assert text("YES", mobile="+919845099999") == 204
    assert not said_coming(row)


def test_two_machines_never_go_on_answering_each_other(text: Text, patient: Patient) -> None:
    for _again in range(9):
        text("HELP")
    assert len(replies()) == inbound.PER_HOUR


def test_what_the_provider_answered_itself_is_not_answered_again(text: Text, patient: Patient) -> None:
    assert text("please stop these", OptOutType="STOP") == 204
    assert preferences.has_stopped(MOBILE)
    assert replies() == []


def test_anything_else_is_kept_for_people_and_not_answered(text: Text, patient: Patient) -> None:
    assert text("Can I come at 4 instead? 🙏") == 204
    row = db.session.scalars(select(InboundMessage)).one()
    assert (row.meaning, row.patient_id, row.done_at) == (Meaning.OTHER, patient.id, None)
    assert replies() == []


def test_the_desk_reads_what_was_not_understood_and_another_clinics_desk_does_not(
    text: Text, patient: Patient, desk: User, sign_in: Callable[..., FlaskClient]
) -> None:
    text("Can I come at 4 instead?")
    elsewhere = grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory())
    here, there = sign_in(desk), sign_in(elsewhere)
    row = db.session.scalars(select(InboundMessage)).one()
    shown = here.get("/messages/inbound").text
    assert "Can I come at 4 instead?" in shown
    assert "Asha Menon" in shown
    assert "Can I come" not in there.get("/messages/inbound").text
    assert there.post(f"/messages/inbound/{row.id}/done").status_code == 404
    assert here.post(f"/messages/inbound/{row.id}/done").status_code == 303
    assert "Can I come" not in here.get("/messages/inbound").text
    assert "Can I come" in here.get("/messages/inbound?all=1").text


def test_the_desk_chooses_at_the_patients_word_and_another_clinics_desk_cannot(
    patient: Patient, desk: User, sign_in: Callable[..., FlaskClient]
) -> None:
    elsewhere = grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory())
    here, there = sign_in(desk), sign_in(elsewhere)
    address = f"/patients/{patient.id}/choices"
    assert 'value="reminder_24h sms" checked' in here.get(address).text
    assert there.get(address).status_code == 404
    assert there.post(address).status_code == 404
    assert here.post(address, data={"quiet_from": "22:00"}).status_code == 422
    assert here.post(address, data={"want": ["reminder_24h email"]}).status_code == 303
    assert preferences.choices_of("patient", patient.id)["reminder_24h", "sms"] is False
    assert here.get("/account/messages").status_code == 200
    assert here.post("/account/messages", data={}).status_code == 303
    assert preferences.choices_of("user", desk.id) == {("staff_visit", "in_app"): False}
