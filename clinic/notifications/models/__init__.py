"""Messages and what belongs to them, one module each."""

from __future__ import annotations

from clinic.notifications.models.broadcast import Broadcast, BroadcastStatus, Purpose
from clinic.notifications.models.choices import MessageChoice, QuietHours, SmsStop
from clinic.notifications.models.console import ConsoleMessage
from clinic.notifications.models.inbound import InboundMessage, Meaning, Reply
from clinic.notifications.models.inbox import InboxItem, PushSubscription
from clinic.notifications.models.message import FINAL, OPEN, Channel, Message, Priority, Status
from clinic.notifications.models.spending import ProviderHealth, SmsDay
from clinic.notifications.models.texts import MessageText, TextForm

__all__ = [
    "FINAL",
    "OPEN",
    "Broadcast",
    "BroadcastStatus",
    "Channel",
    "ConsoleMessage",
    "InboundMessage",
    "InboxItem",
    "Meaning",
    "Message",
    "MessageChoice",
    "MessageText",
    "Priority",
    "ProviderHealth",
    "Purpose",
    "PushSubscription",
    "QuietHours",
    "Reply",
    "SmsDay",
    "SmsStop",
    "Status",
    "TextForm",
]
