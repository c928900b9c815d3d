"""Order, the second provider, and the day's money."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from clinic.config import ConfigurationError, Settings, SmsAccount
from clinic.core import clock, queue
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.notifications import alarms, provider_health, registry, sending, spending, sweep, waits
from clinic.notifications.models import Message, Priority, SmsDay
from clinic.notifications.registry import Category
from clinic.notifications.transports.outcome import Outcome, Outgoing
from clinic.notifications.wording import Why
from tests.conftest import make_settings
from tests.factories import FacilityFactory, UserFactory, grant
from tests.notifications.conftest import row
from tests.notifications.providers import (
    FakeMailServer,
    FakeTwilio,
    accepted,
    closed_port,
    fake_mail_server,
    fake_twilio,
    refused,
)
from tests.notifications.test_sending import make_due

Write = Callable[..., int]
Change = Callable[..., None]


@pytest.fixture
def second(by_twilio: FakeTwilio, with_settings: Change) -> object:
    """Another account that text messages may go through."""
    with fake_twilio() as server:
        other = SmsAccount(sid="AC2", token="second-token", sender="+15005550007", api_url=server.url)
        with_settings(sms_fallback=other)
        yield server


# Waits


def test_waits_are_spread_over_the_second_half_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    shortest, longest = [], []
    for value, found in ((0.0, shortest), (1.0, longest)):
        monkeypatch.setattr(waits.chance, "random", lambda value=value: value)
        found.extend(waits.wait_after(number, priority=Priority.CODE) for number in (1, 2, 3, 4))
    assert longest == [*waits.CODE_WAITS, None]
    assert shortest == [*(wait / 2 for wait in waits.CODE_WAITS), None]


# Order


def test_codes_go_before_changes_before_reminders_before_broadcasts(
    by_twilio: FakeTwilio, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the broadcast has been due for longest."""
    monkeypatch.setattr(queue, "enqueue", lambda *_names, **_options: False)
    monkeypatch.setattr(queue, "is_up", lambda: False)
    for number, priority in enumerate((3, 3, 2, 1, 0), start=1):
        long_ago = clock.now() - timedelta(minutes=10 - number)
        write(number, priority=Priority(priority), send_at=long_ago)

    real = sending.hand_over

    def a_code_is_asked_for(outgoing: Outgoing, settings: Settings) -> Outcome:
        if "number 4" in outgoing.text:
            write(9, priority=Priority.CODE)
        return real(outgoing, settings)

    monkeypatch.setattr(sending, "hand_over", a_code_is_asked_for)
    assert sweep.send_overdue() == 6
    sent = [fields["Body"].split("number ")[1][0] for fields in by_twilio.sent]
    assert sent == ["5", "4", "9", "3", "1", "2"], "a code written meanwhile goes next"


def test_each_priority_has_a_queue_and_codes_a_worker_that_broadcasts_never_hold_up(
    app: Flask, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        queue, "enqueue", lambda _task, _id, *, priority, **_options: asked.append(priority) or True
    )
    for number, priority in enumerate(Priority, start=1):
        write(number, priority=priority)
    assert asked == [queue.HIGH, queue.DEFAULT, queue.LOW, queue.BULK]
    lane = next(lane for lane in queue.LANES if queue.HIGH in lane)
    assert (lane[0], queue.BULK in lane) == (queue.HIGH, False)


def test_the_kind_says_how_soon_a_message_goes(
    app: Flask, notice: dict[int, str | None], write: Write
) -> None:
    kind = registry._kinds["notice"]
    found = []
    for number, category in enumerate(Category, start=1):
        registry.register(registry.MessageKind(name="notice", label="", load=kind.load, category=category))
        found.append(row(write(number)).priority)
    assert dict(zip(Category, found, strict=True)) == {
        Category.SECURITY: 0,
        Category.LEGAL: 1,
        Category.SAFETY: 1,
        Category.VISIT: 1,
        Category.REMINDER: 2,
        Category.OFFER: 1,
        Category.NEWS: 3,
    }


# A second provider


@pytest.mark.parametrize("answer", [(429, 20429), (500, 20500), (503, 20503), (401, 20003)])
def test_what_one_provider_surely_did_not_take_goes_through_the_other_at_once(
    by_twilio: FakeTwilio, second: FakeTwilio, write: Write, answer: tuple[int, int]
) -> None:
    by_twilio.answer = lambda _fields: refused(*answer)
    message_id = write()
    assert sending.send(message_id) == "sent"
    assert (by_twilio.times("number 1"), second.times("number 1")) == (0, 1)
    sent = row(message_id)
    assert (sent.provider, sent.attempts, sent.tries, sent.why) == ("twilio_2", 2, 2, None)
    assert (second.sent[0]["From"], second.sent[0]["To"]) == ("+15005550007", "+919845000001")


def test_a_provider_that_cannot_be_reached_is_a_definite_failure(
    by_twilio: FakeTwilio, second: FakeTwilio, write: Write, with_settings: Change
) -> None:
    with_settings(twilio_api_url=f"http://127.0.0.1:{closed_port()}")
    assert sending.send(write()) == "sent"
    assert second.times("number 1") == 1


