"""Who and what a facility has, and what a service needs of it that is not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select

from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    PEOPLE,
    Resource,
    ResourceKind,
    ResourceUnit,
    Service,
    ServicePractitioner,
)


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody in the calendar, as whom, and whether anybody can book them: verified and active."""

    practitioner_id: int
    name: str
    kind: str
    bookable: bool


@dataclass(kw_only=True)
class Inventory:
    """The people of a facility by name, and its rooms' places and pieces of equipment by kind."""

    people: list[Person] = field(default_factory=list)
    rooms: Counter[str] = field(default_factory=Counter)
    equipment: Counter[str] = field(default_factory=Counter)

    def choices(self) -> list[tuple[int, str]]:
        """Everybody who could be named as performing a service: id and name."""
        return [(one.practitioner_id, one.name) for one in self.people]


def load_inventory(facility_id: int) -> Inventory:
    """Who and what can be used at a facility. One statement."""
    inventory = Inventory()
    for kind, sort, practitioner_id, name, bookable, units in db.session.execute(
        select(
            Resource.kind,
            func.coalesce(Resource.room_kind, Resource.equipment_kind, ""),
            Practitioner.id,
            Practitioner.name,
            Practitioner.verified_at.is_not(None),
            func.count(ResourceUnit.id),
        )
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .outerjoin(Practitioner, Practitioner.id == Resource.practitioner_id)
        .where(
            Resource.facility_id == facility_id,
            Resource.active,
            ~ResourceUnit.overbook,
            or_(Resource.practitioner_id.is_(None), Practitioner.active),
        )
        .group_by(Resource.id, Practitioner.id)
        .order_by(Practitioner.search_name, Resource.id)
    ):
        if kind in PEOPLE:
            inventory.people.append(
                Person(practitioner_id=practitioner_id, name=name, kind=kind, bookable=bookable)
            )
        else:
            (inventory.rooms if kind == ResourceKind.ROOM else inventory.equipment)[sort] += units
    return inventory


def named_performers(service_ids: Collection[int]) -> dict[int, set[int]]:
    """Who is named at these services, by service; one that names nobody is left out. One statement."""
    named: dict[int, set[int]] = {}
    for service_id, practitioner_id in db.session.execute(
        select(ServicePractitioner.service_id, ServicePractitioner.practitioner_id).where(
            ServicePractitioner.service_id.in_(service_ids)
        )
    ):
        named.setdefault(service_id, set()).add(practitioner_id)
    return named


def lacking(
    services: Sequence[Service], inventory: Inventory, named: Mapping[int, Collection[int]]
) -> dict[int, list[str]]:
    """For each service that cannot be booked as it is, what is missing, in sentences."""
    found = {}
    for service in services:
        missing = [
            *_people_missing(service, inventory, named.get(service.id, ())),
            *_things_missing(service, inventory),
        ]
        if missing:
            found[service.id] = missing
    return found


def _people_missing(service: Service, inventory: Inventory, named: Collection[int]) -> list[str]:
    bookable = [one for one in inventory.people if one.bookable]
    performers = [one for one in bookable if not named or one.practitioner_id in named]
    if not performers:
        return [_("Nobody who performs it can be booked.")]
    beside = sum(1 for one in bookable if one.kind == ResourceKind.THERAPIST)
    if all(one.kind == ResourceKind.THERAPIST for one in performers):
        beside -= 1
    if service.therapists > beside:
        return [
            ngettext(
                "%(num)s therapist can be beside it; it needs %(needed)s.",
                "%(num)s therapists can be beside it; it needs %(needed)s.",
                beside,
                needed=service.therapists,
            )
        ]
    return []


def _things_missing(service: Service, inventory: Inventory) -> list[str]:
    if not service.in_person:
        return []
    missing = []
    if service.room_kind and not inventory.rooms[service.room_kind]:
        missing.append(_("No room of kind “%(kind)s” yet.", kind=service.room_kind))
    for kind, needed in Counter(service.equipment or ()).items():
        pieces = inventory.equipment[kind]
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
