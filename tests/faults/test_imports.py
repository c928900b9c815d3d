"""Imports when things go wrong: workers die or race, somebody presses Stop, the queue is away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError

from clinic.accounts.models import User
from clinic.core import clock, queue
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict
from clinic.imports import service, sweep, tasks
from clinic.imports.kinds import KINDS
from clinic.imports.kinds.patients import writing
from clinic.imports.models import SILENT, Import, ImportState
from clinic.imports.queries import get_line, lock_import
from clinic.imports.service import bringing_in, checking, steps
from clinic.imports.service import file as reading
from clinic.patients.service import PatientDetails, register
from tests.conftest import environment
from tests.faults.conftest import in_parallel
from tests.faults.importing import FIRST_MOBILE, Beside, Desk, Met, beside, lines_of, state_of, written_lines
from tests.notifications.providers import closed_port

ROOT = Path(__file__).resolve().parents[2]
LINES = 40


class Died(BaseException):
    """What ends a worker in the middle: nothing of the application catches it."""


@pytest.fixture
def desk(clinic: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A manager at an empty facility; steps of ten lines; nobody else's imports or patients."""
    for module in (bringing_in, checking, reading):
        monkeypatch.setattr(module, "BATCH", 10)
    with unit_of_work() as session:
        for table in ("imported_lines", "imports", "guardianships", "allergies", "patient_words"):
            session.execute(text(f"DELETE FROM {table}"))
    yield Desk.open()
    db.session.rollback()


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``meet(write=act)`` calls ``act(n)`` before the n-th batch is written; likewise judge and finish."""

    def met(**acts: Callable[[int], object]) -> None:
        monkeypatch.setitem(KINDS, "patients", Met(**acts))

    return met


def at(number: int, act: Callable[[], object]) -> Callable[[int], object]:
    """``act`` at the n-th time only."""
    return lambda count: act() if count == number else None


def die() -> None:
    raise Died


def long_ago(import_id: int) -> None:
    with unit_of_work() as session:
        session.execute(update(Import).where(Import.id == import_id).values(beat_at=clock.now() - SILENT * 2))


def test_a_worker_that_dies_half_way_leaves_nothing_and_the_next_does_it_all(
    clinic: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    with monkeypatch.context() as patch:
        patch.setitem(KINDS, "patients", Met(write=at(3, die)))
        with pytest.raises(Died):
            service.carry_on(import_id)
    assert (desk.patients(), written_lines(import_id)) == (0, 0)
    assert state_of(import_id) == ImportState.COMMITTING
    clinic.extensions["redis"].flushdb()
    assert sweep.ask_again() == 0, "it has only just moved"
    long_ago(import_id)
    assert sweep.ask_again() == 1
    [job] = queue.queue(queue.LONG).jobs
    assert (job.func_name, list(job.args)) == (service.TASK, [import_id])
    tasks.carry_on(*job.args)
    assert (state_of(import_id), desk.patients(), written_lines(import_id)) == ("done", LINES, LINES)
    assert not service.carry_on(import_id)
    assert desk.patients() == LINES


def test_a_worker_killed_by_the_system_leaves_nothing_and_blocks_nobody(
    clinic: Flask, desk: Desk, worker_number: int
) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    script = (
        "import os, signal, sys\n"
        "from clinic.app import create_app\n"
        "from clinic.imports import service\n"
        "from clinic.imports.kinds import KINDS\n"
        "from clinic.imports.service import bringing_in\n"
        "from tests.faults.importing import Met\n"
        "bringing_in.BATCH = 10\n"
        "KINDS['patients'] = Met(write=lambda n: n == 3 and os.kill(os.getpid(), signal.SIGKILL))\n"
        "with create_app().app_context():\n"
        "    service.carry_on(int(sys.argv[1]))\n"
    )
    database = db.engine.url.database or ""
    child = subprocess.run(
        [sys.executable, "-c", script, str(import_id)],
        cwd=ROOT,
        env={**os.environ, **environment(database, worker_number), "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    assert (desk.patients(), state_of(import_id)) == (0, ImportState.COMMITTING)
    wait_until_free(import_id)
    assert service.carry_on(import_id)
    assert (state_of(import_id), desk.patients()) == ("done", LINES)


def wait_until_free(import_id: int) -> None:
    """Until the server has noticed that the worker's connection is gone."""
    with db.engine.connect() as connection:
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:space, :id)"), {"space": steps.LOCK_SPACE, "id": import_id}
        )


