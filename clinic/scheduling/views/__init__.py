"""The schedule's pages: calendar, booking, one visit, and what can be booked."""

from clinic.scheduling.views import (
    appointment,
    booking,
    calendar,
    closures,
    feeds,
    first_free,
    follow_up,
    hours,
    meetings,
    moving,
    offer,
    offering,
    printing,
    resizing,
    rooms,
    services,
    time_off,
    waiting_form,
    waitlist,
)
from clinic.scheduling.views.blueprint import bp

blueprints = (bp,)

__all__ = [
    "appointment",
    "blueprints",
    "booking",
    "calendar",
    "closures",
    "feeds",
    "first_free",
    "follow_up",
    "hours",
    "meetings",
    "moving",
    "offer",
    "offering",
    "printing",
    "resizing",
    "rooms",
    "services",
    "time_off",
    "waiting_form",
    "waitlist",
]
