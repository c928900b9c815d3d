"""A general limit on changing requests, for whoever is signed in or for the address they come from.

It protects the machine. Limits that protect people (codes, passwords) are counted in Postgres, where they
hold without the queue's server; this one lets requests pass when that server is away.
"""

from __future__ import annotations

import redis
from flask import Flask, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import parse
from limits.errors import StorageError

from clinic.config import Settings

CHANGES_PER_HOUR = "1000 per hour"
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def _who() -> str:
    actor = g.get("actor")
    return f"user:{actor.user_id}" if actor else f"origin:{get_remote_address()}"


limiter = Limiter(key_func=_who, default_limits=[])


def init_limits(app: Flask, settings: Settings) -> None:
    """Limit people to 1,000 changing requests an hour; ``limiter.exempt`` views (autosave) do not count."""
    app.config.update(
        RATELIMIT_STORAGE_URI=_storage(settings.redis_url),
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 1, "socket_timeout": 2},
        RATELIMIT_SWALLOW_ERRORS=True,
        RATELIMIT_HEADERS_ENABLED=False,
        RATELIMIT_STRATEGY="fixed-window",
        RATELIMIT_ENABLED=True,
        RATELIMIT_DEFAULT=CHANGES_PER_HOUR,
        RATELIMIT_KEY_PREFIX="limits",
    )
    limiter.init_app(app)

    @limiter.request_filter
    def only_changes() -> bool:
        return request.method in READING or g.get("actor") is None


def is_within(limit: str, *who: str) -> bool:
    """Count one more of something; False once ``limit``, such as ``60 per hour``, is reached for ``who``.

    For reading that needs a limit of its own. True when the server that counts is away.
    """
    try:
        return bool(limiter.limiter.hit(parse(limit), *who))
    except (redis.RedisError, StorageError):
        return True


def _storage(url: str) -> str:
    return url.replace("unix://", "redis+unix://", 1) if url.startswith("unix://") else url
