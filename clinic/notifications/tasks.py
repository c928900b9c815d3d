"""What a worker is asked to do. A job carries a row's id and nothing else."""

from __future__ import annotations

from clinic.notifications import sending


def send(message_id: int) -> None:
    """Send one message, if it is due and nobody else has it."""
    sending.send(message_id)
