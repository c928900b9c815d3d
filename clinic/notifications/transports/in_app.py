"""The inboxes of this site."""

from __future__ import annotations

from clinic.core.db import unit_of_work
from clinic.notifications import inbox
from clinic.notifications.transports.outcome import Accepted, Outcome, Outgoing, Refused
from clinic.notifications.wording import Why


def put_into_inbox(outgoing: Outgoing) -> Outcome:
    """Put a message into the inbox of each person it is for; a second try changes nothing."""
    to = inbox.user_ids(outgoing.address)
    if not to:
        return Refused(Why.NO_READER)
    with unit_of_work():
        inbox.put(
            outgoing.message_id,
            to=to,
            title=outgoing.subject,
            body=outgoing.text,
            path=outgoing.link or None,
        )
    return Accepted(f"inbox-{outgoing.message_id}")
