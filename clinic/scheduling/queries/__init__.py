"""Reading the schedule."""

from clinic.scheduling.queries.appointments import (
    day_appointments,
    get_appointment,
    get_service,
    history,
    is_guardian,
    next_appointment,
    patient_appointments,
    practitioner_day,
    practitioners,
    resources_of,
    services,
)
from clinic.scheduling.queries.availability import free_slots
from clinic.scheduling.slots import Slot

__all__ = [
    "Slot",
    "day_appointments",
    "free_slots",
    "get_appointment",
    "get_service",
    "history",
    "is_guardian",
    "next_appointment",
    "patient_appointments",
    "practitioner_day",
    "practitioners",
    "resources_of",
    "services",
]
