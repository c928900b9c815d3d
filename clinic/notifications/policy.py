"""Who sees what became of messages.

The front desk sees the messages of its own facilities, to patients, practitioners and the clinic itself, and
codes, so that it can help somebody who got none. An administrator sees the fates of all messages, and the
names of staff and clinics, never of patients.
"""

from __future__ import annotations

from clinic.core.access import FRONT_DESK, Actor, Role
from clinic.notifications.models import Message

STAFF_RECIPIENT = "user"
AT_WORK = ("practitioner", "facility")
"""Recipients that are no secret to an administrator, nor to the front desk they work with."""


def sees_all(actor: Actor) -> bool:
    """Whether the person sees the messages of every facility, those to staff among them."""
    return actor.has(Role.ADMIN)


def can_view(actor: Actor, message: Message) -> bool:
    """Whether the person may know of this message."""
    if sees_all(actor):
        return True
    return message.recipient_type != STAFF_RECIPIENT and _at_its_desk(actor, message)


def can_name_recipient(actor: Actor, message: Message) -> bool:
    """Whether the person may see whom the message is for."""
    if message.recipient_type == STAFF_RECIPIENT:
        return sees_all(actor)
    if message.recipient_type in AT_WORK and sees_all(actor):
        return True
    return _at_its_desk(actor, message)


def _at_its_desk(actor: Actor, message: Message) -> bool:
    """A message of no facility, such as a code, is every desk's."""
    return actor.has(*FRONT_DESK, at=message.facility_id)


def can_change(actor: Actor, message: Message) -> bool:
    """Whether the person may send the message again, or stop it."""
    return can_view(actor, message)
