"""What Twilio reports: believed only with its signature, taken once, right in any order."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator

from clinic.notifications import sending
from tests.notifications.conftest import TWILIO, row
from tests.notifications.providers import FakeTwilio

Write = Callable[..., int]


@pytest.fixture
def report(app: Flask, by_twilio: FakeTwilio) -> Callable[..., int]:
    """``report(message_id, "delivered")`` as Twilio would send it; the answer's status."""
    client: FlaskClient = app.test_client()

    def send(message_id: int, status: str, *, attempt: int = 1, key: str = "", **fields: str) -> int:
        path = f"/webhooks/twilio/status?message={message_id}&attempt={attempt}"
        form = {"MessageSid": "SM1", "MessageStatus": status, **fields}
        validator = RequestValidator(key or TWILIO["twilio_auth_token"])
        signature = validator.compute_signature(f"http://localhost{path}", form)
        answer = client.post(path, data=form, headers={"X-Twilio-Signature": signature})
        return answer.status_code

    return send


def test_a_delivery_is_noted(report: Callable[..., int], write: Write) -> None:
    message_id = write()
    sending.send(message_id)
    assert report(message_id, "delivered") == 204
    assert row(message_id).status == "delivered"


def test_a_failure_is_noted_with_its_reason(report: Callable[..., int], write: Write) -> None:
    message_id = write()
    sending.send(message_id)
    assert report(message_id, "undelivered", ErrorCode="30003") == 204
    assert (row(message_id).status, row(message_id).why) == ("failed", "switched_off")


@pytest.mark.parametrize("order", list(permutations(["sent", "undelivered", "delivered"])))
def test_whatever_the_order_the_end_is_the_same(
    report: Callable[..., int], write: Write, order: tuple[str, ...]
) -> None:
    message_id = write()
    sending.send(message_id)
    for status in (*order, *order):
        report(message_id, status)
    assert row(message_id).status == "delivered"


@pytest.mark.parametrize(
    ("reported", "status"), [("sent", "sent"), ("delivered", "delivered"), ("failed", "failed")]
)
def test_a_report_settles_what_was_unknown(
    report: Callable[..., int], write: Write, by_twilio: FakeTwilio, reported: str, status: str
) -> None:
    by_twilio.answer = lambda _fields: "reset"
    message_id = write()
    assert sending.send(message_id) == "unknown"
    report(message_id, reported)
    assert row(message_id).status == status


def test_a_report_without_the_right_signature_is_turned_away(
    report: Callable[..., int], write: Write
) -> None:
    message_id = write()
    sending.send(message_id)
    assert report(message_id, "failed", key="somebody else's") == 403
    assert row(message_id).status == "sent"


def test_a_report_for_another_try_is_not_believed(report: Callable[..., int], write: Write) -> None:
    message_id = write()
    sending.send(message_id)
    assert report(message_id, "failed", attempt=2) == 204
    assert row(message_id).status == "sent"


@pytest.mark.parametrize("number", ["0", "99999999999999999999", "abc", "-1", "", "٣"])
def test_a_report_about_nothing_is_answered_calmly(report: Callable[..., int], number: str) -> None:
    assert report(number, "delivered") in (204, 403)


def test_without_twilio_nothing_is_believed(app: Flask) -> None:
    answer = app.test_client().post(
        "/webhooks/twilio/status?message=1&attempt=1", data={"MessageStatus": "failed"}
    )
    assert answer.status_code == 403
