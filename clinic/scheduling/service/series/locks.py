"""The order in which changes to many visits queue up: the patient, the visits by id, the units by id."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, or_, select

from clinic.core.db import db
from clinic.scheduling.models import Allocation, Appointment, Resource, ResourceUnit, Service


def lock_visits(visit_ids: Collection[int]) -> None:
    """Hold these visits, in the order of their ids."""
    db.session.execute(
        select(Appointment.id)
        .where(Appointment.id.in_(sorted(visit_ids)))
        .order_by(Appointment.id)
        .with_for_update(key_share=True)
    )


def units_wanted(facility_id: int, service: Service, practitioner_ids: Collection[int]) -> set[int]:
    """Every unit that visits of the service with these people could claim."""
    kinds: list[ColumnElement[bool]] = [Resource.practitioner_id.in_(practitioner_ids)]
    if service.room_kind:
        kinds.append(and_(Resource.kind == "room", Resource.room_kind == service.room_kind))
    if service.therapists:
        kinds.append(Resource.kind == "therapist")
    if service.equipment:
        kinds.append(and_(Resource.kind == "equipment", Resource.equipment_kind.in_(set(service.equipment))))
    return set(
        db.session.scalars(
            select(ResourceUnit.id)
            .join(Resource, Resource.id == ResourceUnit.resource_id)
            .where(Resource.facility_id == facility_id, or_(*kinds))
        )
    )


def units_claimed(visit_ids: Collection[int]) -> set[int]:
    """The units that these visits claim now."""
    return set(
        db.session.scalars(
            select(Allocation.unit_id).where(Allocation.appointment_id.in_(visit_ids), Allocation.active)
        )
    )
