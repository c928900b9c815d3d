"""When: what can be booked, what it claims, and what became of it."""

from clinic.scheduling.models.appointments import (
    CLAIMING,
    FINAL,
    Appointment,
    AppointmentEvent,
    AppointmentStatus,
)
from clinic.scheduling.models.claims import Allocation, Hold, HoldKind
from clinic.scheduling.models.endings import AppointmentLink, EndedBy, EndReason, FollowUp
from clinic.scheduling.models.feeds import CalendarFeed
from clinic.scheduling.models.groups import GroupSeat, GroupSession, Series
from clinic.scheduling.models.papers import AppointmentPaper
from clinic.scheduling.models.resources import (
    OVERBOOK_FROM,
    PEOPLE,
    Resource,
    ResourceKind,
    ResourceUnit,
    Service,
    ServicePractitioner,
    TimeOff,
    WorkingHours,
)
from clinic.scheduling.models.waitlist import (
    ALL_WEEK,
    WAITS,
    OfferStatus,
    PartOfDay,
    Reach,
    WaitlistEntry,
    WaitlistOffer,
    WaitlistPractitioner,
    WaitStatus,
)

__all__ = [
    "ALL_WEEK",
    "CLAIMING",
    "FINAL",
    "OVERBOOK_FROM",
    "PEOPLE",
    "WAITS",
    "Allocation",
    "Appointment",
    "AppointmentEvent",
    "AppointmentLink",
    "AppointmentPaper",
    "AppointmentStatus",
    "CalendarFeed",
    "EndReason",
    "EndedBy",
    "FollowUp",
    "GroupSeat",
    "GroupSession",
    "Hold",
    "HoldKind",
    "OfferStatus",
    "PartOfDay",
    "Reach",
    "Resource",
    "ResourceKind",
    "ResourceUnit",
    "Series",
    "Service",
    "ServicePractitioner",
    "TimeOff",
    "WaitStatus",
    "WaitlistEntry",
    "WaitlistOffer",
    "WaitlistPractitioner",
    "WorkingHours",
]
