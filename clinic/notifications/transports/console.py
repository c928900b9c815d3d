"""The console: shows a message on ``/dev/messages`` instead of sending it. Not allowed in production."""

from __future__ import annotations

from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.notifications.models import ConsoleMessage
from clinic.notifications.transports.outcome import Accepted, Outgoing


def show_on_console(outgoing: Outgoing) -> Accepted:
    """Keep the message where a developer can read it; nothing of it is logged."""
    with unit_of_work():
        row = ConsoleMessage(
            message_id=outgoing.message_id,
            kind=outgoing.kind,
            channel=outgoing.channel,
            address=outgoing.address,
            subject=outgoing.subject or None,
            body=outgoing.text,
            at=clock.now(),
        )
        db.session.add(row)
        db.session.flush()
        row_id = row.id
    return Accepted(f"console-{row_id}")
