"""When: what can be booked, what it claims, and what became of it."""

from clinic.scheduling.models.appointments import (
    CLAIMING,
    FINAL,
    Appointment,
    AppointmentEvent,
    AppointmentStatus,
)
from clinic.scheduling.models.claims import Allocation, Hold
from clinic.scheduling.models.resources import (
    Resource,
    ResourceKind,
    ResourceUnit,
    Service,
    ServicePractitioner,
    TimeOff,
    WorkingHours,
)

__all__ = [
    "CLAIMING",
    "FINAL",
    "Allocation",
    "Appointment",
    "AppointmentEvent",
    "AppointmentStatus",
    "Hold",
    "Resource",
    "ResourceKind",
    "ResourceUnit",
    "Service",
    "ServicePractitioner",
    "TimeOff",
    "WorkingHours",
]
