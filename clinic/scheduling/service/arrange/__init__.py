"""Setting up what can be booked: people's places and hours, rooms, services, time off."""

from clinic.scheduling.service.arrange.closures import add_time_off, remove_time_off
from clinic.scheduling.service.arrange.hours import Interval, set_hours
from clinic.scheduling.service.arrange.people import add_practitioner
from clinic.scheduling.service.arrange.rooms import add_room, change_room
from clinic.scheduling.service.arrange.services import ServiceDetails, save_service, set_performers

__all__ = [
    "Interval",
    "ServiceDetails",
    "add_practitioner",
    "add_room",
    "add_time_off",
    "change_room",
    "remove_time_off",
    "save_service",
    "set_hours",
    "set_performers",
]
