"""Rooms and equipment: what they are for, and how many visits they serve at once."""

from __future__ import annotations

from sqlalchemy import func, select

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.scheduling.models import Resource, ResourceKind
from clinic.scheduling.service.arrange.allowed import must_arrange
from clinic.scheduling.service.arrange.places import set_places

MOST_PLACES = 50
MOST_PIECES = 50


def add_room(actor: Actor, facility: Facility, *, name: str, room_kind: str, places: int = 1) -> Resource:
    """Add a room of a kind (``consultation``, ``dhara``, …) with as many places as visits fit in at once."""
    must_arrange(actor, facility.id)
    room = Resource(facility_id=facility.id, kind=ResourceKind.ROOM, position=_next(facility.id, "room"))
    _describe_room(room, name, room_kind, places)
    db.session.add(room)
    db.session.flush()
    set_places(room, places)
    _noted(actor, "room.created", room)
    return room


def change_room(
    actor: Actor, room: Resource, *, name: str, room_kind: str, active: bool, places: int | None = None
) -> None:
    """Rename a room, say what it is for and how many visits fit in, or close it. What is booked in it stays
    booked.

    Raises Conflict where a place that would go is claimed in the future.
    """
    must_arrange(actor, room.facility_id)
    _describe_room(room, name, room_kind, places or 1)
    room.active = active
    db.session.flush()
    if places is not None:
        set_places(room, places)
    _noted(actor, "room.changed", room)


def add_equipment(
    actor: Actor, facility: Facility, *, name: str, equipment_kind: str, pieces: int = 1
) -> Resource:
    """Add equipment of a kind (``dhara stand``, ``steam box``, …), so many pieces of it."""
    must_arrange(actor, facility.id)
    thing = Resource(
        facility_id=facility.id, kind=ResourceKind.EQUIPMENT, position=_next(facility.id, "equipment")
    )
    _describe_equipment(thing, name, equipment_kind, pieces)
    db.session.add(thing)
    db.session.flush()
    set_places(thing, pieces)
    _noted(actor, "equipment.created", thing)
    return thing


def change_equipment(
    actor: Actor, thing: Resource, *, name: str, equipment_kind: str, pieces: int, active: bool
) -> None:
    """Rename equipment, say of what kind it is and how many pieces there are, or put it away.

    Raises Conflict where a piece that would go is claimed in the future.
    """
    must_arrange(actor, thing.facility_id)
    _describe_equipment(thing, name, equipment_kind, pieces)
    thing.active = active
    db.session.flush()
    set_places(thing, pieces)
    _noted(actor, "equipment.changed", thing)


def _describe_room(room: Resource, name: str, room_kind: str, places: int) -> None:
    if not name.strip():
        raise Invalid(_("Enter a name."), field="name")
    if not room_kind.strip():
        raise Invalid(_("Say what kind of room it is."), field="room_kind")
    if not 1 <= places <= MOST_PLACES:
        raise Invalid(_("A room has 1 to 50 places."), field="places")
    room.name, room.room_kind = name.strip(), room_kind.strip()


def _describe_equipment(thing: Resource, name: str, equipment_kind: str, pieces: int) -> None:
    if not name.strip():
        raise Invalid(_("Enter a name."), field="name")
    if not equipment_kind.strip():
        raise Invalid(_("Say what kind of equipment it is."), field="equipment_kind")
    if not 1 <= pieces <= MOST_PIECES:
        raise Invalid(_("From 1 to 50 pieces."), field="pieces")
    thing.name, thing.equipment_kind = name.strip(), equipment_kind.strip()


def _next(facility_id: int, kind: str) -> int:
    position = db.session.scalar(
        select(func.coalesce(func.max(Resource.position), 0) + 1).where(
            Resource.facility_id == facility_id, Resource.kind == kind
        )
    )
    return min(position or 0, 32_000)


def _noted(actor: Actor, action: str, resource: Resource) -> None:
    audit.record(
        actor, action, subject_type="resource", subject_id=resource.id, facility_id=resource.facility_id
    )
