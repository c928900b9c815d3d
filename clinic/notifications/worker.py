"""The worker: takes jobs from the queue, each in a process of its own."""

from __future__ import annotations

import signal
import threading
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
    """Work until SIGTERM or SIGINT. Without the queue's server it waits, and goes on when that is back."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_details: stopped.set())
    pause = 0.5
    with app.app_context():
        while not stopped.is_set():
            worker = None
            try:
                worker = _make_worker()
                log.info("worker_started")
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
    log.info("worker_stopped")


def _make_worker() -> ForkingWorker:
    """A worker with a connection of its own: it waits on it for jobs, longer than the application would."""
    settings: Settings = current_app.extensions["settings"]
    connection = redis.Redis.from_url(settings.redis_url, socket_connect_timeout=2, health_check_interval=30)
    return ForkingWorker(
        list(queue.QUEUES),
        connection=connection,
        serializer=JSONSerializer,
        log_job_description=False,
        worker_ttl=60,
    )
