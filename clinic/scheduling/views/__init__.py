"""The schedule's pages: calendar, booking, one visit, and what can be booked."""

from clinic.scheduling.views import appointment, arrange, booking, calendar, moving, time_off
from clinic.scheduling.views.blueprint import bp

blueprints = (bp,)

__all__ = ["appointment", "arrange", "blueprints", "booking", "calendar", "moving", "time_off"]
