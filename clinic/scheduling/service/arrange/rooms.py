"""Rooms: what they are for, and how many visits fit in."""

from __future__ import annotations

from sqlalchemy import func, select

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.scheduling.models import Resource, ResourceUnit
from clinic.scheduling.service.arrange.allowed import must_arrange


def add_room(actor: Actor, facility: Facility, *, name: str, room_kind: str, places: int = 1) -> Resource:
    """Add a room of a kind (``consultation``, ``dhara``, …) with as many places as visits fit in at once."""
    must_arrange(actor, facility.id)
    if not name.strip():
        raise Invalid(_("Enter a name."), field="name")
    if not room_kind.strip():
        raise Invalid(_("Say what kind of room it is."), field="room_kind")
    if not 1 <= places <= 50:
        raise Invalid(_("A room has 1 to 50 places."), field="places")
    position = db.session.scalar(
        select(func.coalesce(func.max(Resource.position), 0) + 1).where(
            Resource.facility_id == facility.id, Resource.kind == "room"
        )
    )
    room = Resource(
        facility_id=facility.id,
        kind="room",
        name=name.strip(),
        room_kind=room_kind.strip(),
        position=min(position or 0, 32_000),
    )
    db.session.add(room)
    db.session.flush()
    db.session.add_all(ResourceUnit(resource_id=room.id, number=number) for number in range(places))
    db.session.flush()
    audit.record(actor, "room.created", subject_type="resource", subject_id=room.id, facility_id=facility.id)
    return room


def change_room(actor: Actor, room: Resource, *, name: str, room_kind: str, active: bool) -> None:
    """Rename a room, say what it is for, or close it. What is booked in it stays booked."""
    must_arrange(actor, room.facility_id)
    if not name.strip():
        raise Invalid(_("Enter a name."), field="name")
    if not room_kind.strip():
        raise Invalid(_("Say what kind of room it is."), field="room_kind")
    room.name, room.room_kind, room.active = name.strip(), room_kind.strip(), active
    db.session.flush()
    audit.record(
        actor, "room.changed", subject_type="resource", subject_id=room.id, facility_id=room.facility_id
    )
