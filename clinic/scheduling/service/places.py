"""What a visit takes besides whoever performs it: a room, therapists and equipment that are free together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, exists, func, or_, select

from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling.errors import SlotTaken
from clinic.scheduling.models import (
    PEOPLE,
    Allocation,
    Hold,
    Resource,
    ResourceKind,
    ResourceUnit,
    Service,
    TimeOff,
)
from clinic.scheduling.queries.taken import NOTHING, Besides, of_that_sex, weekly_hours
from clinic.scheduling.service.claims import Stretch
from clinic.scheduling.service.rules import covers
from clinic.scheduling.slots import WeeklyInterval


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A visit as far as its places go. ``during`` is without buffers; ``room_id`` insists on one room.

    ``prefer`` are units to take where they are free: those the visit has already.
    """

    facility: Facility
    service: Service
    practitioner_id: int
    during: Stretch
    patient_sex: str | None = None
    online: bool = False
    room_id: int | None = None
    besides: Besides = NOTHING
    prefer: frozenset[int] = frozenset()

    @property
    def needs_nothing(self) -> bool:
        service = self.service
        needs_room = self.room_id is not None or (service.room_kind and not self.online)
        return not (needs_room or service.therapists or (service.equipment and not self.online))


def find(wanted: Wanted) -> frozenset[int]:
    """Units for the room, the therapists and the equipment of a visit, free when this is read.

    Raises SlotTaken saying what is missing. One statement, none if only the performer is needed.
    """
    if wanted.needs_nothing:
        return frozenset()
    free = [row for row in _free(wanted) if _is_there(row, wanted)]
    free.sort(key=lambda row: row.unit_id not in wanted.prefer)
    service = wanted.service
    chosen: set[int] = set()
    if wanted.room_id is not None or (service.room_kind and not wanted.online):
        rooms = [row for row in free if row.kind == ResourceKind.ROOM]
        if not rooms:
            raise SlotTaken(_("No room for this is free at that time."))
        chosen.add(rooms[0].unit_id)
    if service.therapists:
        therapists: dict[int, int] = {}
        for row in free:
            if row.kind in PEOPLE:
                therapists.setdefault(row.resource_id, row.unit_id)
        if len(therapists) < service.therapists:
            raise SlotTaken(_("Not enough therapists are free at that time."))
        chosen.update(list(therapists.values())[: service.therapists])
    if not wanted.online:
        for sort, count in Counter(service.equipment or ()).items():
            pieces = [row.unit_id for row in free if row.kind == ResourceKind.EQUIPMENT and row.sort == sort]
            if len(pieces) < count:
                raise SlotTaken(_("%(equipment)s is in use at that time.", equipment=sort))
            chosen.update(pieces[:count])
    return frozenset(chosen)


def _is_there(row: Row[Any], wanted: Wanted) -> bool:
    """Whether the resource's own hours cover the visit; a thing without hours is always there."""
    if not row.hours:
        return row.kind not in PEOPLE
    return covers([WeeklyInterval.read(one) for one in row.hours], wanted.during, wanted.facility.zone)


def _free(wanted: Wanted) -> Sequence[Row[Any]]:
    """Units free from buffer to buffer whose resource is not away, in the calendar's order."""
    taken = wanted.service.taken(wanted.during)
    others = (
        exists()
        .where(
            Allocation.unit_id == ResourceUnit.id,
            Allocation.active,
            func.upper(Allocation.during) > taken.lower,
            Allocation.during.op("&&")(taken),
            *_besides(wanted.besides),
        )
        .correlate(ResourceUnit)
    )
    away = exists().where(TimeOff.resource_id == Resource.id, TimeOff.during.op("&&")(taken))
    sort: Any = case((Resource.kind == "room", Resource.room_kind), else_=Resource.equipment_kind)
    return db.session.execute(
        select(
            Resource.id.label("resource_id"),
            Resource.kind.label("kind"),
            sort.label("sort"),
            ResourceUnit.id.label("unit_id"),
            weekly_hours().label("hours"),
        )
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .outerjoin(Practitioner, Practitioner.id == Resource.practitioner_id)
        .where(
            Resource.facility_id == wanted.facility.id,
            Resource.active,
            ~ResourceUnit.overbook,
            or_(*_kinds(wanted)),
            ~others,
            ~away,
        )
        .order_by(Resource.position, Resource.id, ResourceUnit.number)
    ).all()


def _besides(besides: Besides) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if besides.appointment_id is not None:
        conditions.append(Allocation.appointment_id.is_distinct_from(besides.appointment_id))
    if besides.appointment_ids:
        conditions.append(func.coalesce(Allocation.appointment_id, 0).not_in(besides.appointment_ids))
    if besides.hold is not None:
        own = select(Hold.id).where(Hold.purpose == besides.hold)
        conditions.append(or_(Allocation.hold_id.is_(None), Allocation.hold_id.not_in(own)))
    return conditions


def _kinds(wanted: Wanted) -> list[ColumnElement[bool]]:
    service = wanted.service
    kinds: list[ColumnElement[bool]] = []
    if wanted.room_id is not None:
        kinds.append(and_(Resource.kind == "room", Resource.id == wanted.room_id))
    elif service.room_kind and not wanted.online:
        kinds.append(and_(Resource.kind == "room", Resource.room_kind == service.room_kind))
    if service.therapists:
        therapist = [
            Resource.kind == "therapist",
            Practitioner.active,
            Practitioner.verified_at.is_not(None),
            Practitioner.id != wanted.practitioner_id,
        ]
        if service.same_sex and not wanted.online:
            therapist.append(of_that_sex(Practitioner.sex, wanted.patient_sex))
        kinds.append(and_(*therapist))
    if service.equipment and not wanted.online:
        kinds.append(
            and_(Resource.kind == "equipment", Resource.equipment_kind.in_(sorted(set(service.equipment))))
        )
    return kinds
