"""The token in a message that opens one visit without signing in."""

from __future__ import annotations

import secrets

from clinic.core import clock
from clinic.core.crypto import token_hash
from clinic.core.db import db
from clinic.scheduling.models import Appointment, AppointmentLink, AppointmentStatus

_BYTES = 16


def new_token(appointment: Appointment) -> str | None:
    """A new token of 128 bits (22 characters) for a visit that is still ahead; None for any other.

    Call it in the transaction that hands a message over: the token then stands nowhere but in the message,
    and here only its hash. A message that is tried again carries a new one; all work until the visit is over.
    """
    ahead = appointment.status in (AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED)
    if not ahead or appointment.starts <= clock.now():
        return None
    token = secrets.token_urlsafe(_BYTES)
    db.session.add(AppointmentLink(appointment_id=appointment.id, token_hash=token_hash(token)))
    return token
