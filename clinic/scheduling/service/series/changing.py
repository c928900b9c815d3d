"""Changing several visits of a series at once: all of them or none, and undone together within the minute."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.scheduling import policy, series_messages
from clinic.scheduling.errors import ChangedMeanwhile, SlotTaken
from clinic.scheduling.models import Appointment, EndReason, Hold
from clinic.scheduling.queries.series import SeriesShown
from clinic.scheduling.service import claims
from clinic.scheduling.service.claims import Claim, Stretch
from clinic.scheduling.service.lifecycle import UNDO_SECONDS, cancel, lock, undo_purpose
from clinic.scheduling.service.moves import change_place, move_purpose, remainders
from clinic.scheduling.service.moving_back import undo_move
from clinic.scheduling.service.series.booking import OneTaken
from clinic.scheduling.service.series.locks import lock_visits, units_claimed, units_wanted
from clinic.scheduling.service.undoing import undo_end
from clinic.scheduling.transitions import MOVABLE


@dataclass(frozen=True, kw_only=True)
class NewPlace:
    """Where a visit of a series goes, and the version of it that the person saw."""

    visit: Appointment
    practitioner_id: int
    starts: datetime
    version: int

    @property
    def during(self) -> Stretch:
        return Range(self.starts, self.starts + (self.visit.ends - self.visit.starts))


def cancel_visits(
    actor: Actor,
    shown: SeriesShown,
    versions: Mapping[int, int],
    *,
    code: EndReason,
    reason: str | None = None,
    tell: bool = True,
) -> None:
    """Call off the visits that ``versions`` names, by id and the version the person saw.

    For a minute all of them can be undone together; then the patient is told once. Raises ChangedMeanwhile,
    Forbidden, and Conflict where a visit has begun or ended.
    """
    visits = _chosen(actor, shown, versions)
    claims.queue_for_patient(visits[0].patient_id)
    lock_visits(versions)
    claims.lock_units(units_claimed(versions))
    since = clock.now()
    until = since + timedelta(seconds=UNDO_SECONDS)
    for visit in visits:
        lock(visit, versions[visit.id])
        _is_ahead(visit)
        cancel(actor, visit, reason, code=code, tell=False)
    _undone_until(until, [undo_purpose(visit) for visit in visits])
    series_messages.cancelled(shown.series, visits, since=since, undo_until=until, tell=tell)
    db.session.flush()


def move_visits(
    actor: Actor,
    shown: SeriesShown,
    places: Sequence[NewPlace],
    *,
    reason: str | None = None,
    tell: bool = True,
) -> None:
    """Move visits of a series; one may take the place that another leaves.

    What none of them takes again stays held for a minute, so that all can be undone together; then the
    patient is told once. Raises OneTaken for a visit whose place is gone, and what ``move`` raises.
    """
    versions = {place.visit.id: place.version for place in places}
    visits = _chosen(actor, shown, versions)
    service = visits[0].service
    claims.queue_for_patient(visits[0].patient_id)
    lock_visits(versions)
    people = {place.practitioner_id for place in places} | {visit.practitioner_id for visit in visits}
    claims.lock_units(units_claimed(versions) | units_wanted(shown.series.facility_id, service, people))
    for visit in visits:
        lock(visit, versions[visit.id])
        _is_ahead(visit)
    until = clock.now() + timedelta(seconds=UNDO_SECONDS)
    left: dict[int, list[Claim]] = {}
    moved = [place for place in _in_turn(places) if not _is_there(place)]
    for place in moved:
        visit = place.visit
        left[visit.id] = claims.claims_of(visit.id)
        try:
            change_place(
                actor,
                visit,
                place.during,
                place.practitioner_id,
                event="moved",
                reason=reason,
                tell=False,
            )
        except SlotTaken as taken:
            raise OneTaken(visit.reference, taken.message) from taken
        claims.end_hold(move_purpose(visit))
    _keep(actor, [place.visit for place in moved], left, until)
    if moved:
        since = until - timedelta(seconds=UNDO_SECONDS)
        series_messages.moved(shown.series, shown.visits, since=since, undo_until=until, tell=tell)
    db.session.flush()


def undo(actor: Actor, shown: SeriesShown) -> int:
    """Undo the person's last change to the series as a whole; how many visits are as they were.

    Raises Conflict once the minute is over, or where there was none.
    """
    claims.queue_for_patient(shown.visits[0].patient_id)
    lock_visits([visit.id for visit in shown.visits])
    purposes = {undo_purpose(visit): visit for visit in shown.visits}
    purposes |= {move_purpose(visit): visit for visit in shown.visits}
    last, until = _last_change(actor, purposes)
    if until is None:
        raise Conflict(_("It is too late to undo this."))
    ended = [purposes[purpose] for purpose in last if purpose == undo_purpose(purposes[purpose])]
    moved = [purposes[purpose] for purpose in last if purpose == move_purpose(purposes[purpose])]
    everything = {visit.id for visit in (*ended, *moved)}
    units = units_claimed(everything)
    for purpose in last:
        units |= claims.held_units(purpose)
    people = {visit.practitioner_id for visit in (*ended, *moved)}
    units |= units_wanted(shown.series.facility_id, shown.visits[0].service, people)
    claims.lock_units(units)
    for visit in ended:
        undo_end(actor, visit)
    for visit in _back_in_turn(moved):
        undo_move(actor, visit)
    series_messages.undone(shown.series)
    db.session.flush()
    return len(everything)


def undo_left(actor: Actor, shown: SeriesShown) -> int:
    """How many seconds are left in which the person can undo their last change to the series; 0 if none."""
    purposes = {undo_purpose(visit): visit for visit in shown.visits}
    purposes |= {move_purpose(visit): visit for visit in shown.visits}
    _last, until = _last_change(actor, purposes)
    return clock.seconds_until(until) if until else 0


def _chosen(actor: Actor, shown: SeriesShown, versions: Mapping[int, int]) -> list[Appointment]:
    """The visits named, by id. Raises Forbidden where one is somebody else's to change."""
    visits = sorted((visit for visit in shown.visits if visit.id in versions), key=lambda visit: visit.id)
    if not visits or len(visits) != len(versions):
        raise ChangedMeanwhile
    if actor.is_patient or not all(policy.can_move(actor, visit) for visit in visits):
        raise Forbidden(_("You may not move this visit."))
    return visits


