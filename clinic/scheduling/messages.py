"""What patients are told about their visits."""

from __future__ import annotations

from datetime import datetime

from clinic.scheduling.models import Appointment


def booked(appointment: Appointment, *, tell: bool) -> None:
    """A visit was booked."""


def confirmed(appointment: Appointment, *, tell: bool) -> None:
    """A visit that waited for a word was confirmed."""


def moved(appointment: Appointment, *, old_start: datetime, tell: bool, undo_until: datetime) -> None:
    """A visit has another time."""


def ended(appointment: Appointment, *, tell: bool, undo_until: datetime | None = None) -> None:
    """A visit will not take place."""


def undone(appointment: Appointment) -> None:
    """The last change was taken back."""


def connect() -> None:
    """Register the kinds of messages."""