@pytest.mark.parametrize("answer", ["reset", (502, {}, {}), (504, {}, {})])
def test_what_may_have_gone_out_never_goes_through_the_other(
    by_twilio: FakeTwilio, second: FakeTwilio, write: Write, answer: object
) -> None:
    by_twilio.answer = lambda _fields: answer
    message_id = write()
    assert sending.send(message_id) == "unknown"
    make_due(message_id)
    assert sending.send(message_id) is None
    assert second.sent == []
    assert row(message_id).provider == "twilio"


def test_a_refusal_of_the_number_is_not_tried_elsewhere(
    by_twilio: FakeTwilio, second: FakeTwilio, write: Write
) -> None:
    by_twilio.answer = lambda _fields: refused(400, 21211)
    assert sending.send(write()) == "failed"
    assert second.sent == []


def test_when_both_fail_it_waits_and_both_are_asked_again_until_it_has_failed(
    by_twilio: FakeTwilio, second: FakeTwilio, write: Write
) -> None:
    by_twilio.answer = second.answer = lambda _fields: refused(503, 20503)
    asked: list[str] = []
    by_twilio.before = lambda _fields: asked.append("first")
    second.before = lambda _fields: asked.append("second")
    message_id, found = write(), []
    for _round in range(4):
        found.append(sending.send(message_id))
        make_due(message_id)
        with unit_of_work() as session:
            session.execute(update(provider_health.ProviderHealth).values(avoid_until=None))
    assert found == ["queued", "queued", "queued", "failed"]
    assert asked == ["first", "second"] * 4


def test_a_provider_that_keeps_failing_is_left_alone_for_a_while(
    by_twilio: FakeTwilio, second: FakeTwilio, write: Write
) -> None:
    by_twilio.answer = lambda _fields: refused(503, 20503)
    asked: list[str] = []
    by_twilio.before = lambda _fields: asked.append("first")
    for number in range(1, 6):
        assert sending.send(write(number)) == "sent"
    assert len(asked) == provider_health.IN_A_ROW
    by_twilio.answer = lambda _fields: accepted()
    with unit_of_work() as session:
        session.execute(
            update(provider_health.ProviderHealth).values(avoid_until=clock.now() - timedelta(seconds=1))
        )
    assert sending.send(write(6)) == "sent"
    assert by_twilio.times("number 6") == 1
    with unit_of_work():
        assert db.session.get_one(provider_health.ProviderHealth, "twilio").failures == 0


def test_mails_go_through_the_second_server_when_the_first_is_away(
    write: Write, mail_server: FakeMailServer, with_settings: Change
) -> None:
    away = f"smtp://127.0.0.1:{closed_port()}"
    with fake_mail_server() as other:
        with_settings(
            email_transport="smtp", smtp_url=away, smtp_fallback_url=other.url, mail_from="a@clinic.test"
        )
        message_id = write(channel="email", address="asha@example.test")
        assert sending.send(message_id) == "sent"
        assert (len(other.mails), row(message_id).provider) == (1, "smtp_2")
        with_settings(smtp_url=mail_server.url)
        mail_server.replies = {".": "reset"}
        unsure = write(2, channel="email", address="asha@example.test")
        assert sending.send(unsure) == "unknown"
        assert len(other.mails) == 1


# Money


@pytest.fixture
def dear(by_twilio: FakeTwilio, with_settings: Change) -> FakeTwilio:
    """A part of a text message costs ₹1, a day ₹10 at the most."""
    with_settings(sms_price_paise=100, sms_ceiling_rupees=10)
    return by_twilio


def spent() -> tuple[int, int]:
    db.session.rollback()
    day = db.session.scalars(select(SmsDay).execution_options(populate_existing=True)).one()
    return day.paise, day.segments


def set_spent(paise: int) -> None:
    with unit_of_work() as session:
        session.merge(SmsDay(day=clock.today("Asia/Kolkata"), paise=paise, segments=0))


def test_a_message_is_counted_with_its_parts_when_it_is_handed_over(dear: FakeTwilio, write: Write) -> None:
    message_id = write()
    sending.send(message_id)
    sent = row(message_id)
    assert (sent.segments, sent.cost_paise) == (1, 100)
    sending.send(write(2, locale="hi"))
    parts = sum(row(one.id).segments or 0 for one in db.session.scalars(select(Message)))
    assert spent() == (parts * 100, parts)


def test_what_was_surely_not_taken_costs_nothing(dear: FakeTwilio, write: Write) -> None:
    dear.answer = lambda _fields: refused(503, 20503)
    message_id = write()
    assert sending.send(message_id) == "queued"
    assert (spent(), row(message_id).cost_paise) == ((0, 0), None)
    dear.answer = lambda _fields: "reset"
    make_due(message_id)
    assert sending.send(message_id) == "unknown"
    assert spent() == (100, 1), "it may have gone out"


