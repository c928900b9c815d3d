"""Sending one message: stub until the next step."""

from __future__ import annotations


def send(message_id: int) -> str | None:
    """Send one message."""
    return None
