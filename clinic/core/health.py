"""``GET /healthz``: whether this process can work, for load balancers and people."""

from __future__ import annotations

import time

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from clinic import __version__
from clinic.core import queue
from clinic.core.access import allow
from clinic.core.db import db

bp = Blueprint("health", __name__)
_started = time.monotonic()


@bp.get("/healthz")
@allow(everybody=True)
def healthz() -> tuple[Response, int]:
    """503 only without the database; without the queue the clinic still works: ``degraded``."""
    database, jobs = _database_is_up(), queue.is_up()
    status = "ok" if database and jobs else "degraded" if database else "down"
    answer = jsonify(
        status=status,
        version=__version__,
        environment=str(current_app.extensions["settings"].environment),
        uptime_seconds=round(time.monotonic() - _started),
        database="up" if database else "down",
        queue="up" if jobs else "down",
    )
    return answer, 200 if database else 503


def _database_is_up() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
        return True
    except SQLAlchemyError:
        return False
    finally:
        db.session.rollback()
