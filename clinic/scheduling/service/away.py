"""Time off and closures together with what becomes of the visits in their way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.dialects.postgresql import Range

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.scheduling.models import Appointment, Resource, ResourceKind, TimeOff
from clinic.scheduling.queries.stranded import visits_needing
from clinic.scheduling.service.arrange import Closure, add_closures, add_time_off, facility_resource
from clinic.scheduling.service.moves import move, reassign


@dataclass(frozen=True, kw_only=True)
class Left:
    """A visit that stays where it was, and why it could not be moved; no reason where nobody asked for it."""

    visit: Appointment
    why: str | None = None


@dataclass(frozen=True, kw_only=True)
class Ways:
    """What is to become of visits, by reference: a practitioner and start to move to, or the same time with
    another room or therapist. What is in neither stays as it is.
    """

    moves: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)
    stays: Collection[str] = ()
    tell: bool = True


@dataclass(frozen=True, kw_only=True)
class WentAway:
    """Time off as entered, the visits that were moved, those that keep their time with something else, and
    those still in its way.
    """

    entered: Sequence[TimeOff]
    moved: list[Appointment] = field(default_factory=list)
    kept: list[Appointment] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def go_away(
    actor: Actor, resource: Resource, *, starts: datetime, ends: datetime, reason: str, ways: Ways
) -> WentAway:
    """Enter time off and settle the visits in its way.

    A place that went to somebody else meanwhile leaves its visit where it was; the others move all the same.
    Raises what ``add_time_off`` raises.
    """
    off = add_time_off(actor, resource, starts=starts, ends=ends, reason=reason)
    result = WentAway(entered=[off])
    _settle(actor, resource, result, ways)
    return result


def close(actor: Actor, facility: Facility, closures: Sequence[Closure], *, ways: Ways) -> WentAway:
    """Close the clinic on some days and settle the visits of these days, as ``go_away`` does.

    Raises what ``add_closures`` raises.
    """
    result = WentAway(entered=add_closures(actor, facility, closures))
    _settle(actor, facility_resource(facility), result, ways)
    return result


def _settle(actor: Actor, resource: Resource, result: WentAway, ways: Ways) -> None:
    during = [Range(off.during.lower, off.during.upper) for off in result.entered]
    for visit in visits_needing(resource, during):
        if visit.reference not in ways.moves and visit.reference not in ways.stays:
            result.left.append(Left(visit=visit))
            continue
        try:
            with db.session.begin_nested():
                _take(actor, visit, resource, ways)
            (result.kept if visit.reference in ways.stays else result.moved).append(visit)
        except DomainError as wrong:
            result.left.append(Left(visit=visit, why=wrong.message))


def _take(actor: Actor, visit: Appointment, resource: Resource, ways: Ways) -> None:
    """The way that was chosen for a visit."""
    if visit.reference in ways.stays:
        reassign(actor, visit, reason=_why(resource))
        return
    practitioner_id, starts = ways.moves[visit.reference]
    move(
        actor,
        visit,
        starts,
        practitioner_id,
        reason=_why(resource),
        tell=ways.tell,
        expected_version=visit.version,
    )


def _why(resource: Resource) -> str:
    if resource.kind == ResourceKind.FACILITY:
        return _("The clinic is closed")
    return _("%(name)s is away", name=resource.name)
