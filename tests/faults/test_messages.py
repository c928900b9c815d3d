"""Messages when things go wrong: workers race or die, the queue is away or flushed, there are two clocks."""

from __future__ import annotations

import dataclasses
import socket
import threading
from datetime import timedelta

import pytest
import redis
from flask import Flask
from sqlalchemy import func, text, update

from clinic.core import clock, periodic, queue
from clinic.core.db import db, unit_of_work
from clinic.notifications import sending, service, sweep
from clinic.notifications.models import Message, Status
from tests.faults.conftest import in_parallel, status_of, visit_messages
from tests.notifications.providers import FakeTwilio, closed_port

LOST = timedelta(seconds=91)


def change(message_id: int, **values: object) -> None:
    with unit_of_work() as session:
        session.execute(update(Message).where(Message.id == message_id).values(**values))


def leave_behind(message_id: int, *, handed: bool) -> None:
    """As a worker leaves a message that dies with it in hand."""
    change(
        message_id,
        status="sending",
        attempts=1,
        claimed_at=func.clock_timestamp() - LOST,
        handed_at=func.clock_timestamp() - LOST if handed else None,
    )


def test_ten_workers_send_one_message_once(clinic: Flask, twilio: FakeTwilio) -> None:
    [message_id] = visit_messages()
    results = in_parallel(clinic, [lambda: sending.send(message_id)] * 10)
    assert sorted(filter(None, results)) == ["sent"]  # type: ignore[type-var]
    assert len(twilio.sent) == 1


