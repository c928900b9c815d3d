"""The schedule's pages: calendar, booking, one visit, and what can be booked."""

from clinic.scheduling.views import (
    appointment,
    arrange,
    booking,
    calendar,
    feeds,
    follow_up,
    meetings,
    moving,
    printing,
    time_off,
)
from clinic.scheduling.views.blueprint import bp

blueprints = (bp,)

__all__ = [
    "appointment",
    "arrange",
    "blueprints",
    "booking",
    "calendar",
    "feeds",
    "follow_up",
    "meetings",
    "moving",
    "printing",
    "time_off",
]
