"""Real workers, clocks and web processes killed around the call to the provider, and a queue that goes away.

Whatever is killed when, every committed message ends: sent once, or ``unknown`` when its worker died in the
one window in which nobody can know. None is sent twice.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis
from flask import Flask
from sqlalchemy import select, text

from clinic.core.db import db, unit_of_work
from clinic.local.services import EmbeddedValkey
from clinic.notifications.models import FINAL, Message
from tests.conftest import environment
from tests.faults.conftest import status_of, visit_messages
from tests.notifications.conftest import TWILIO
from tests.notifications.providers import FakeTwilio, fake_twilio

ROOT = Path(__file__).resolve().parents[2]
STORM_MESSAGES = int(os.environ.get("STORM_MESSAGES", "1000"))
STORM_KILLS = int(os.environ.get("STORM_KILLS", "40"))
"""A worker each time; every third time a clock too, every other the queue's server or all that is in it."""


@pytest.fixture(scope="module")
def settings(make_database: Callable[[str], str]) -> dict[str, str]:
    return environment(
        make_database("kills"),
        15,
        SMS_TRANSPORT="twilio",
        **{name.upper(): value for name, value in TWILIO.items()},
    )


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with fake_twilio() as server:
        yield server


@pytest.fixture
def clinic(settings: dict[str, str], twilio: FakeTwilio) -> Iterator[Flask]:
    from clinic.app import create_app
    from clinic.config import read_settings

    app = create_app(read_settings({**settings, "TWILIO_API_URL": twilio.url}))
    with app.app_context():
        with unit_of_work() as session:
            session.execute(text("DELETE FROM messages"))
        app.extensions["redis"].flushdb()
        yield app
        db.session.remove()
        db.engine.dispose()


