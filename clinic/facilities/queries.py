"""Which clinic somebody works at."""

from __future__ import annotations

from sqlalchemy import select

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.facilities.policy import can_change


def active_facilities() -> list[Facility]:
    """All facilities that see patients, the oldest first."""
    return list(db.session.scalars(select(Facility).where(Facility.active).order_by(Facility.id)))


def default_facility() -> Facility:
    """The first active facility. Raises NotFound before there is one."""
    facility = db.session.scalars(
        select(Facility).where(Facility.active).order_by(Facility.id).limit(1)
    ).first()
    if facility is None:
        raise NotFound(_("No clinic has been set up yet."))
    return facility


def facility_of(actor: Actor) -> Facility:
    """The facility a person works at: the first active one their roles are for, else the first there is."""
    if actor.facility_ids:
        mine = select(Facility).where(Facility.active, Facility.id.in_(actor.facility_ids))
        facility = db.session.scalars(mine.order_by(Facility.id).limit(1)).first()
        if facility is not None:
            return facility
    return default_facility()


def get_facility(facility_id: int) -> Facility:
    """One facility. Raises NotFound."""
    facility = db.session.get(Facility, facility_id)
    if facility is None:
        raise NotFound(_("There is no such clinic."))
    return facility


def get_changeable(actor: Actor, facility_id: int) -> Facility:
    """A clinic for who may change it; for everybody else there is none such. Raises NotFound."""
    facility = get_facility(facility_id)
    if not can_change(actor, facility.id):
        raise NotFound(_("There is no such clinic."))
    return facility
