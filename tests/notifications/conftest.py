"""Stand-ins for the providers, and messages of a kind of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.notifications import registry, service, waits
from clinic.notifications.models import Message
from clinic.notifications.registry import Content, MessageKind
from tests.notifications.providers import FakeMailServer, FakeTwilio, fake_mail_server, fake_twilio

TWILIO = {"twilio_account_sid": "AC1", "twilio_auth_token": "twilio-token", "twilio_from": "+15005550006"}


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with fake_twilio() as server:
        yield server


@pytest.fixture
def mail_server() -> Iterator[FakeMailServer]:
    with fake_mail_server() as server:
        yield server


@pytest.fixture(autouse=True)
def whole_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait between two tries is as long as it can be."""
    monkeypatch.setattr(waits.chance, "random", lambda: 1.0)


@pytest.fixture
def with_settings(app: Flask) -> Iterator[Callable[..., None]]:
    """Change settings of the application for one test."""
    before = app.extensions["settings"]

    def change(**values: Any) -> None:
        app.extensions["settings"] = dataclasses.replace(app.extensions["settings"], **values)

    yield change
    app.extensions["settings"] = before


@pytest.fixture
def by_twilio(with_settings: Callable[..., None], twilio: FakeTwilio) -> FakeTwilio:
    """Text messages go to the stand-in."""
    with_settings(sms_transport="twilio", twilio_api_url=twilio.url, **TWILIO)
    return twilio


@pytest.fixture
def notice(monkeypatch: pytest.MonkeyPatch) -> dict[int, str | None]:
    """A kind of message for tests, ``notice``: still wanted unless this says why not, by the subject's id."""
    unwanted: dict[int, str | None] = {}
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    registry.register(
        MessageKind(
            name="notice",
            label="Notice",
            load=lambda messages: {
                message.id: Content(
                    address=message.address,
                    values={
                        "clinic": "Clinic",
                        "patient": f"number {message.subject_id}",
                        "practitioner": "Dr Rao",
                        "starts": clock.now(),
                        "reference": "R1",
                        "waits": False,
                    },
                )
                for message in messages
            },
            still_wanted=lambda message, _content: unwanted.get(message.subject_id or 0),
            template="appointment_booked",
        )
    )
    return unwanted


@pytest.fixture
def write(notice: dict[int, str | None]) -> Callable[..., int]:
    """Write a notice and commit it; its id."""

    def written(number: int = 1, **values: Any) -> int:
        given = {
            "kind": "notice",
            "channel": "sms",
            "recipient_type": "mobile",
            "address": "+919845000001",
            "subject_type": "notice",
            "subject_id": number,
            "locale": "en",
            "dedupe_key": f"notice:{number}",
            **values,
        }
        with unit_of_work():
            message_id = service.queue_message(**given)
        assert message_id is not None
        return message_id

    return written


def row(message_id: int) -> Message:
    """The row as it is in the database now."""
    db.session.rollback()
    return db.session.get_one(Message, message_id, populate_existing=True)
