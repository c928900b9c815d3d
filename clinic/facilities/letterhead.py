"""What stands at the foot of a message: the clinic's name, address and telephone."""

from __future__ import annotations

from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.phones import show
from clinic.facilities.models import Facility
from clinic.facilities.queries import default_facility
from clinic.notifications.registry import Letterhead, register_letterhead


def connect() -> None:
    """Let messages ask for the clinic they come from."""
    register_letterhead(letterhead_of)


def letterhead_of(facility_id: int | None) -> Letterhead:
    """The letterhead of a facility, of the first one where none is meant; empty before there is one."""
    place = db.session.get(Facility, facility_id) if facility_id is not None else None
    if place is None:
        try:
            place = default_facility()
        except NotFound:
            return Letterhead()
    town = " ".join(part for part in (place.city, place.postal_code) if part)
    address = ", ".join(part for part in (place.line, town, place.state) if part)
    return Letterhead(clinic=place.name, clinic_phone=show(place.phone), clinic_address=address)
