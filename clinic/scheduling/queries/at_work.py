"""Which people who sign in read what goes to a practitioner or to a clinic."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select

from clinic.accounts.models import RoleGrant, User
from clinic.core.access import FRONT_DESK
from clinic.core.db import db
from clinic.practitioners.models import Practitioner


def practitioners_user(practitioner_id: int) -> Collection[int]:
    """The sign-in of a practitioner, if they have one that is in use."""
    return db.session.scalars(
        select(User.id)
        .join(Practitioner, Practitioner.user_id == User.id)
        .where(Practitioner.id == practitioner_id, Practitioner.active, User.active)
    ).all()


def front_desk_of(facility_id: int) -> Collection[int]:
    """Who is at the front desk of a clinic, at most 50."""
    return db.session.scalars(
        select(User.id)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(
            User.active,
            RoleGrant.role.in_(FRONT_DESK),
            or_(RoleGrant.facility_id.is_(None), RoleGrant.facility_id == facility_id),
        )
        .distinct()
        .order_by(User.id)
        .limit(50)
    ).all()
