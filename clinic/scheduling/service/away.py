"""Time off together with what becomes of the visits in its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.dialects.postgresql import Range

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.scheduling.models import Appointment, Resource, TimeOff
from clinic.scheduling.queries.stranded import visits_during
from clinic.scheduling.service.arrange import add_time_off
from clinic.scheduling.service.moves import move


@dataclass(frozen=True, kw_only=True)
class Left:
    """A visit that stays where it was, and why it could not be moved; no reason where nobody asked for it."""

    visit: Appointment
    why: str | None = None


@dataclass(frozen=True, kw_only=True)
class WentAway:
    """Time off as entered, the visits that were moved, and those that stay in its way."""

    time_off: TimeOff
    moved: list[Appointment] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def go_away(
    actor: Actor,
    resource: Resource,
    *,
    starts: datetime,
    ends: datetime,
    reason: str,
    moves: Mapping[str, tuple[int, datetime]],
    tell: bool = True,
) -> WentAway:
    """Enter time off and move visits out of its way: ``moves`` names practitioner and start by reference.

    A place that went to somebody else meanwhile leaves its visit where it was; the others move all the same.
    Raises what ``add_time_off`` raises.
    """
    result = WentAway(time_off=add_time_off(actor, resource, starts=starts, ends=ends, reason=reason))
    if resource.practitioner_id is None:
        return result
    for visit in visits_during(resource.facility_id, resource.practitioner_id, Range(starts, ends)):
        wanted = moves.get(visit.reference)
        if wanted is None:
            result.left.append(Left(visit=visit))
            continue
        try:
            with db.session.begin_nested():
                move(
                    actor,
                    visit,
                    wanted[1],
                    wanted[0],
                    reason=_("%(name)s is away", name=resource.name),
                    tell=tell,
                    expected_version=visit.version,
                )
            result.moved.append(visit)
        except DomainError as wrong:
            result.left.append(Left(visit=visit, why=wrong.message))
    return result
