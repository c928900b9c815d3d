"""E-mail over SMTP: what the server says decides, and no header can be slipped in."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable

import pytest
from flask import Flask

from clinic.config import Settings
from clinic.notifications.transports.outcome import Accepted, NotTaken, Outgoing, Refused, Unsure
from clinic.notifications.transports.smtp import compose, send_by_smtp
from clinic.notifications.wording import Why
from tests.notifications.providers import FakeMailServer, closed_port

MAIL = Outgoing(
    message_id=7,
    attempt=1,
    kind="appointment_booked",
    channel="email",
    address="asha@example.test",
    subject="Your visit",
    text="Hello\n.hidden dot\nनमस्ते\n",
    html="<p>Hello</p>",
)


@pytest.fixture
def settings(
    app: Flask, with_settings: Callable[..., None], mail_server: FakeMailServer
) -> Callable[[], Settings]:
    with_settings(email_transport="smtp", smtp_url=mail_server.url, mail_from="Sutra <hello@clinic.test>")
    return lambda: app.extensions["settings"]


def test_a_mail_arrives_whole(settings: Callable[[], Settings], mail_server: FakeMailServer) -> None:
    assert isinstance(send_by_smtp(MAIL, settings()), Accepted)
    mail = email.message_from_string(mail_server.mails[0], policy=email.policy.default)
    text = mail.get_body(("plain",))
    assert text is not None
    assert "नमस्ते" in text.get_content()
    assert ".hidden dot" in text.get_content()
    assert mail.get_body(("html",)) is not None
    assert mail["To"] == "asha@example.test"
    assert mail["From"] == "Sutra <hello@clinic.test>"


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        ({"RCPT": "550 no such person"}, Refused(Why.BAD_ADDRESS)),
        ({"RCPT": "450 come later"}, NotTaken(Why.PROVIDER_BUSY)),
        ({"DATA": "451 trouble"}, NotTaken(Why.PROVIDER_BUSY)),
        ({"DATA": "reset"}, NotTaken(Why.PROVIDER_AWAY)),
        ({".": "554 spam"}, Refused(Why.REFUSED)),
        ({".": "452 no room"}, NotTaken(Why.PROVIDER_BUSY)),
        ({".": "reset"}, Unsure(Why.BROKE_OFF)),
    ],
)
def test_the_servers_answer_decides(
    settings: Callable[[], Settings], mail_server: FakeMailServer, replies: dict[str, str], outcome: object
) -> None:
    mail_server.replies.update(replies)
    assert send_by_smtp(MAIL, settings()) == outcome


def test_a_server_that_is_away_is_tried_again(
    settings: Callable[[], Settings], with_settings: Callable[..., None]
) -> None:
    with_settings(smtp_url=f"smtp://127.0.0.1:{closed_port()}")
    assert send_by_smtp(MAIL, settings()) == NotTaken(Why.PROVIDER_AWAY)


@pytest.mark.parametrize(
    "field",
    [
        {"subject": "Visit\r\nBcc: all@example.test"},
        {"address": "asha@example.test\r\nBcc: all@example.test"},
        {"address": "asha@example.test, all@example.test"},
    ],
)
def test_no_header_can_be_slipped_in(
    settings: Callable[[], Settings], mail_server: FakeMailServer, field: dict[str, str]
) -> None:
    values = {name: getattr(MAIL, name) for name in MAIL.__dataclass_fields__}
    send_by_smtp(Outgoing(**{**values, **field}), settings())
    for text in mail_server.mails:
        mail = email.message_from_string(text, policy=email.policy.default)
        assert "Bcc" not in mail
        assert mail["To"] == "asha@example.test"


@pytest.mark.parametrize("address", ["", "nobody", "आशा@example.test", "a@b@c"])
def test_an_address_that_is_none_is_refused(settings: Callable[[], Settings], address: str) -> None:
    values = {name: getattr(MAIL, name) for name in MAIL.__dataclass_fields__}
    assert send_by_smtp(Outgoing(**{**values, "address": address}), settings()) == Refused(Why.BAD_ADDRESS)


def test_each_try_has_its_own_message_id(settings: Callable[[], Settings]) -> None:
    assert "<" in str(compose(MAIL, settings())["Message-ID"])
