"""People's places in the calendar."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.db import db
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Resource, ResourceUnit


def add_practitioner(practitioner: Practitioner, facility_id: int) -> Resource:
    """Give a practitioner a place in a facility's calendar; the one there is, if there is one."""
    made = db.session.scalar(
        insert(Resource)
        .values(
            facility_id=facility_id,
            kind="practitioner",
            name=practitioner.name,
            practitioner_id=practitioner.id,
            position=0,
            active=True,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(constraint="uq_resources_practitioner")
        .returning(Resource.id)
    )
    resource = db.session.scalars(
        select(Resource).where(
            Resource.facility_id == facility_id, Resource.practitioner_id == practitioner.id
        )
    ).one()
    if made is not None:
        db.session.add(ResourceUnit(resource_id=resource.id, number=0))
        db.session.flush()
    return resource
