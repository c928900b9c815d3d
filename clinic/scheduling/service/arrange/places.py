"""How many visits a resource takes at once: its units, added and taken away."""

from __future__ import annotations

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import aliased

from clinic.core import clock
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict
from clinic.core.i18n import gettext as _
from clinic.scheduling.models import OVERBOOK_FROM, Allocation, Resource, ResourceUnit

MOST_OVERBOOK = 3

constraint_means(
    "fk_allocations_unit_id", lambda: Conflict(_("This place has just been taken away."), field="slot")
)


def set_places(resource: Resource, places: int) -> None:
    """Give a resource the units 0 to ``places`` - 1. Raises Conflict where one to go is claimed in the
    future.
    """
    _set_units(resource, 0, places, overbook=False)


def set_overbook_places(resource: Resource, places: int) -> None:
    """Give a practitioner the units 100 to 100 + ``places`` - 1. Raises Conflict as ``set_places``."""
    _set_units(resource, OVERBOOK_FROM, places, overbook=True)


def places_of(resource_id: int) -> tuple[int, int]:
    """How many visits a resource takes at once, and how many more over that."""
    row = db.session.execute(
        select(func.count().filter(~ResourceUnit.overbook), func.count().filter(ResourceUnit.overbook)).where(
            ResourceUnit.resource_id == resource_id
        )
    ).one()
    return row[0], row[1]


def _set_units(resource: Resource, first: int, places: int, *, overbook: bool) -> None:
    units = list(
        db.session.scalars(
            select(ResourceUnit)
            .where(ResourceUnit.resource_id == resource.id, ResourceUnit.overbook.is_(overbook))
            .order_by(ResourceUnit.number)
            .with_for_update()
        )
    )
    wanted = range(first, first + places)
    surplus = [unit for unit in units if unit.number not in wanted]
    if surplus:
        _take_away([unit.id for unit in surplus], resource)
    there = {unit.number for unit in units}
    db.session.add_all(
        ResourceUnit(resource_id=resource.id, number=number, overbook=overbook)
        for number in wanted
        if number not in there
    )
    db.session.flush()


def _take_away(unit_ids: list[int], resource: Resource) -> None:
    """Take units away that nobody has claimed from now on; what they were claimed for goes to the first."""
    claimed = db.session.scalar(
        select(func.count())
        .select_from(Allocation)
        .where(
            Allocation.unit_id.in_(unit_ids), Allocation.active, func.upper(Allocation.during) > clock.now()
        )
    )
    if claimed:
        raise Conflict(
            _("%(name)s is booked on a place that would go. Move those visits first.", name=resource.name),
            field="places",
        )
    kept = db.session.scalar(
        select(func.min(ResourceUnit.id)).where(
            ResourceUnit.resource_id == resource.id, ResourceUnit.number == 0
        )
    )
    for unit_id in unit_ids:
        _hand_on(unit_id, kept)
    db.session.execute(
        delete(ResourceUnit)
        .where(ResourceUnit.id.in_(unit_ids))
        .execution_options(synchronize_session="fetch")
    )


def _hand_on(unit_id: int, kept: int | None) -> None:
    """Past claims go to another unit of the same resource; where that one was claimed too, as inactive
    ones.
    """
    same_time = aliased(Allocation)
    taken = exists().where(
        same_time.unit_id == kept, same_time.active, same_time.during.op("&&")(Allocation.during)
    )
    mine = update(Allocation).where(Allocation.unit_id == unit_id)
    for statement in (
        mine.where(~taken).values(unit_id=kept),
        mine.values(unit_id=kept, active=False),
    ):
        db.session.execute(statement.execution_options(synchronize_session=False))
