"""Messages and what belongs to them, one module each."""

from __future__ import annotations

from clinic.notifications.models.choices import MessageChoice, QuietHours, SmsStop
from clinic.notifications.models.console import ConsoleMessage
from clinic.notifications.models.inbound import InboundMessage, Meaning
from clinic.notifications.models.inbox import InboxItem, PushSubscription
from clinic.notifications.models.message import FINAL, OPEN, Channel, Message, Status

__all__ = [
    "FINAL",
    "OPEN",
    "Channel",
    "ConsoleMessage",
    "InboundMessage",
    "InboxItem",
    "Meaning",
    "Message",
    "MessageChoice",
    "PushSubscription",
    "QuietHours",
    "SmsStop",
    "Status",
]
