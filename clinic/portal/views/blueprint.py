"""The blueprint, and what every page of the portal shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, g, url_for

from clinic.core import clock
from clinic.core.errors import NotFound
from clinic.core.phones import show as show_phone
from clinic.facilities.models import Facility
from clinic.facilities.queries import default_facility
from clinic.portal import display

bp = Blueprint("portal", __name__, url_prefix="/portal")


def clinic() -> Facility:
    """The clinic whose portal this is."""
    if "facility" not in g:
        g.facility = default_facility()
    facility: Facility = g.facility
    return facility


@bp.context_processor
def frame() -> dict[str, Any]:
    """The clinic's name and how far its day is, for the head of the page."""
    if g.get("actor") is None or not g.actor.is_patient:
        return {}
    try:
        facility = clinic()
    except NotFound:
        return {}  # an error page must still say that there is no clinic yet
    return {
        "clinic": facility,
        "clinic_name": facility.name,
        "portal_home_url": url_for("portal.home"),
        "locale_url": url_for("accounts.choose_locale"),
        "portal_thread": day_share(facility),
        "words": display,
        "show_phone": show_phone,
    }


def day_share(facility: Facility, moment: datetime | None = None) -> float:
    """How much of the facility's day is over, from 0 to 1."""
    local = (moment or clock.now()).astimezone(clock.zone(facility.zone))
    opens = facility.opens.hour * 60 + facility.opens.minute
    closes = facility.closes.hour * 60 + facility.closes.minute
    return round(min(max((local.hour * 60 + local.minute - opens) / (closes - opens), 0.0), 1.0), 4)
