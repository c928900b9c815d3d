"""The schedule's pages."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import Blueprint, g

from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import show_moment
from clinic.facilities.models import Facility
from clinic.facilities.queries import facility_of
from clinic.scheduling.models import AppointmentEvent

bp = Blueprint("scheduling", __name__)
STAFF_ROLES = (Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.THERAPIST)
ARRANGING = (Role.ADMIN, Role.FACILITY_ADMIN)
LOOKING = (*ARRANGING, Role.RECEPTIONIST)
"""Who may see what is arranged: hours, closures."""


def here(actor: Actor) -> Facility:
    """The facility a request is about, looked up once in it."""
    if "facility" not in g:
        g.facility = facility_of(actor)
    facility: Facility = g.facility
    return facility


@bp.app_template_filter("facility_today")
def facility_today(facility: Facility) -> date:
    """The date it is where the facility is."""
    return clock.today(facility.zone)


@bp.app_template_filter("days_on")
def days_on(day: date, days: int) -> date:
    """The date so many days later."""
    return day + timedelta(days=days)


@bp.app_template_filter("local_day")
def local_day(moment: datetime, zone_name: str) -> date:
    """The date of an instant in a zone."""
    return moment.astimezone(clock.zone(zone_name)).date()


_EVENTS = {
    "booked": _l("Booked"),
    "confirmed": _l("Confirmed"),
    "rejected": _l("Declined"),
    "arrived": _l("Arrived"),
    "started": _l("Started"),
    "completed": _l("Done"),
    "cancelled": _l("Cancelled"),
    "no_show": _l("Did not come"),
    "resized": _l("Length changed"),
    "resize_undone": _l("Length changed back"),
    "taken_back": _l("Last step taken back"),
    "undone": _l("Undone within the minute"),
    "patient_coming": _l("The patient says they will come"),
    "patient_not_coming": _l("The patient says they will not come"),
    "follow_up": _l("Follow-up"),
    "follow_up_settled": _l("Follow-up settled"),
    "meeting_changed": _l("Link to the meeting changed"),
}


@bp.app_template_filter("event_words")
def event_words(event: AppointmentEvent, zone_name: str) -> str:
    """What happened, in words."""
    before = event.from_during.lower if event.from_during is not None else None
    if before is not None and event.kind in ("moved", "move_undone"):
        when = show_moment(before, zone_name)
        if event.kind == "moved":
            return _("Moved from %(when)s", when=when)
        return _("Moved back from %(when)s", when=when)
    return str(_EVENTS.get(event.kind) or event.kind.replace("_", " ").capitalize())