def test_at_the_ceiling_a_message_waits_for_tomorrow_or_ends_where_that_is_too_late(
    dear: FakeTwilio, write: Write
) -> None:
    set_spent(950)
    tomorrow = spending.next_day("Asia/Kolkata")
    waits_for_it, too_late = write(), write(2, expires_at=tomorrow - timedelta(minutes=1))
    assert [sending.send(one) for one in (waits_for_it, too_late)] == [None, None]
    waiting, ended = row(waits_for_it), row(too_late)
    assert (waiting.status, waiting.why, waiting.next_try_at) == ("queued", Why.CEILING, tomorrow)
    assert (waiting.handed_at, waiting.tries) == (None, 0)
    assert (ended.status, ended.why) == ("expired", Why.CEILING)
    assert (dear.sent, spent()) == ([], (950, 0))


@pytest.mark.parametrize("category", [Category.SECURITY, Category.SAFETY])
def test_codes_and_warnings_go_whatever_was_spent(
    dear: FakeTwilio, write: Write, category: Category, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_spent(1000)
    kind = registry._kinds["notice"]
    registry.register(
        registry.MessageKind(
            name="notice", label="", load=kind.load, category=category, template="appointment_booked"
        )
    )
    assert sending.send(write()) == "sent"
    assert spent() == (1100, 1)


def test_administrators_hear_of_it_once_a_day(dear: FakeTwilio, write: Write) -> None:
    admin = grant(UserFactory(), Role.ADMIN)
    grant(UserFactory(), Role.RECEPTIONIST)
    db.session.commit()
    for number in range(1, 13):
        sending.send(write(number))

    def told() -> list[tuple[str, int | None]]:
        rows = db.session.scalars(select(Message).where(Message.channel == "email").order_by(Message.id))
        return [(one.kind, one.recipient_id) for one in rows]

    assert told() == [("sms_warning", admin.id), ("sms_ceiling", admin.id)]
    assert spent() == (1000, 10)
    [first, _second] = db.session.scalars(
        select(Message.id).where(Message.channel == "email").order_by(Message.id)
    )
    assert sending.send(first) == "sent", "its texts can be written"


def test_an_alarm_tells_of_the_clinics_own_day(with_settings: Change) -> None:
    """And of the day it was written on, however late it goes out."""
    with_settings(sms_price_paise=100, sms_ceiling_rupees=10)
    india = clock.today("Asia/Kolkata")
    zone = next(z for z in ("Pacific/Kiritimati", "Pacific/Honolulu") if clock.today(z) != india)
    grant(UserFactory(), Role.ADMIN, facility=FacilityFactory(zone=zone))
    today = clock.today(zone)
    db.session.add_all(SmsDay(day=day, paise=paise) for day, paise in ((india, 100), (today, 850)))
    db.session.add(SmsDay(day=today - timedelta(days=10), paise=900))
    db.session.flush()
    of_today, earlier = (
        db.session.get_one(Message, id_) for id_ in alarms.raise_alarm("sms_warning", about="x")
    )
    earlier.created_at -= timedelta(days=10)
    loaded = registry.kind_of("sms_warning").load([of_today, earlier])
    assert [loaded[one.id].values["percent"] for one in (of_today, earlier)] == [85, 90]
    assert loaded[of_today.id].zone == zone


def test_a_ceiling_needs_a_price() -> None:
    with pytest.raises(ConfigurationError, match="SMS_PRICE_PAISE"):
        make_settings("x", SMS_CEILING_RUPEES="100")


def test_a_second_account_is_read_from_one_address() -> None:
    settings = make_settings(
        "x", SMS_FALLBACK="https://AC2:to%3Aken@sms.example:8443?from=%2B15005550007", SMS_PRICE_PAISE="25"
    )
    assert settings.sms_fallback == SmsAccount(
        sid="AC2", token="to:ken", sender="+15005550007", api_url="https://sms.example:8443"
    )
    assert settings.sms_fallback_price_paise == 25
    for wrong in ("sms.example", "https://sms.example?from=1", "https://AC2:t@sms.example"):
        with pytest.raises(ConfigurationError, match="SMS_FALLBACK"):
            make_settings("x", SMS_FALLBACK=wrong)


def test_a_report_signed_by_the_second_account_counts(
    second: FakeTwilio, by_twilio: FakeTwilio, write: Write, app: Flask
) -> None:
    from twilio.request_validator import RequestValidator

    by_twilio.answer = lambda _fields: refused(503, 20503)
    message_id = write()
    sending.send(message_id)
    path = f"/webhooks/twilio/status?message={message_id}&attempt=2"
    fields = {"MessageStatus": "delivered", "MessageSid": "SM1"}
    answers = []
    for token in ("a-third-token", "second-token"):
        signature = RequestValidator(token).compute_signature(f"http://localhost{path}", fields)
        headers = {"X-Twilio-Signature": signature}
        answers.append(app.test_client().post(path, data=fields, headers=headers).status_code)
    assert (answers, row(message_id).status) == ([403, 204], "delivered")
