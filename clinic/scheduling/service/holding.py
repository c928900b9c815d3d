"""Holds: a place is kept for a short while, for somebody who fills in a form or to whom it is offered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.scheduling import policy
from clinic.scheduling.errors import SlotTaken
from clinic.scheduling.models import Allocation, Hold, HoldKind, Resource, ResourceUnit, Service
from clinic.scheduling.queries.taken import Besides
from clinic.scheduling.service import claims, places
from clinic.scheduling.service.claims import Claim, Stretch

FORM_SECONDS = 450
"""Seven and a half minutes: long enough for a form, short enough for whoever comes next."""
MOST_FORMS = 3
"""Nobody keeps more places than this at a time; the oldest is let go."""
CLAIM_TRIES = 6


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something could be booked: a service with somebody, from an instant on."""

    facility: Facility
    service: Service
    practitioner_id: int
    starts: datetime
    online: bool = False
    patient_sex: str | None = None

    @property
    def during(self) -> Stretch:
        return Range(self.starts, self.starts + timedelta(minutes=self.service.minutes))


def reserve(place: Place, *, purpose: str, kind: HoldKind, until: datetime, by: int | None) -> Hold:
    """Keep all that a visit at this place would claim, until an instant. A hold of the purpose is replaced.

    Raises SlotTaken where it is not free, and NotFound for somebody who does not work there.
    """
    leads = _units_of(place)
    if db.session.scalar(select(claims.stale_holds_exist())):
        claims.end_expired_holds()
    taken = place.service.taken(place.during)
    for _try in range(CLAIM_TRIES):
        wanted = {leads[0]} | places.find(
            places.Wanted(
                facility=place.facility,
                service=place.service,
                practitioner_id=place.practitioner_id,
                during=place.during,
                patient_sex=place.patient_sex,
                online=place.online,
                besides=Besides(hold=purpose),
            )
        )
        attempt = db.session.begin_nested()
        claims.lock_units(wanted | claims.held_units(purpose))
        claims.end_hold(purpose)
        kept = Hold(kind=kind, purpose=purpose, expires_at=until, created_by=by)
        db.session.add(kept)
        db.session.flush()
        got = claims.claim(
            [Claim(unit_id, taken) for unit_id in wanted],
            facility_id=place.facility.id,
            hold_id=kept.id,
        )
        if got == wanted:
            attempt.commit()
            return kept
        attempt.rollback()
        if leads[0] not in got:
            leads.pop(0)
            if not leads:
                break
    raise SlotTaken


def keep_for_form(actor: Actor, place: Place, key: str) -> Hold | None:
    """Keep a place while somebody fills in the form named ``key``; one place for a form, and no longer for
    asking again.

    None for a group session, whose seats are not kept, and for who may not book here. Raises SlotTaken.
    """
    if place.service.capacity > 1 or not policy.can_book(actor, place.facility.id):
        return None
    until = clock.now() + timedelta(seconds=FORM_SECONDS)
    purpose = form_purpose(actor, key)
    standing = _standing(place, purpose)
    if standing is not None:
        return standing
    kept = reserve(place, purpose=purpose, kind=HoldKind.FORM, until=until, by=actor.user_id)
    mine = db.session.scalars(
        select(Hold.purpose)
        .where(Hold.kind == HoldKind.FORM, Hold.created_by == actor.user_id)
        .order_by(Hold.expires_at.desc(), Hold.id.desc())
    ).all()
    for older in mine[MOST_FORMS:]:
        claims.end_hold(older)
    return kept


def _standing(place: Place, purpose: str) -> Hold | None:
    """The hold of this purpose, if it keeps this very place."""
    return db.session.scalars(
        select(Hold)
        .join(Allocation, Allocation.hold_id == Hold.id)
        .join(ResourceUnit, ResourceUnit.id == Allocation.unit_id)
        .join(Resource, Resource.id == ResourceUnit.resource_id)
        .where(
            Hold.purpose == purpose,
            Hold.expires_at > clock.now(),
            Allocation.during == place.service.taken(place.during),
            Resource.practitioner_id == place.practitioner_id,
        )
        .limit(1)
    ).first()


def let_go(actor: Actor, key: str) -> None:
    """Give back what the form named ``key`` kept."""
    claims.end_hold(form_purpose(actor, key))


def kept_until(actor: Actor, key: str) -> datetime | None:
    """Until when the form named ``key`` keeps its place; None when it keeps none."""
    until: datetime | None = db.session.scalar(
        select(Hold.expires_at).where(Hold.purpose == form_purpose(actor, key), Hold.expires_at > clock.now())
    )
    return until


def form_purpose(actor: Actor, key: str) -> str:
    """What the hold of somebody's form is for: nobody else's form can name it."""
    return f"form {actor.user_id or 0}:{key}"


def _units_of(place: Place) -> list[int]:
    units = list(
        db.session.scalars(
            select(ResourceUnit.id)
            .join(Resource, Resource.id == ResourceUnit.resource_id)
            .where(
                Resource.facility_id == place.facility.id,
                Resource.practitioner_id == place.practitioner_id,
                Resource.active,
                ~ResourceUnit.overbook,
            )
            .order_by(ResourceUnit.number)
        )
    )
    if not units:
        raise NotFound(_("This practitioner does not work at this clinic."))
    return units
