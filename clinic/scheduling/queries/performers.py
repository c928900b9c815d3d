"""Who performs which service."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select

from clinic.core.db import db
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Resource, ResourceUnit, ServicePractitioner


def performed_by(service_id: Any, practitioner_id: Any) -> ColumnElement[bool]:
    """An SQL condition: the practitioner performs the service, or the service names nobody."""
    named = exists().where(ServicePractitioner.service_id == service_id)
    return or_(~named, named.where(ServicePractitioner.practitioner_id == practitioner_id))


def performers_of(service_id: int) -> set[int]:
    """The practitioners a service names; none means everybody."""
    return set(
        db.session.scalars(
            select(ServicePractitioner.practitioner_id).where(ServicePractitioner.service_id == service_id)
        )
    )


def who_may_perform(facility_id: int) -> list[tuple[int, str]]:
    """Everybody in a facility's calendar who could be named: id and name, by name."""
    rows = db.session.execute(
        select(Practitioner.id, Practitioner.name)
        .join(Resource, Resource.practitioner_id == Practitioner.id)
        .where(Resource.facility_id == facility_id, Resource.active, Practitioner.active)
        .order_by(Practitioner.search_name, Practitioner.id)
    )
    return [(practitioner_id, name) for practitioner_id, name in rows]


def people_performing(facility_id: int, service_id: int) -> list[Practitioner]:
    """Everybody at a facility who performs a service and can be booked, by name. One statement."""
    return list(
        db.session.scalars(
            select(Practitioner)
            .join(Resource, Resource.practitioner_id == Practitioner.id)
            .where(
                Resource.facility_id == facility_id,
                Resource.active,
                Practitioner.active,
                Practitioner.verified_at.is_not(None),
                performed_by(service_id, Practitioner.id),
            )
            .order_by(Practitioner.search_name, Practitioner.id)
        )
    )


def can_be_overbooked(facility_id: int, practitioner_id: int) -> bool:
    """Whether a practitioner takes patients in between at a facility."""
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    Resource.facility_id == facility_id,
                    Resource.practitioner_id == practitioner_id,
                    ResourceUnit.resource_id == Resource.id,
                    ResourceUnit.overbook,
                )
            )
        )
    )
