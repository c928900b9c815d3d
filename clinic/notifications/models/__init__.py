"""Messages and what belongs to them, one module each."""

from __future__ import annotations

from clinic.notifications.models.console import ConsoleMessage
from clinic.notifications.models.message import FINAL, OPEN, Channel, Message, Status

__all__ = ["FINAL", "OPEN", "Channel", "ConsoleMessage", "Message", "Status"]
