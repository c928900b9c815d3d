"""What a service needs and the facility does not have, so that it can never be booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from sqlalchemy import func, or_, select

from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    Resource,
    ResourceKind,
    ResourceUnit,
    Service,
    ServicePractitioner,
)


def lacking(facility_id: int, services: Sequence[Service]) -> dict[int, list[str]]:
    """For each service that cannot be booked as it is, what is missing, in sentences. Two statements."""
    there = _there(facility_id)
    named = _named([service.id for service in services])
    found = {}
    for service in services:
        missing = [
            *_people_missing(service, there, named.get(service.id, set())),
            *_things_missing(service, there),
        ]
        if missing:
            found[service.id] = missing
    return found


class _There:
    """Who and what can be used at a facility: people by kind, and units by kind and sort."""

    def __init__(self) -> None:
        self.people: dict[int, str] = {}
        self.units: Counter[tuple[str, str]] = Counter()

    def count(self, kind: ResourceKind) -> int:
        return sum(1 for theirs in self.people.values() if theirs == kind)


def _there(facility_id: int) -> _There:
    there = _There()
    for kind, sort, practitioner_id, units in db.session.execute(
        select(
            Resource.kind,
            func.coalesce(Resource.room_kind, Resource.equipment_kind),
            Resource.practitioner_id,
            func.count(ResourceUnit.id),
        )
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .outerjoin(Practitioner, Practitioner.id == Resource.practitioner_id)
        .where(
            Resource.facility_id == facility_id,
            Resource.active,
            ~ResourceUnit.overbook,
            or_(
                Resource.practitioner_id.is_(None),
                Practitioner.active & Practitioner.verified_at.is_not(None),
            ),
        )
        .group_by(Resource.id)
    ):
        if practitioner_id is not None:
            there.people[practitioner_id] = kind
        else:
            there.units[kind, sort or ""] += units
    return there


def _named(service_ids: Collection[int]) -> dict[int, set[int]]:
    named: dict[int, set[int]] = {}
    for service_id, practitioner_id in db.session.execute(
        select(ServicePractitioner.service_id, ServicePractitioner.practitioner_id).where(
            ServicePractitioner.service_id.in_(service_ids)
        )
    ):
        named.setdefault(service_id, set()).add(practitioner_id)
    return named


def _people_missing(service: Service, there: _There, named: set[int]) -> list[str]:
    performers = set(there.people) & named if named else set(there.people)
    if not performers:
        return [_("Nobody who performs it can be booked.")]
    therapists = there.count(ResourceKind.THERAPIST)
    beside = therapists
    if all(there.people[one] == ResourceKind.THERAPIST for one in performers):
        beside -= 1
    if service.therapists > beside:
        return [
            ngettext(
                "%(num)s therapist can be beside it; it needs %(needed)s.",
                "%(num)s therapists can be beside it; it needs %(needed)s.",
                max(0, beside),
                needed=service.therapists,
            )
        ]
    return []


def _things_missing(service: Service, there: _There) -> list[str]:
    if not service.in_person:
        return []
    missing = []
    if service.room_kind and not there.units[ResourceKind.ROOM, service.room_kind]:
        missing.append(_("No room of kind “%(kind)s” yet.", kind=service.room_kind))
    for kind, needed in Counter(service.equipment or ()).items():
        pieces = there.units[ResourceKind.EQUIPMENT, kind]
        if not pieces:
            missing.append(_("No equipment of kind “%(kind)s” yet.", kind=kind))
        elif pieces < needed:
            missing.append(
                _(
                    "Only %(pieces)s of “%(kind)s”; it needs %(needed)s.",
                    pieces=pieces,
                    kind=kind,
                    needed=needed,
                )
            )
    return missing
