"""What a worker is asked to do for the schedule. A job carries a row's id and nothing else."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import SQLAlchemyError

from clinic.core.db import db
from clinic.scheduling.service import waitlist

log = structlog.get_logger(__name__)


def look_for_waiting(facility_id: int) -> None:
    """Look who waits at a facility and could be offered something. What fails here the clock does again."""
    try:
        waitlist.look(facility_id)
    except SQLAlchemyError as failure:
        log.warning("look_put_off", facility=facility_id, error=type(failure).__name__)
    finally:
        db.session.remove()
