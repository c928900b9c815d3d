"""What a worker is asked to do. A job carries a row's id and nothing else."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import SQLAlchemyError

from clinic.core.db import db
from clinic.notifications import broadcasts, sending

log = structlog.get_logger(__name__)


def send(message_id: int) -> None:
    """Send one message, if it is due and nobody else has it.

    A database that is away is no reason to fail loudly: its error would carry the row into the queue's
    records, and the sweep comes back to the message anyway.
    """
    try:
        sending.send(message_id)
    except SQLAlchemyError as failure:
        log.warning("send_put_off", message=message_id, error=type(failure).__name__)
    finally:
        db.session.remove()


def write_broadcast(broadcast_id: int) -> None:
    """Write the messages of a broadcast whose time has come. Where this is cut off the next one goes on."""
    try:
        broadcasts.write_when_due(broadcast_id)
    except SQLAlchemyError as failure:
        log.warning("broadcast_put_off", broadcast=broadcast_id, error=type(failure).__name__)
    finally:
        db.session.remove()
