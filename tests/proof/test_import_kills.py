"""Real workers killed in the middle of an import, and messages that never stand behind one.

Whatever is killed when, with the job it forked or without it, each line is in exactly once in the end.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import Select, func, select, text, update

from clinic.app import create_app
from clinic.audit.models import AuditEvent
from clinic.config import read_settings
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.imports import sweep
from clinic.imports.models import SILENT, Import, ImportState
from clinic.patients.models import Guardianship, Patient
from tests.conftest import environment
from tests.faults.conftest import status_of, visit_messages
from tests.faults.importing import Desk, lines_of, state_of, written_lines
from tests.notifications.conftest import TWILIO
from tests.notifications.providers import FakeTwilio, fake_twilio
from tests.proof.test_message_kills import (
    all_final,
    children,
    descendants,
    kill_all,
    let_leases_run_out,
    process,
    times_sent,
    wait_for,
)

LINES, KILLS = 3_000, 3


@pytest.fixture(scope="module")
def settings(make_database: Callable[[str], str]) -> dict[str, str]:
    return environment(
        make_database("import_kills"),
        14,
        SMS_TRANSPORT="twilio",
        **{name.upper(): value for name, value in TWILIO.items()},
    )


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with fake_twilio() as server:
        yield server


@pytest.fixture
def clinic(settings: dict[str, str], twilio: FakeTwilio) -> Iterator[Flask]:
    app = create_app(read_settings({**settings, "TWILIO_API_URL": twilio.url}))
    with app.app_context():
        app.extensions["redis"].flushdb()
        yield app
        db.session.remove()
        db.engine.dispose()


def done_of(import_id: int) -> int:
    db.session.rollback()
    return db.session.get_one(Import, import_id, populate_existing=True).done


def let_it_be_missed(import_id: int) -> None:
    """As if it had stood still for as long as the clock waits; what is done counts from now on."""
    with unit_of_work() as session:
        session.execute(
            update(Import)
            .where(Import.id == import_id, Import.state == ImportState.COMMITTING)
            .values(beat_at=clock.now() - SILENT * 2, done=0)
        )


def wait_until_ready(desk: Desk, import_id: int) -> None:
    """Let the worker read the file, agree to the columns, let it look at the lines."""
    wait_for(lambda: state_of(import_id) == ImportState.MAPPING)
    desk.confirm(import_id)
    wait_for(lambda: state_of(import_id) == ImportState.READY)


def kill_in_the_middle(
    worker: subprocess.Popen[bytes], import_id: int, chance: random.Random, *, orphan: bool
) -> int:
    """End a worker while it brings lines in; how many it had brought in. ``orphan`` leaves its job alive."""
    enough = chance.randint(1, LINES * 3 // 4)  # not so late that it is done before the kill
    wait_for(lambda: done_of(import_id) >= enough or state_of(import_id) == ImportState.DONE)
    time.sleep(chance.random() / 5)
    reached = done_of(import_id)
    below = children(worker.pid)
    kill_all([worker.pid, *(below if orphan else descendants(worker.pid))])
    worker.wait()
    return reached


def test_workers_killed_in_an_import_bring_each_line_in_once(
    clinic: Flask, settings: dict[str, str], twilio: FakeTwilio
) -> None:
    chance = random.Random(14)  # the same moments each time
    desk, ids, reached = Desk.open(), [], []
    with process("worker", settings, twilio):
        import_id = desk.send(lines_of(LINES))
        wait_until_ready(desk, import_id)
    desk.press(import_id)
    with process("clock", settings, twilio):
        for number in range(KILLS):
            with process("worker", settings, twilio) as worker:
                ids += visit_messages()
                let_it_be_missed(import_id)
                sweep.ask_again()
                last = number == KILLS - 1
                reached.append(kill_in_the_middle(worker, import_id, chance, orphan=last))
            if not last:
                assert state_of(import_id) == ImportState.COMMITTING
                assert (desk.patients(), written_lines(import_id)) == (0, 0)
        let_it_be_missed(import_id)
        with process("worker", settings, twilio):
            wait_for(lambda: state_of(import_id) == ImportState.DONE)
            wait_for(lambda: let_leases_run_out() or all_final())
    assert {status_of(number) for number in ids} <= {"sent", "unknown"}
    assert max(times_sent(twilio).values()) == 1
    assert (desk.patients(), written_lines(import_id)) == (LINES, LINES)
    for query in (
        select(func.count(Patient.name.distinct())).where(Patient.facility_id == desk.facility_id),
        select(func.count()).select_from(Guardianship).where(Guardianship.patient_id.in_(_ids(desk))),
        select(func.count(Guardianship.user_id.distinct())).where(Guardianship.patient_id.in_(_ids(desk))),
        select(func.count()).where(
            AuditEvent.action == "patient.created", AuditEvent.patient_id.in_(_ids(desk))
        ),
    ):
        assert db.session.scalar(query) == LINES
    brought_in = select(func.count()).where(
        AuditEvent.action == "import.brought_in", AuditEvent.subject_id == import_id
    )
    assert db.session.scalar(brought_in) == 1
    print(f" {LINES} lines, killed after {reached}", end="")  # noqa: T201


def _ids(desk: Desk) -> Select[int]:
    return select(Patient.id).where(Patient.facility_id == desk.facility_id)


def somebody_waits() -> bool:
    """Whether a worker has come to a lock that it does not get."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with db.engine.connect() as connection:
        return bool(connection.scalar(waiting))


def test_messages_are_sent_while_an_import_is_under_way(
    clinic: Flask, settings: dict[str, str], twilio: FakeTwilio
) -> None:
    """The import waits for a lock that is held here; the messages have a lane of their own."""
    desk = Desk.open()
    with process("worker", settings, twilio):
        import_id = desk.send(lines_of(600, first=100_000))
        wait_until_ready(desk, import_id)
        with db.engine.connect() as blocker:
            blocker.execute(text("LOCK TABLE imported_lines IN ACCESS EXCLUSIVE MODE"))
            desk.press(import_id)
            wait_for(somebody_waits)
            ids = visit_messages(3)
            wait_for(lambda: all(status_of(number) == "sent" for number in ids))
            assert state_of(import_id) == ImportState.COMMITTING
            assert desk.patients() == 0
            blocker.rollback()
        wait_for(lambda: state_of(import_id) == ImportState.DONE)
    assert desk.patients() == 600
