"""What the clocks of the clinic somebody works at show."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import column, or_, select, table

from clinic.accounts.models import RoleGrant
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db

_facilities = table("facilities", column("id"), column("zone"), column("active"))
"""Facilities stand above accounts; here they only say what time it is."""


def zones_of(user_ids: Collection[int]) -> dict[int, str]:
    """The zone of the first clinic each of these people works at, ``HOME_ZONE`` without one; one query."""
    query = (
        select(RoleGrant.user_id, _facilities.c.zone)
        .join(_facilities, or_(RoleGrant.facility_id.is_(None), RoleGrant.facility_id == _facilities.c.id))
        .where(
            RoleGrant.user_id.in_(user_ids), RoleGrant.role != Role.PATIENT, _facilities.c.active.is_(True)
        )
        .order_by(_facilities.c.id.desc())
    )
    zones = {row.user_id: row.zone for row in db.session.execute(query)}
    return {user_id: zones.get(user_id, clock.HOME_ZONE) for user_id in user_ids}
