"""Why a visit cannot be at a time, in a sentence, for many visits at once and without writing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import Range

from clinic.core.access import Actor
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_time
from clinic.facilities.models import Facility
from clinic.scheduling.errors import OutsideRules, SlotTaken
from clinic.scheduling.models import Service
from clinic.scheduling.queries.performers import people_performing
from clinic.scheduling.queries.series import Away, away_between, visits_between
from clinic.scheduling.queries.sessions import session_at
from clinic.scheduling.queries.taken import Besides
from clinic.scheduling.service import places
from clinic.scheduling.service.claims import Stretch
from clinic.scheduling.service.rules import Ground, check, load_ground


@dataclass(frozen=True, kw_only=True)
class Clash:
    """A visit that has no place at its time; without ``practitioner_id`` anybody would have done."""

    key: str
    starts: datetime
    practitioner_id: int | None


def reasons(
    actor: Actor,
    facility: Facility,
    service: Service,
    *,
    patient_id: int,
    online: bool,
    lasts: timedelta,
    besides: frozenset[int],
    first: datetime,
    somebody: int | None,
    clashes: Sequence[Clash],
) -> dict[str, str]:
    """The reason of each clash, by key. Raises what holds for all: who may not book, who has died.

    ``lasts`` is how long each visit is, ``first`` the first time of all and ``somebody`` whoever is looked at
    where anybody would do.
    """
    if somebody is None:
        performing = people_performing(facility.id, service.id)
        if not performing:
            raise OutsideRules(_("Nobody who performs it can be booked."), field="practitioner_id")
        somebody = performing[0].id
    grounds: dict[int, Ground] = {}

    def ground_of(practitioner_id: int) -> Ground:
        if practitioner_id not in grounds:
            grounds[practitioner_id] = load_ground(
                actor,
                facility_id=facility.id,
                service_id=service.id,
                patient_id=patient_id,
                practitioner_id=practitioner_id,
                starts=first,
            )
        return grounds[practitioner_id]

    _check_all(actor, ground_of(somebody), Range(first, first + lasts), online=online)
    if not clashes:
        return {}
    whole: Stretch = Range(
        min(one.starts for one in clashes) - timedelta(days=1),
        max(one.starts for one in clashes) + lasts + timedelta(days=1),
    )
    people = {one.practitioner_id or somebody for one in clashes}
    away = away_between(facility.id, people, whole)
    visits = visits_between(patient_id, whole, besides=besides)
    found = {}
    for one in clashes:
        during: Stretch = Range(one.starts, one.starts + lasts)
        known = _with_away(ground_of(one.practitioner_id or somebody), away, during)
        busy = next((visit for visit in visits if visit.during.overlaps(during)), None)
        if busy is not None:
            when = show_time(busy.during.lower or one.starts, facility.zone)
            found[one.key] = _(
                "The patient has a visit with %(name)s at %(time)s.", name=busy.practitioner, time=when
            )
            continue
        found[one.key] = (
            _rule_broken(actor, known, during, online=online, anybody=one.practitioner_id is None)
            or _full_session(service, one)
            or _thing_missing(
                known, during, online=online, besides=besides, anybody=one.practitioner_id is None
            )
            or _person_busy(known, anybody=one.practitioner_id is None)
        )
    return found


def _check_all(actor: Actor, ground: Ground, during: Stretch, *, online: bool) -> None:
    """Raise what stands in the way of every visit; what is about the time alone is named for each."""
    try:
        check(actor, ground, during, override_reason=None, online=online)
    except OutsideRules as broken:
        if broken.field != "slot":
            raise


def _with_away(ground: Ground, away: Sequence[Away], during: Stretch) -> Ground:
    """The ground as it is at one of the times: it was read for another."""
    taken = ground.service.taken(during)
    closed = next((one for one in away if one.practitioner_id is None and one.during.overlaps(during)), None)
    off = any(one.practitioner_id == ground.practitioner.id and one.during.overlaps(taken) for one in away)
    return replace(ground, closed_for=closed.reason if closed else None, is_off=off)


def _rule_broken(actor: Actor, ground: Ground, during: Stretch, *, online: bool, anybody: bool) -> str:
    if anybody and ground.closed_for is None:
        return ""
    try:
        check(actor, ground, during, override_reason=None, online=online)
    except DomainError as broken:
        return broken.message
    return ""


def _full_session(service: Service, one: Clash) -> str:
    if service.capacity == 1 or one.practitioner_id is None:
        return ""
    session = session_at(service.id, one.practitioner_id, one.starts)
    return _("This session is full.") if session is not None else ""


def _thing_missing(
    ground: Ground, during: Stretch, *, online: bool, besides: frozenset[int], anybody: bool
) -> str:
    try:
        places.find(
            places.Wanted(
                facility=ground.facility,
                service=ground.service,
                practitioner_id=0 if anybody else ground.practitioner.id,
                during=during,
                patient_sex=ground.patient.sex,
                online=online,
                besides=Besides(appointment_ids=besides),
            )
        )
    except SlotTaken as missing:
        return missing.message
    return ""


def _person_busy(ground: Ground, *, anybody: bool) -> str:
    if anybody:
        return _("Nobody who performs it is free at that time.")
    return _("%(name)s is booked at that time.", name=ground.practitioner.name)
