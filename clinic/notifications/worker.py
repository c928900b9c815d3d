"""The worker: takes jobs from the queues, each in a process of its own; long work has a lane of its own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from typing import Any

import redis
import structlog
from flask import Flask, current_app
from rq import Worker
from rq.serializers import JSONSerializer

from clinic.config import Settings
from clinic.core import queue
from clinic.core.db import db

log = structlog.get_logger(__name__)
LONGEST_PAUSE = 15.0
PR_SET_PDEATHSIG = 1
STOPPING_SECONDS = 25.0
"""Hosts kill 30 seconds after they asked."""


class ForkingWorker(Worker):  # type: ignore[misc]
    """RQ's worker: remembers that it was asked to stop, and keeps a send from being cut short."""

    max_connection_wait_time = LONGEST_PAUSE
    log_result_lifespan = False
    asked_to_stop = False

    def request_stop(self, signum: Any, frame: Any) -> None:
        """Stop after the job in hand."""
        self.asked_to_stop = True
        super().request_stop(signum, frame)

    def setup_work_horse_signals(self) -> None:
        """A host that ends everything at once must not end a send half-way: the job is short."""
        super().setup_work_horse_signals()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def main_work_horse(self, job: Any, queue: Any) -> None:
        """Forget the parent's database connections first; they stay its own."""
        for engine in db.engines.values():
            engine.dispose(close=False)
        super().main_work_horse(job, queue)


def run_worker(app: Flask) -> None:
    """Work until SIGTERM or SIGINT, with a process for each lane: messages never wait behind long work.

    This process only watches the lanes: one that ends is begun again.
    """
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_details: stopped.set())
    lanes = {_fork_lane(app, queues): queues for queues in queue.LANES}
    while not stopped.wait(0.5):
        for pid in list(lanes):
            if os.waitpid(pid, os.WNOHANG)[0]:
                queues = lanes.pop(pid)
                log.warning("lane_ended", queues=queues)
                lanes[_fork_lane(app, queues)] = queues
    _end_lanes(set(lanes))
    log.info("worker_stopped")


def _end_lanes(pids: set[int]) -> None:
    """Let each lane finish what it has in hand; one that needs long is cut off, and its work begun again."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOPPING_SECONDS
    while pids and time.monotonic() < until:
        pids -= {pid for pid in pids if os.waitpid(pid, os.WNOHANG)[0]}
        threading.Event().wait(0.05)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _fork_lane(app: Flask, queues: tuple[str, ...]) -> int:
    """Begin a process that serves these queues; it ends with this one."""
    watcher = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        end_with_parent(watcher)
        run_lane(app, queues)
        code = 0
    finally:
        os._exit(code)


def run_lane(app: Flask, queues: tuple[str, ...]) -> None:
    """Work on these queues until told to stop. Without their server it waits, and goes on when that is
    back.
    """
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_details: stopped.set())
    pause = 0.5
    with app.app_context():
        while not stopped.is_set():
            worker = None
            try:
                worker = _make_worker(queues)
                log.info("worker_started", queues=queues)
                worker.work(logging_level=None)
                pause = 0.5
            except (redis.RedisError, OSError) as failure:
                log.warning("queue_away", error=type(failure).__name__)
                pause = min(pause * 2, LONGEST_PAUSE)
            if worker is not None and worker.asked_to_stop:
                break
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_details: stopped.set())
            stopped.wait(pause)


def end_with_parent(parent: int) -> None:
    """Let this process be killed when its parent is, where the system can do that (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _make_worker(queues: tuple[str, ...]) -> ForkingWorker:
    """A worker with a connection of its own: it waits on it for jobs, longer than the application would."""
    settings: Settings = current_app.extensions["settings"]
    connection = redis.Redis.from_url(settings.redis_url, socket_connect_timeout=2, health_check_interval=30)
    return ForkingWorker(
        list(queues),
        connection=connection,
        serializer=JSONSerializer,
        log_job_description=False,
        worker_ttl=60,
    )
