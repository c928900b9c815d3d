"""Setting up what can be booked: people's places and hours, rooms, services, time off, closures."""

from clinic.scheduling.service.arrange.closures import (
    Closure,
    add_closures,
    add_time_off,
    facility_resource,
    remove_closure,
    remove_time_off,
)
from clinic.scheduling.service.arrange.hours import (
    Interval,
    add_extra_day,
    remove_extra_day,
    remove_planned_hours,
    set_hours,
)
from clinic.scheduling.service.arrange.people import add_practitioner, change_person
from clinic.scheduling.service.arrange.rooms import add_equipment, add_room, change_equipment, change_room
from clinic.scheduling.service.arrange.services import ServiceDetails, save_service, set_performers

__all__ = [
    "Closure",
    "Interval",
    "ServiceDetails",
    "add_closures",
    "add_equipment",
    "add_extra_day",
    "add_practitioner",
    "add_room",
    "add_time_off",
    "change_equipment",
    "change_person",
    "change_room",
    "facility_resource",
    "remove_closure",
    "remove_extra_day",
    "remove_planned_hours",
    "remove_time_off",
    "save_service",
    "set_hours",
    "set_performers",
]
