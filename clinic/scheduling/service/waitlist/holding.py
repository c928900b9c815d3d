"""Holding the place of an offer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from clinic.core.db import db
from clinic.scheduling.models import Hold, HoldKind, Resource, ResourceUnit, WaitlistEntry, WaitlistOffer
from clinic.scheduling.service import claims
from clinic.scheduling.service.claims import Claim


def hold_place(entry: WaitlistEntry, made: WaitlistOffer, *, until: datetime, by: int | None) -> bool:
    """Hold all that a visit at the offered time would claim; False when some of it is taken."""
    taken = entry.service.taken(made.during)
    people = list(
        db.session.scalars(
            select(ResourceUnit.id)
            .join(Resource, Resource.id == ResourceUnit.resource_id)
            .where(
                Resource.facility_id == entry.facility_id,
                Resource.practitioner_id == made.practitioner_id,
                ~ResourceUnit.overbook,
            )
            .order_by(ResourceUnit.number)
        )
    )
    wanted = {people[0]}
    if entry.service.room_kind and entry.mode != "online":
        rooms = claims.free_room_units(entry.facility_id, taken, room_kind=entry.service.room_kind)
        if not rooms:
            return False
        wanted.add(rooms[0])
    kept = Hold(kind=HoldKind.OFFER, purpose=made.purpose, expires_at=until, created_by=by)
    db.session.add(kept)
    db.session.flush()
    got = claims.claim(
        [Claim(unit, taken) for unit in wanted], facility_id=entry.facility_id, hold_id=kept.id
    )
    return got == wanted