def test_without_the_conditional_claim_they_send_it_more_than_once(
    clinic: Flask, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    [message_id] = visit_messages()
    looked = threading.Barrier(2)

    def look_then_take(message: int) -> sending.Claim | None:
        due = status_of(message) == "queued"
        looked.wait()
        if not due:
            return None
        change(message, status="sending", attempts=1)
        return sending.Claim(message_id=message, attempt=1, has_secret=False, expires_at=None)

    monkeypatch.setattr(sending, "_claim", look_then_take)
    # Neither is answered before both have asked: one that was done first would leave the other nothing.
    asked = threading.Barrier(2)

    def together(_fields: dict[str, str]) -> None:
        asked.wait(30)

    twilio.before = together
    in_parallel(clinic, [lambda: sending.send(message_id)] * 2)
    assert len(twilio.sent) == 2


def test_a_message_lost_before_it_was_handed_over_is_sent(clinic: Flask, twilio: FakeTwilio) -> None:
    [message_id] = visit_messages()
    leave_behind(message_id, handed=False)
    assert sweep.settle_stuck() == 1
    assert sending.send(message_id) == "sent"
    assert len(twilio.sent) == 1


def test_a_message_lost_after_it_was_handed_over_is_unknown_and_stays_so(
    clinic: Flask, twilio: FakeTwilio
) -> None:
    [message_id] = visit_messages()
    leave_behind(message_id, handed=True)
    sweep.settle_stuck()
    assert status_of(message_id) == "unknown"
    sweep.sweep()
    sweep.send_overdue()
    assert sending.send(message_id) is None
    assert twilio.sent == []


def test_a_worker_that_is_only_slow_keeps_its_message(clinic: Flask, twilio: FakeTwilio) -> None:
    [message_id] = visit_messages()
    change(
        message_id, status="sending", attempts=1, claimed_at=func.clock_timestamp() - timedelta(seconds=60)
    )
    assert sweep.settle_stuck() == 0
    assert status_of(message_id) == "sending"


def test_a_worker_that_wakes_up_after_its_lease_does_not_send(clinic: Flask, twilio: FakeTwilio) -> None:
    [message_id] = visit_messages()
    slow = sending._claim(message_id)
    assert slow is not None
    change(message_id, claimed_at=func.clock_timestamp() - LOST)
    sweep.settle_stuck()
    assert sending.send(message_id) == "sent"
    assert sending._prepare(slow) is None
    assert len(twilio.sent) == 1


def test_an_outcome_that_comes_late_settles_what_was_unknown(clinic: Flask) -> None:
    [message_id] = visit_messages()
    slow = sending._claim(message_id)
    assert slow is not None
    assert sending._prepare(slow) is not None
    change(message_id, claimed_at=func.clock_timestamp() - LOST)
    sweep.settle_stuck()
    assert status_of(message_id) == "unknown"
    sending._close(slow, sending.Accepted("SM1"))
    assert status_of(message_id) == "sent"


def test_a_message_that_ends_its_worker_each_time_fails_in_the_end(clinic: Flask) -> None:
    [message_id] = visit_messages()
    leave_behind(message_id, handed=False)
    change(message_id, attempts=sweep.MOST_CLAIMS)
    sweep.settle_stuck()
    assert status_of(message_id) == "failed"


def test_a_change_and_a_worker_at_the_same_moment_never_end_in_stale_news(
    clinic: Flask, twilio: FakeTwilio
) -> None:
    """Whoever comes second sees the first: either the message went before the change, or not at all."""
    for message_id in visit_messages(8):
        row = db.session.get_one(Message, message_id)
        subject_id = row.subject_id
        before = len(twilio.sent)

        def withdraw(subject: int | None = subject_id) -> int:
            with unit_of_work():
                return service.withdraw(subject_type="appointment", subject_id=subject or 0)

        taken, _sent = in_parallel(clinic, [withdraw, lambda message=message_id: sending.send(message)])  # type: ignore[misc]
        went = len(twilio.sent) - before
        assert (taken, went, status_of(message_id)) in [(1, 0, "cancelled"), (0, 1, "sent")]


def test_a_flushed_queue_is_filled_again(clinic: Flask) -> None:
    ids = visit_messages(3)
    with clinic.app_context():
        assert queue.queue().count == 3
        clinic.extensions["redis"].flushdb()
        assert queue.queue().count == 0
        sweep.sweep()
        jobs = queue.queue().jobs
    assert sorted(job.args[0] for job in jobs) == sorted(ids)


def test_a_queue_that_is_full_of_due_messages_does_not_grow(
    clinic: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 5)
    visit_messages(3)
    for _round in range(5):
        sweep.sweep()
    assert queue.queue().count <= 5


def test_jobs_carry_an_id_and_nothing_else(clinic: Flask) -> None:
    [message_id] = visit_messages()
    [job] = queue.queue().jobs
    assert (job.func_name, list(job.args), job.kwargs) == (service.SEND_TASK, [message_id], {})


@pytest.fixture
def without_queue(clinic: Flask) -> object:
    """The queue's server does not answer."""
    before = clinic.extensions["redis"]
    clinic.extensions["redis"] = redis.Redis(host="127.0.0.1", port=closed_port(), socket_connect_timeout=0.2)
    yield
    clinic.extensions["redis"] = before


def test_without_the_queue_visits_are_booked_and_the_clock_sends(
    clinic: Flask, twilio: FakeTwilio, without_queue: object
) -> None:
    ids = visit_messages(2)
    assert [status_of(message_id) for message_id in ids] == ["queued", "queued"]
    sweep.sweep()
    assert sweep.send_overdue() == 2
    assert [status_of(message_id) for message_id in ids] == ["sent", "sent"]
    assert len(twilio.sent) == 2


def test_a_queue_that_hangs_holds_up_one_booking_and_not_the_next(
    clinic: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setitem(
            clinic.extensions,
            "redis",
            redis.Redis(host="127.0.0.1", port=silent.getsockname()[1], socket_timeout=0.3, retry=None),
        )
        monkeypatch.setattr(queue, "LEFT_ALONE_SECONDS", 60.0)
        asked: list[int] = []
        real = queue.queue
        monkeypatch.setattr(queue, "queue", lambda *names: asked.append(1) or real(*names))
        ids = visit_messages(3)
    assert len(asked) == 1
    assert [status_of(message_id) for message_id in ids] == ["queued"] * 3


def test_with_a_queue_but_no_worker_the_clock_sends_after_a_minute(clinic: Flask, twilio: FakeTwilio) -> None:
    [message_id] = visit_messages()
    assert sweep.send_overdue() == 0
    change(message_id, next_try_at=clock.now() - timedelta(seconds=61))
    assert sweep.send_overdue() == 1
    assert len(twilio.sent) == 1


def test_two_clocks_and_two_workers_send_each_reminder_once(clinic: Flask, twilio: FakeTwilio) -> None:
    ids = visit_messages(5)
    for message_id in ids:
        change(message_id, next_try_at=clock.now() - timedelta(minutes=2))
    works = {work.name: work for work in periodic.registered()}

    def one_clock() -> None:
        periodic.run_once(works["messages.sweep"])
        periodic.run_once(works["messages.send_overdue"])

    def one_worker() -> None:
        for message_id in ids:
            sending.send(message_id)

    in_parallel(clinic, [one_clock, one_clock, one_worker, one_worker])
    assert len(twilio.sent) == 5
    assert [status_of(message_id) for message_id in ids] == ["sent"] * 5


def test_a_clock_that_is_minutes_ahead_takes_nothing_from_a_worker(
    clinic: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    [message_id] = visit_messages()
    assert sending._claim(message_id) is not None
    ahead = clock.now() + timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: ahead)
    assert sweep.settle_stuck() == 0


def test_work_that_must_run_alone_is_skipped_while_another_clock_is_at_it(clinic: Flask) -> None:
    began, go_on, ran = threading.Event(), threading.Event(), []

    def slow() -> None:
        ran.append(1)
        began.set()
        go_on.wait(5)

    work = periodic.Periodic("tests.slow", 10, slow)

    def second() -> bool:
        began.wait(5)
        try:
            return periodic.run_once(work)
        finally:
            go_on.set()

    assert in_parallel(clinic, [lambda: periodic.run_once(work), second]) == [True, False]
    assert len(ran) == 1


def test_the_clock_goes_on_after_work_that_fails(clinic: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped, rounds = threading.Event(), []
    monkeypatch.setattr(periodic, "_pause", lambda *_details: 0.0)

    def broken() -> None:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))

    def counts() -> None:
        rounds.append(1)
        if len(rounds) == 3:
            stopped.set()

    works = [
        periodic.Periodic("tests.broken", 1, broken),
        periodic.Periodic("tests.counts", 1, counts, alone=False),
    ]
    periodic.run_until(stopped, works)
    assert len(rounds) == 3


def test_an_outcome_is_written_although_the_database_drops_the_connection(
    clinic: Flask, twilio: FakeTwilio
) -> None:
    [message_id] = visit_messages()

    def cut(_fields: dict[str, str]) -> None:
        with clinic.app_context(), db.engine.connect() as other:
            other.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    twilio.after = cut
    assert sending.send(message_id) == "sent"


def test_a_message_and_its_visit_are_one_change(clinic: Flask) -> None:
    def write_and_fail() -> None:
        with unit_of_work():
            service.queue_message(
                kind="notice",
                channel="sms",
                recipient_type="mobile",
                address="+919845000001",
                subject_type="notice",
                locale="en",
                dedupe_key="rolled back",
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert db.session.query(Message).count() == 0
    assert queue.queue().count == 0


def test_a_report_for_a_try_before_keeps_the_message_from_going_twice(
    clinic: Flask, twilio: FakeTwilio
) -> None:
    [message_id] = visit_messages()
    twilio.answer = lambda _fields: "reset"
    assert sending.send(message_id) == "unknown"
    with unit_of_work():
        service.send_again(db.session.get_one(Message, message_id), although_unknown=True)
        assert service.settle(message_id, attempt=1, status=Status.DELIVERED, provider_id="SM1")
    assert sending.send(message_id) is None
    assert len(twilio.sent) == 1


def test_a_restored_copy_sends_none_of_the_old_messages(clinic: Flask, twilio: FakeTwilio) -> None:
    waiting, prepared, handed = visit_messages(3)
    change(prepared, status="sending", attempts=1, claimed_at=func.clock_timestamp())
    leave_behind(handed, handed=True)
    clinic.extensions["redis"].flushdb()
    answer = clinic.test_cli_runner().invoke(args=["expire-messages"])
    assert "2 messages" in answer.output
    change(waiting, next_try_at=clock.now() - timedelta(minutes=5))
    sweep.sweep()
    sweep.send_overdue()
    assert [status_of(message_id) for message_id in (waiting, prepared, handed)] == [
        "expired",
        "expired",
        "unknown",
    ]
    assert twilio.sent == []


def test_however_many_send_at_once_the_day_costs_no_more_than_it_may(
    clinic: Flask, twilio: FakeTwilio
) -> None:
    settings = clinic.extensions["settings"]
    clinic.extensions["settings"] = dataclasses.replace(settings, sms_price_paise=25, sms_ceiling_rupees=1)
    with unit_of_work() as session:
        session.execute(text("DELETE FROM sms_days"))
    ids = visit_messages(8)
    ends = in_parallel(clinic, [lambda one=one: sending.send(one) for one in ids])  # type: ignore[misc]
    db.session.rollback()
    spent = db.session.execute(text("SELECT sum(paise), sum(segments) FROM sms_days")).one()
    parts = sum(db.session.get_one(Message, one).segments or 0 for one in ids)
    assert (spent[0] <= 100, spent[0] // 25, len(twilio.sent)) == (True, parts, ends.count("sent"))
    assert 0 < ends.count("sent") < 8