@pytest.mark.parametrize("batch", [1, 3])
def test_stop_while_bringing_in_leaves_nothing_and_it_can_be_pressed_again(
    clinic: Flask, desk: Desk, meet: Callable[..., None], batch: int
) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    meet(write=at(batch, lambda: beside(clinic, lambda: desk.stop(import_id))))
    service.carry_on(import_id)
    assert (state_of(import_id), desk.patients(), written_lines(import_id)) == ("ready", 0, 0)
    desk.press(import_id)
    service.carry_on(import_id)
    assert (state_of(import_id), desk.patients()) == ("done", LINES)


def test_pressed_again_at_once_it_does_not_wait_for_the_clock(
    clinic: Flask, desk: Desk, meet: Callable[..., None]
) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)

    def stop_and_press() -> None:
        desk.stop(import_id)
        desk.press(import_id)
        assert not service.carry_on(import_id), "the first worker is still there"

    meet(write=at(2, lambda: beside(clinic, stop_and_press)))
    tasks.carry_on(import_id)
    assert (state_of(import_id), desk.patients(), written_lines(import_id)) == ("done", LINES, LINES)


@pytest.mark.parametrize("step", ["reading", "checking"])
def test_stop_while_the_file_is_looked_at_does_not_wait_and_puts_it_aside(
    clinic: Flask, desk: Desk, meet: Callable[..., None], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    import_id = desk.send(lines_of(LINES))
    outcome: list[object] = []

    def stopped(_count: int = 2) -> None:
        if not outcome:
            outcome.append(beside(clinic, lambda: desk.stop(import_id), seconds=5))

    if step == "reading":
        real = reading._store
        monkeypatch.setattr(reading, "_store", lambda batch: (real(batch), stopped())[0])
    else:
        service.carry_on(import_id)
        desk.confirm(import_id)
        meet(judge=at(3, stopped))
    service.carry_on(import_id)
    assert outcome == [None]
    assert state_of(import_id) == ImportState.CANCELLED
    checked = text("SELECT count(*) FROM import_rows WHERE outcome IS NOT NULL")
    assert db.session.scalar(checked) == 0, "nothing of the step stays"
    assert db.session.scalar(text("SELECT count(*) FROM import_chunks")) > 0, "it can be taken up again"


def test_a_line_mended_while_a_stopped_worker_winds_up_does_not_wait_for_ever(
    clinic: Flask, desk: Desk, meet: Callable[..., None]
) -> None:
    """The line is locked by the worker, and the import by whoever mends: the worker has to give way."""
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    mended = Beside(clinic)

    def mend() -> None:
        with unit_of_work() as session:
            session.execute(text("SET LOCAL lock_timeout = '5s'"))
            row = lock_import(desk.manager, import_id)
            service.mend(desk.manager, row, get_line(import_id, 2), {"name": "Kusum Lokhande"})

    def stop_and_mend() -> None:
        beside(clinic, lambda: desk.stop(import_id))
        mended.start(mend)
        wait_for_a_lock()

    meet(write=at(3, stop_and_mend))
    service.carry_on(import_id)
    assert mended.outcome() is None
    assert (state_of(import_id), desk.patients()) == (ImportState.READY, 0)
    assert get_line(import_id, 2).mended == {"name": "Kusum Lokhande"}


def wait_for_a_lock() -> None:
    """Until somebody in this database waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(waiting):
            pass


def test_stop_and_the_end_at_the_same_moment_are_all_or_nothing(
    clinic: Flask, desk: Desk, meet: Callable[..., None]
) -> None:
    ends = set()
    for round_ in range(6):
        before = desk.patients()
        import_id = desk.ready(lines_of(LINES, first=1_000 * (round_ + 1)))
        desk.press(import_id)

        def stop(number: int = import_id) -> str:
            try:
                desk.stop(number)
            except Conflict:
                return "too late"
            return "stopped"

        stopped, _done = in_parallel(clinic, [stop, lambda number=import_id: service.carry_on(number)])  # type: ignore[misc]
        came = desk.patients() - before
        end = (stopped, state_of(import_id), came)
        assert end in [("stopped", "ready", 0), ("too late", "done", LINES)]
        ends.add(end)
    assert ends


def stop_after_the_last_line(clinic: Flask, desk: Desk, meet: Callable[..., None]) -> int:
    """Somebody stops when all lines are written and nothing is left but to say so."""
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    meet(finish=lambda _count: beside(clinic, lambda: desk.stop(import_id)))
    service.carry_on(import_id)
    return import_id


def test_stop_after_the_last_line_still_leaves_nothing(
    clinic: Flask, desk: Desk, meet: Callable[..., None]
) -> None:
    import_id = stop_after_the_last_line(clinic, desk, meet)
    assert (state_of(import_id), desk.patients()) == ("ready", 0)


def test_without_the_closing_update_naming_the_attempt_what_was_stopped_would_stay(
    clinic: Flask, desk: Desk, meet: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(step: Any, state: ImportState, **values: Any) -> None:
        db.session.execute(update(Import).where(Import.id == step.import_id).values(state=state, **values))

    monkeypatch.setattr(steps, "_close", close)
    import_id = stop_after_the_last_line(clinic, desk, meet)
    assert (state_of(import_id), desk.patients()) == ("done", LINES)


def test_two_workers_at_one_import_bring_it_in_once(clinic: Flask, desk: Desk) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    took = in_parallel(clinic, [lambda: service.carry_on(import_id)] * 4)
    assert took.count(True) == 1
    assert (state_of(import_id), desk.patients(), written_lines(import_id)) == ("done", LINES, LINES)


def test_a_second_worker_is_not_let_in_while_the_first_is_at_it(
    clinic: Flask, desk: Desk, meet: Callable[..., None]
) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    seen: list[object] = []
    meet(write=lambda _count: seen.append(beside(clinic, lambda: service.carry_on(import_id))))
    service.carry_on(import_id)
    assert seen == [False] * (LINES // 10)
    assert desk.patients() == LINES


def test_nobody_sees_a_part_of_it(clinic: Flask, desk: Desk, meet: Callable[..., None]) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    seen: list[object] = []
    meet(write=lambda _count: seen.append(beside(clinic, desk.patients)))
    service.carry_on(import_id)
    assert seen == [0] * (LINES // 10)


def test_progress_is_seen_while_it_comes_in(clinic: Flask, desk: Desk, meet: Callable[..., None]) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    seen: list[object] = []

    def done() -> int:
        return db.session.get_one(Import, import_id, populate_existing=True).done

    meet(write=lambda _count: seen.append(beside(clinic, done)))
    service.carry_on(import_id)
    assert seen == [0, 10, 20, 30]


def test_whoever_lost_the_right_meanwhile_brings_in_nothing_and_is_told(clinic: Flask, desk: Desk) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    with unit_of_work() as session:
        session.execute(update(User).where(User.id == desk.manager.user_id).values(active=False))
    service.carry_on(import_id)
    assert (state_of(import_id), desk.patients()) == ("ready", 0)
    row = db.session.get_one(Import, import_id)
    assert row.why == "Whoever asked for this may no longer bring in such a list."


def test_something_that_breaks_is_said_and_nothing_stays(
    clinic: Flask, desk: Desk, meet: Callable[..., None]
) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)

    def broken() -> None:
        raise RuntimeError("9845011723")

    meet(write=at(2, broken))
    service.carry_on(import_id)
    assert (state_of(import_id), desk.patients()) == ("ready", 0)
    row = db.session.get_one(Import, import_id)
    assert row.why == "Something broke here; nothing was written. It has been noted."


def register_by_hand(desk: Desk, mobile: int) -> str:
    with unit_of_work() as session:
        session.execute(text("SET LOCAL lock_timeout = '2s'"))
        return register(desk.manager, PatientDetails(name="Vithal Rao", mobile=str(mobile), age=70)).name


def test_registering_by_hand_does_not_wait_for_an_import_with_the_same_mobile(
    clinic: Flask, desk: Desk, meet: Callable[..., None]
) -> None:
    """Sign-ins come last: until then nothing of the import is in the way of the front desk."""
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    by_hand: list[object] = []
    meet(write=at(3, lambda: by_hand.append(beside(clinic, lambda: register_by_hand(desk, FIRST_MOBILE)))))
    service.carry_on(import_id)
    assert by_hand == ["Vithal Rao"]
    assert (state_of(import_id), desk.patients()) == ("done", LINES + 1)


def test_with_sign_ins_opened_at_once_the_front_desk_would_wait(
    clinic: Flask, desk: Desk, meet: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = desk.ready(lines_of(LINES, first=50))
    desk.press(import_id)
    by_hand: list[object] = []
    first = FIRST_MOBILE + 50
    meet(write=at(3, lambda: by_hand.append(beside(clinic, lambda: register_by_hand(desk, first)))))
    real = writing.write_rows

    def write_and_open(context: Any, rows: Any) -> None:
        real(context, rows)
        writing.open_logins(context.actor, [(row.record_id, row.values) for row in rows], clock.now())

    monkeypatch.setattr(writing, "write_rows", write_and_open)
    service.carry_on(import_id)
    assert isinstance(by_hand[0], OperationalError)


@pytest.fixture
def without_queue(clinic: Flask) -> Iterator[Callable[[], None]]:
    """The queue's server does not answer, until this is called."""
    before = clinic.extensions["redis"]
    clinic.extensions["redis"] = redis.Redis(host="127.0.0.1", port=closed_port(), retry=None)

    def back() -> None:
        clinic.extensions["redis"] = before
        clinic.extensions["queue_left_alone_until"] = 0.0

    yield back
    back()


def test_without_the_queue_a_file_is_kept_and_comes_in_once_that_is_back(
    clinic: Flask, desk: Desk, without_queue: Callable[[], None]
) -> None:
    import_id = desk.send(lines_of(LINES))
    assert state_of(import_id) == ImportState.READING
    long_ago(import_id)
    assert sweep.ask_again() == 0
    without_queue()
    assert sweep.ask_again() == 1
    [job] = queue.queue(queue.LONG).jobs
    tasks.carry_on(*job.args)
    assert state_of(import_id) == ImportState.MAPPING


def test_the_database_dropping_the_connection_is_not_the_end_of_an_import(
    clinic: Flask, desk: Desk, meet: Callable[..., None]
) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.press(import_id)
    ended = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    def cut() -> None:
        with db.engine.connect() as other:
            other.execute(ended)

    meet(write=at(3, lambda: beside(clinic, cut)))
    tasks.carry_on(import_id)
    assert (state_of(import_id), desk.patients()) == (ImportState.COMMITTING, 0)
    tasks.carry_on(import_id)
    assert (state_of(import_id), desk.patients()) == ("done", LINES)


def test_files_nobody_has_worked_on_for_90_days_are_dropped(clinic: Flask, desk: Desk) -> None:
    import_id = desk.ready(lines_of(LINES))
    desk.stop(import_id)
    assert sweep.forget_old() == 0, "what was put aside can be taken up again"
    with unit_of_work() as session:
        session.execute(
            update(Import).where(Import.id == import_id).values(beat_at=clock.now() - timedelta(days=91))
        )
    assert sweep.forget_old() == 1
    assert db.session.scalar(text("SELECT count(*) FROM import_rows")) == 0
