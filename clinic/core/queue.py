"""The job queue. It only makes things quicker: rows in Postgres say what is to be done, and a sweep finds them all."""

from __future__ import annotations

from typing import Any

import redis
import structlog
from flask import Flask, current_app
from rq import Queue
from rq.serializers import JSONSerializer

from clinic.config import Settings

log = structlog.get_logger(__name__)
HIGH, DEFAULT = "high", "default"
QUEUES = (HIGH, DEFAULT)


def init_queue(app: Flask, settings: Settings) -> None:
    """One lazily connecting pool per process; a server that is away costs a second, not the request."""
    app.extensions["redis"] = redis.Redis.from_url(
        settings.redis_url, socket_connect_timeout=1, socket_timeout=5, health_check_interval=30
    )


def connection() -> redis.Redis:
    """This application's Redis or Valkey client."""
    client: redis.Redis = current_app.extensions["redis"]
    return client


def queue(name: str = DEFAULT) -> Queue:
    """The queue called ``name``; jobs are JSON, so they can carry ids and nothing more."""
    return Queue(name, connection=connection(), serializer=JSONSerializer)


def enqueue(task: str, *ids: int, priority: str = DEFAULT) -> bool:
    """Put ``task`` (a dotted path) on the queue with row ids. False when the queue is away: the sweep will find the row."""
    try:
        options: dict[str, Any] = {"result_ttl": 0, "failure_ttl": 86_400, "job_timeout": 120}
        queue(priority).enqueue(task, args=ids, **options)
    except redis.RedisError as failure:
        log.warning("queue_away", error=type(failure).__name__)
        return False
    return True


def is_up() -> bool:
    """Whether the queue's server answers."""
    try:
        return bool(connection().ping())
    except redis.RedisError:
        return False
