"""gunicorn's settings, here and in production. One synchronous worker per core was faster than threads."""

import os
import sys
from typing import Any

_development = os.environ.get("SUTRA_ENV") == "development"

_host = "127.0.0.1" if _development else "0.0.0.0"  # noqa: S104 - a host's router comes from outside
bind = f"{_host}:{os.environ.get('PORT') or '8000'}"
workers = int(os.environ.get("WEB_CONCURRENCY") or os.cpu_count() or 2)
worker_class = "sync"
preload_app = True

timeout = 30
graceful_timeout = 20  # hosts kill after 30 s
max_requests = 5000
max_requests_jitter = 500

# The application logs each request itself, without query strings and names.
accesslog = None
errorlog = "-"
loglevel = "warning"

# The application reads the proxy's headers itself (PROXY_COUNT), so gunicorn believes none of them.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}

control_socket_disable = True
_memory = "/dev/shm"  # noqa: S108 - gunicorn makes its file there unreadable to others
if sys.platform.startswith("linux") and os.access(_memory, os.W_OK):
    worker_tmp_dir = _memory  # the heartbeat must not wait for a disk


def post_fork(_server: Any, worker: Any) -> None:
    """Forget the connections of the process that loaded the application; they stay its own.

    A long download says with ``heartbeat`` that it gets on: the worker would be ended after ``timeout``,
    which runs through a whole request.
    """
    application = worker.app.wsgi()
    application.extensions["heartbeat"] = worker.notify
    database = application.extensions.get("sqlalchemy")
    if database is not None:
        with application.app_context():
            for engine in database.engines.values():
                engine.dispose(close=False)
