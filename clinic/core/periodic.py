"""Work that comes round by itself. Domains register it; the clock process runs it, one runner at a time."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import structlog
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from clinic.core.db import db

log = structlog.get_logger(__name__)
LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class Periodic:
    """A function to be called every ``seconds`` with the application context pushed; it commits its own work.

    ``alone`` work is skipped while another process is at it. Two clocks out of step may run it twice as
    often, so it has to look for what is left to do.
    """

    name: str
    seconds: int
    run: Callable[[], object]
    alone: bool = True


_registered: dict[str, Periodic] = {}


def every(seconds: int, name: str, run: Callable[[], object], *, alone: bool = True) -> None:
    """Register periodic work under a unique name."""
    _registered[name] = Periodic(name, seconds, run, alone)


def registered() -> list[Periodic]:
    """All periodic work, in the order of registration."""
    return list(_registered.values())


def run_once(work: Periodic) -> bool:
    """Run the work now; False when another process is at it."""
    if not work.alone:
        work.run()
        return True
    with db.engine.connect() as guard, guard.begin():
        mine = guard.scalar(text("SELECT pg_try_advisory_xact_lock(:space, :key)"), _lock_of(work))
        if not mine:
            return False
        work.run()
    return True


def _lock_of(work: Periodic) -> dict[str, int]:
    """Two numbers of 32 bits; the lock lasts as long as its transaction, which suits a pooler in between."""
    return {"space": 0x5C10C, "key": crc32(work.name.encode()) - 2**31}


def run_clock(app: Flask) -> None:
    """Run periodic work until SIGTERM or SIGINT; what is being done at that moment is finished first."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_details: stopped.set())
    log.info("clock_started", works=[work.name for work in registered()])
    with app.app_context():
        run_until(stopped)
    log.info("clock_stopped")


def run_until(stopped: threading.Event, works: list[Periodic] | None = None) -> None:
    """Run all periodic work, each in its rhythm, until ``stopped`` is set.

    Work that fails is tried again after a pause that doubles up to a minute; the rest goes on meanwhile.
    """
    works = registered() if works is None else works
    due = {work.name: time.monotonic() for work in works}
    failures = dict.fromkeys(due, 0)
    while not stopped.is_set():
        for work in works:
            if stopped.is_set() or due[work.name] > time.monotonic():
                continue
            failures[work.name] = 0 if _safely(work) else failures[work.name] + 1
            due[work.name] = time.monotonic() + _pause(work, failures[work.name])
        soonest = min(due.values(), default=time.monotonic() + 1)
        stopped.wait(max(0.05, soonest - time.monotonic()))


def _pause(work: Periodic, failures: int) -> float:
    if not failures:
        return work.seconds
    return min(2.0 ** (failures - 1), max(LONGEST_PAUSE, work.seconds) if failures > 6 else 10.0)


def _safely(work: Periodic) -> bool:
    try:
        run_once(work)
    except SQLAlchemyError as failure:
        log.warning("periodic_without_database", work=work.name, error=type(failure).__name__)
        return False
    except Exception as failure:
        log.error("periodic_failed", work=work.name, error=type(failure).__name__)
        return False
    finally:
        db.session.remove()
    return True
