"""The job queue. It only makes things quicker: rows in Postgres say what to do; a sweep finds them."""

from __future__ import annotations

import time
from typing import Any

import redis
import structlog
from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from clinic.config import Settings

log = structlog.get_logger(__name__)
HIGH, DEFAULT, LOW, BULK, LONG = "high", "default", "low", "bulk", "long"
LANES = ((HIGH, DEFAULT), (LOW, BULK), (LONG,))
"""Queues by the worker that serves them, the first of each before the others: what is many, or takes minutes,
never stands before a code.
"""
LEFT_ALONE_SECONDS = 5.0
"""After a failure nobody waits for the server again for this long."""


def init_queue(app: Flask, settings: Settings) -> None:
    """One lazily connecting pool per process. A server that hangs costs two seconds, once in five.

    A connection that broke is tried once more, because a restart breaks them all; a silence is not.
    """
    app.extensions["redis"] = redis.Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=1,
        socket_timeout=2,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
    app.extensions["queue_left_alone_until"] = 0.0


def connection() -> redis.Redis:
    """This application's Redis or Valkey client."""
    client: redis.Redis = current_app.extensions["redis"]
    return client


def queue(name: str = DEFAULT) -> Queue:
    """The queue called ``name``; jobs are JSON, so they can carry ids and nothing more."""
    return Queue(name, connection=connection(), serializer=JSONSerializer)


def enqueue(task: str, *ids: int, priority: str = DEFAULT, longest_seconds: int = 120) -> bool:
    """Put ``task`` (a dotted path) on the queue with row ids. False when it is away; a sweep finds them.

    A job that takes longer than ``longest_seconds`` is ended.
    """
    if time.monotonic() < current_app.extensions["queue_left_alone_until"]:
        return False
    try:
        options: dict[str, Any] = {"result_ttl": 0, "failure_ttl": 86_400, "job_timeout": longest_seconds}
        queue(priority).enqueue(task, args=ids, **options)
    except redis.RedisError as failure:
        log.warning("queue_away", error=type(failure).__name__)
        current_app.extensions["queue_left_alone_until"] = time.monotonic() + LEFT_ALONE_SECONDS
        return False
    return True


def is_up() -> bool:
    """Whether the queue's server answers."""
    try:
        return bool(connection().ping())
    except redis.RedisError:
        return False
