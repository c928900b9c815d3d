"""What a worker is asked to do for imports. A job carries an import's id and nothing else."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import SQLAlchemyError

from clinic.core.db import db
from clinic.imports import service

log = structlog.get_logger(__name__)


def carry_on(import_id: int) -> None:
    """Take the next step of an import, and one that was asked for while this worker was still at the last.

    Without the database nothing is lost: the sweep asks again.
    """
    try:
        while service.carry_on(import_id):
            pass
    except SQLAlchemyError as failure:
        log.warning("import_put_off", import_id=import_id, error=type(failure).__name__)
    finally:
        db.session.remove()