@contextmanager
def process(command: str, env: dict[str, str], twilio: FakeTwilio) -> Iterator[subprocess.Popen[bytes]]:
    """A ``flask`` command of this clinic, gone at the end with all its children."""
    child = subprocess.Popen(
        [sys.executable, "-m", "flask", command],
        cwd=ROOT,
        env={**os.environ, **env, "TWILIO_API_URL": twilio.url, "FLASK_APP": "wsgi.py"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        kill(child)


def kill(child: subprocess.Popen[bytes]) -> None:
    """End a process, its lanes and the jobs they forked, at once."""
    kill_all([*descendants(child.pid), child.pid])
    child.wait()


def children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(number) for number in listed.stdout.split()]


def descendants(pid: int) -> list[int]:
    """The processes below one: its lanes, and the jobs these forked."""
    below = children(pid)
    return [*below, *(further for child in below for further in descendants(child))]


def kill_all(pids: list[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def many_messages(count: int) -> list[int]:
    """That many messages about one visit that are due; their ids."""
    [first] = visit_messages()
    kept = "kind, channel, locale, recipient_type, recipient_id, subject_type, subject_id, patient_id"
    more = "facility_id, send_at, expires_at, status, attempts, next_try_at, group_id, created_at"
    with unit_of_work() as session:
        session.execute(
            text(
                f"INSERT INTO messages ({kept}, {more}, dedupe_key) SELECT {kept}, {more},"
                " dedupe_key || '-' || number"
                " FROM messages, generate_series(2, :count) AS number WHERE messages.id = :first"
            ),
            {"count": count, "first": first},
        )
    return list(db.session.scalars(select(Message.id).order_by(Message.id)))


def let_leases_run_out() -> None:
    """As if a minute and a half had passed for every message that is in somebody's hands."""
    with unit_of_work() as session:
        session.execute(
            text(
                "UPDATE messages SET claimed_at = claimed_at - interval '90 s',"
                " next_try_at = least(next_try_at, now()) WHERE status IN ('sending', 'queued')"
            )
        )


def all_final() -> bool:
    db.session.rollback()
    return not db.session.scalars(select(Message.id).where(Message.status.not_in(FINAL)).limit(1)).first()


def times_sent(twilio: FakeTwilio) -> Counter[str]:
    with twilio.lock:
        return Counter(fields["StatusCallback"].split("message=")[1].split("&")[0] for fields in twilio.sent)


@pytest.mark.parametrize("moment", ["before the provider has it", "when the provider has it"])
def test_a_worker_killed_in_the_call_leaves_an_honest_unknown(
    clinic: Flask, settings: dict[str, str], twilio: FakeTwilio, moment: str
) -> None:
    """The two cannot be told apart from here, so neither is sent again."""
    reached, go_on = threading.Event(), threading.Event()

    def stop_here(_fields: dict[str, str]) -> None:
        reached.set()
        go_on.wait(30)

    setattr(twilio, "before" if moment.startswith("before") else "after", stop_here)
    with process("worker", settings, twilio) as worker:
        [message_id] = visit_messages()
        assert reached.wait(60)
        kill(worker)
    go_on.set()
    assert status_of(message_id) == "sending"
    let_leases_run_out()
    with process("clock", settings, twilio), process("worker", settings, twilio):
        wait_for(all_final)
    assert status_of(message_id) == "unknown"
    assert times_sent(twilio)[str(message_id)] <= 1


def test_a_worker_killed_before_the_call_loses_nothing(
    clinic: Flask, settings: dict[str, str], twilio: FakeTwilio
) -> None:
    """It stops at a lock on the visit's patient, between claiming and handing over."""
    with ExitStack() as held:
        blocker = held.enter_context(db.engine.connect())
        [message_id] = visit_messages()
        with process("worker", settings, twilio) as worker:
            blocker.execute(text("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE"))
            wait_for(lambda: status_of(message_id) == "sending")
            kill(worker)
        blocker.rollback()
    let_leases_run_out()
    with process("clock", settings, twilio), process("worker", settings, twilio):
        wait_for(all_final)
    assert (status_of(message_id), times_sent(twilio)[str(message_id)]) == ("sent", 1)


def test_a_web_process_killed_right_after_its_commit_loses_nothing(
    clinic: Flask, settings: dict[str, str], twilio: FakeTwilio
) -> None:
    script = (
        "import os, signal\n"
        "from clinic.app import create_app\n"
        "from clinic.notifications import service\n"
        "service.enqueue = lambda due: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from tests.factories import PatientFactory, ServiceFactory, clinic\n"
        "from tests.faults.conftest import visit_messages\n"
        "PatientFactory.reset_sequence(10**6)\n"
        "ServiceFactory.reset_sequence(10**6)\n"
        "clinic._references = iter(range(10**6, 10**7))\n"
        "with create_app().app_context():\n"
        "    visit_messages()\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, **settings, "TWILIO_API_URL": twilio.url, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    with process("clock", settings, twilio), process("worker", settings, twilio):
        wait_for(all_final)
    assert list(times_sent(twilio).values()) == [1]


@pytest.fixture
def own_queue(tmp_path: Path) -> Iterator[tuple[dict[str, str], Callable[[], EmbeddedValkey], ExitStack]]:
    """A queue's server of our own behind a fixed address, to be stopped and started."""
    address = tmp_path / "queue.sock"

    def start() -> EmbeddedValkey:
        server = EmbeddedValkey(f"{tmp_path}/valkey", fast=True)
        server.__enter__()
        address.unlink(missing_ok=True)
        address.symlink_to(server.socket)
        return server

    with ExitStack() as running:
        yield {"REDIS_URL": f"unix://{address}?db=0"}, start, running


def test_a_storm_of_kills_and_flushes_sends_nothing_twice(
    clinic: Flask,
    settings: dict[str, str],
    twilio: FakeTwilio,
    own_queue: tuple[dict[str, str], Callable[[], EmbeddedValkey], ExitStack],
) -> None:
    chance = random.Random(21)  # the same storm each time
    address, start, _running = own_queue
    env, server = {**settings, **address}, start()
    ids = many_messages(STORM_MESSAGES)
    done = Counter[str]()
    share = max(1, STORM_MESSAGES // (STORM_KILLS + 5))
    with ExitStack() as running:
        clock = running.enter_context(process("clock", env, twilio))
        running.enter_context(process("clock", env, twilio))
        for number in range(STORM_KILLS):
            with process("worker", env, twilio) as worker, process("worker", env, twilio):
                enough = len(twilio.sent) + chance.randint(1, 2 * share)
                wait_for(lambda enough=enough: len(twilio.sent) >= enough or all_final(), 180)  # type: ignore[misc]
                time.sleep(chance.random() / 10)
                kill(worker)
                done["workers"] += 1
                if number % 3 == 0:
                    kill(clock)
                    clock = running.enter_context(process("clock", env, twilio))
                    done["clocks"] += 1
                if number % 4 == 0:
                    server.__exit__(None, None, None)
                    done["queue servers"] += 1
                    time.sleep(chance.random())
                    server = start()
                elif number % 4 == 2:
                    redis.Redis.from_url(address["REDIS_URL"]).flushall()
                    done["flushes"] += 1
            let_leases_run_out()
            if all_final():
                break
        with process("worker", env, twilio), process("worker", env, twilio):
            wait_for(all_final, 900)
    server.__exit__(None, None, None)
    counted = times_sent(twilio)
    ends = Counter(status_of(message_id) for message_id in ids)
    lost = [number for number in ids if status_of(number) == "sent" and counted[str(number)] != 1]
    assert set(ends) <= {"sent", "unknown"}, ends
    assert (max(counted.values()), lost) == (1, [])
    assert ends["unknown"] <= 2 * sum(done.values())
    print(f" {STORM_MESSAGES} messages, killed {dict(done)}: {dict(ends)}", end="")  # noqa: T201


def test_a_queue_that_stops_stops_no_message_and_no_process(
    clinic: Flask,
    settings: dict[str, str],
    twilio: FakeTwilio,
    own_queue: tuple[dict[str, str], Callable[[], EmbeddedValkey], ExitStack],
) -> None:
    address, start, _running = own_queue
    env = {**settings, **address}
    with process("clock", env, twilio) as clock, process("worker", env, twilio) as worker:
        without = visit_messages(3)
        wait_for(lambda: len(twilio.sent) == 3, 40)
        server = start()
        time.sleep(16)  # the worker looks for the queue at most that seldom
        with_queue = visit_messages(3)
        wait_for(all_final, 40)
        server.__exit__(None, None, None)
        again_without = visit_messages(3)
        wait_for(all_final, 40)
        assert (clock.poll(), worker.poll()) == (None, None)
        for child in (clock, worker):
            child.terminate()
        assert [child.wait(20) for child in (clock, worker)] == [0, 0]
    assert [status_of(message_id) for message_id in (*without, *with_queue, *again_without)] == ["sent"] * 9
    assert set(times_sent(twilio).values()) == {1}
