"""One message, one try: what each answer of the provider makes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.notifications import sending, service, transports
from clinic.notifications.models import ConsoleMessage, Message, Status
from clinic.notifications.transports.outcome import Accepted, Outgoing
from clinic.notifications.wording import Why
from tests.notifications.conftest import row
from tests.notifications.providers import FakeTwilio, closed_port, refused

Write = Callable[..., int]


def make_due(message_id: int) -> None:
    with unit_of_work():
        db.session.execute(
            update(Message)
            .where(Message.id == message_id)
            .values(next_try_at=clock.now() - timedelta(seconds=1))
        )


def test_a_message_is_sent_once_however_often_it_is_asked_for(by_twilio: FakeTwilio, write: Write) -> None:
    message_id = write()
    assert [sending.send(message_id) for _again in range(3)] == ["sent", None, None]
    assert by_twilio.times("number 1") == 1
    sent = row(message_id)
    assert (sent.status, sent.attempts, sent.provider) == ("sent", 1, "twilio")
    assert sent.provider_id is not None
    assert sent.provider_id.startswith("SM")
    assert by_twilio.sent[0]["To"] == "+919845000001"
    assert by_twilio.sent[0]["StatusCallback"] == (
        f"http://localhost/webhooks/twilio/status?message={message_id}&attempt=1"
    )


def test_no_transaction_is_open_while_the_provider_is_asked(
    app: Flask, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def look(outgoing: Outgoing, _settings: object) -> Accepted:
        seen.append(db.session().in_transaction())
        return Accepted()

    monkeypatch.setattr(sending, "hand_over", look)
    assert sending.send(write()) == "sent"
    assert seen == [False]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (21211, Why.BAD_ADDRESS),
        (21610, Why.BLOCKED),
        (21614, Why.NOT_A_MOBILE),
        (99999, Why.REFUSED),
    ],
)
def test_a_refusal_is_final_at_once(by_twilio: FakeTwilio, write: Write, code: int, why: Why) -> None:
    by_twilio.answer = lambda _fields: refused(400, code)
    message_id = write()
    assert sending.send(message_id) == "failed"
    assert row(message_id).why == why
    make_due(message_id)
    assert sending.send(message_id) is None
    assert row(message_id).attempts == 1


@pytest.mark.parametrize(
    ("status", "why"), [(429, Why.PROVIDER_BUSY), (500, Why.PROVIDER_FAILED), (503, Why.PROVIDER_FAILED)]
)
def test_a_definite_fault_is_tried_again_later_and_later_then_has_failed(
    by_twilio: FakeTwilio, write: Write, status: int, why: Why
) -> None:
    by_twilio.answer = lambda _fields: refused(status, 20001)
    message_id = write()
    waits = []
    for _attempt in range(3):
        assert sending.send(message_id) == "queued"
        waits.append((row(message_id).next_try_at - clock.now()).total_seconds())
        assert sending.send(message_id) is None, "it is not due yet"
        make_due(message_id)
    assert [round(wait / 10) * 10 for wait in waits] == [30, 120, 600]
    assert sending.send(message_id) == "failed"
    assert row(message_id).why == why


def test_the_wait_the_provider_asks_for_is_kept(by_twilio: FakeTwilio, write: Write) -> None:
    by_twilio.answer = lambda _fields: refused(429, 20429, Retry_After="300")
    message_id = write()
    sending.send(message_id)
    assert 295 < (row(message_id).next_try_at - clock.now()).total_seconds() <= 300


def test_a_refused_connection_is_tried_again_and_then_arrives(
    by_twilio: FakeTwilio, write: Write, with_settings: Callable[..., None]
) -> None:
    with_settings(twilio_api_url=f"http://127.0.0.1:{closed_port()}")
    message_id = write()
    assert sending.send(message_id) == "queued"
    assert row(message_id).why == Why.PROVIDER_AWAY
    with_settings(twilio_api_url=by_twilio.url)
    make_due(message_id)
    assert sending.send(message_id) == "sent"
    assert row(message_id).why is None


def test_a_reset_after_the_request_is_unknown_and_never_sent_again(
    by_twilio: FakeTwilio, write: Write
) -> None:
    by_twilio.answer = lambda _fields: "reset"
    message_id = write()
    assert sending.send(message_id) == "unknown"
    make_due(message_id)
    assert sending.send(message_id) is None
    assert by_twilio.times("number 1") == 1
    assert row(message_id).why == Why.BROKE_OFF


def test_an_answer_that_does_not_come_is_unknown(
    by_twilio: FakeTwilio, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    by_twilio.after = lambda _fields: released.wait(5) and None
    monkeypatch.setattr(transports.twilio_sms, "ANSWER_SECONDS", 0.2)
    message_id = write()
    assert sending.send(message_id) == "unknown"
    released.set()
    assert row(message_id).why == Why.NO_ANSWER


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_knows_nothing_leaves_it_unknown(
    by_twilio: FakeTwilio, write: Write, status: int
) -> None:
    by_twilio.answer = lambda _fields: refused(status, 0)
    assert sending.send(write()) == "unknown"


def test_a_wrong_account_is_final_and_says_so(by_twilio: FakeTwilio, write: Write) -> None:
    by_twilio.answer = lambda _fields: refused(401, 20003)
    message_id = write()
    assert sending.send(message_id) == "failed"
    assert row(message_id).why == Why.SET_UP_WRONGLY


def test_what_is_too_old_is_never_sent(by_twilio: FakeTwilio, write: Write) -> None:
    now = clock.now()
    message_id = write(
        send_at=now - timedelta(minutes=11), expires_at=now - timedelta(minutes=1), secret="123456"
    )
    assert sending.send(message_id) is None
    expired = row(message_id)
    assert (expired.status, expired.why, expired.secret) == ("expired", Why.TOO_LATE, None)
    assert by_twilio.sent == []


def test_a_retry_that_would_come_too_late_fails_now(by_twilio: FakeTwilio, write: Write) -> None:
    by_twilio.answer = lambda _fields: refused(503, 20503)
    message_id = write(expires_at=clock.now() + timedelta(seconds=20))
    assert sending.send(message_id) == "failed"


def test_what_is_no_longer_wanted_stays_here(
    by_twilio: FakeTwilio, write: Write, notice: dict[int, str | None]
) -> None:
    message_id = write()
    notice[1] = Why.CHANGED
    assert sending.send(message_id) is None
    stale = row(message_id)
    assert (stale.status, stale.why) == ("cancelled", Why.CHANGED)
    assert by_twilio.sent == []


def test_a_message_withdrawn_while_it_is_prepared_stays_here(
    by_twilio: FakeTwilio, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = write()
    real = sending.render

    def withdraw_then_render(*arguments: object, **named: object) -> Outgoing:
        service.withdraw(subject_type="notice", subject_id=1)
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(sending, "render", withdraw_then_render)
    assert sending.send(message_id) is None
    assert row(message_id).status == "cancelled"
    assert by_twilio.sent == []


def test_the_secret_is_gone_once_it_was_used(app: Flask, write: Write) -> None:
    message_id = write(secret="481516")
    assert "481516" not in (row(message_id).secret or "481516")
    sending.send(message_id)
    assert row(message_id).secret is None


def test_a_text_that_cannot_be_written_is_shown_as_failed_in_the_end(
    app: Flask, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object, **_named: object) -> Outgoing:
        raise KeyError("template")

    monkeypatch.setattr(sending, "render", broken)
    message_id = write()
    for _attempt in range(3):
        assert sending.send(message_id) == "queued"
        make_due(message_id)
    assert sending.send(message_id) == "failed"
    assert row(message_id).why == Why.NOT_PREPARED


def test_nobody_to_send_it_to_is_a_failure_with_that_reason(app: Flask, write: Write) -> None:
    message_id = write(address=None)
    sending.send(message_id)
    failed = row(message_id)
    assert (failed.status, failed.why) == ("failed", Why.NO_ADDRESS)


def test_the_console_keeps_what_it_shows(app: Flask, write: Write) -> None:
    sending.send(write())
    shown = db.session.query(ConsoleMessage).one()
    assert "number 1" in shown.body
    assert shown.address == "+919845000001"


def test_an_answer_after_the_report_changes_nothing(app: Flask, write: Write) -> None:
    message_id = write()

    claim = sending._claim(message_id)
    assert claim is not None
    assert sending._prepare(claim) is not None
    with unit_of_work():
        service.settle(message_id, attempt=1, status=Status.DELIVERED, provider_id="SMx")
    assert sending._close(claim, Accepted("SMx")) is None
    assert row(message_id).status == "delivered"