def _is_ahead(visit: Appointment) -> None:
    if visit.status not in MOVABLE or visit.starts <= clock.now():
        raise ChangedMeanwhile


def _is_there(place: NewPlace) -> bool:
    visit = place.visit
    return place.starts == visit.starts and place.practitioner_id == visit.practitioner_id


def _in_turn(places: Sequence[NewPlace]) -> list[NewPlace]:
    """An order in which each visit finds its place left by the others; what turns in a ring comes last."""
    waiting = sorted(places, key=lambda place: place.starts)
    ordered: list[NewPlace] = []
    while waiting:
        standing = {place.visit.id: place.visit.service.taken(place.visit.during) for place in waiting}
        free = next(
            (
                place
                for place in waiting
                if not any(
                    during.overlaps(place.visit.service.taken(place.during))
                    for visit_id, during in standing.items()
                    if visit_id != place.visit.id
                )
            ),
            waiting[0],
        )
        waiting.remove(free)
        ordered.append(free)
    return ordered


def _back_in_turn(visits: Sequence[Appointment]) -> list[Appointment]:
    """The last moved first: the way back is the way there, the other way round."""
    return sorted(visits, key=_moved_at, reverse=True)


def _moved_at(visit: Appointment) -> int:
    from_event = db.session.scalar(
        select(Hold.id).where(Hold.purpose == move_purpose(visit)).order_by(Hold.id.desc()).limit(1)
    )
    return from_event or 0


def _keep(
    actor: Actor, visits: Sequence[Appointment], left: Mapping[int, Sequence[Claim]], until: datetime
) -> None:
    """Hold what the visits had and none of them has taken, each for itself, in the order they moved."""
    taken = [claim for visit in visits for claim in claims.claims_of(visit.id)]
    for visit in visits:
        free = list(left[visit.id])
        for now in taken:
            free = [
                Claim(old.unit_id, rest)
                for old in free
                for rest in remainders(old, {now.unit_id}, now.during)
            ]
        claims.hold(
            free,
            facility_id=visit.facility_id,
            purpose=move_purpose(visit),
            until=until,
            by=actor.user_id,
        )


def _undone_until(until: datetime, purposes: Collection[str]) -> None:
    """Give the holds of one change one end: by it they are known to belong together."""
    db.session.execute(
        update(Hold)
        .where(Hold.purpose.in_(purposes))
        .values(expires_at=until)
        .execution_options(synchronize_session=False)
    )


def _last_change(actor: Actor, purposes: Collection[str]) -> tuple[list[str], datetime | None]:
    """What the places of the person's last change are held for, and until when."""
    rows = db.session.execute(
        select(Hold.purpose, Hold.expires_at)
        .where(
            Hold.purpose.in_(list(purposes)),
            Hold.created_by == actor.user_id,
            Hold.expires_at > clock.now(),
        )
        .order_by(Hold.expires_at.desc(), Hold.id)
    ).all()
    if not rows:
        return [], None
    until = rows[0].expires_at
    return [row.purpose for row in rows if row.expires_at == until], until
