"""Finding what somebody proves themselves with, and whether their clinic asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import column, exists, func, or_, select, table

from clinic.accounts.models import Authenticator, Passkey, RecoveryCode, RoleGrant
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _

_facilities = table(
    "facilities", column("id"), column("name"), column("active"), column("second_step_required")
)
"""Facilities stand above accounts; a name and whether they ask for a second step is all that is needed."""


@dataclass(frozen=True, kw_only=True)
class Factors:
    """What somebody has beside a password. ``on_since`` is None while no second step is asked for.

    ``codes_left`` are recovery codes not yet used; ``required`` is whether a clinic they work at asks for it.
    """

    on_since: datetime | None
    codes_left: int
    passkeys: int
    required: bool


def factors_of(user_id: int) -> Factors:
    """What somebody has, in one statement."""
    since = select(Authenticator.confirmed_at).where(Authenticator.user_id == user_id).scalar_subquery()
    codes = (
        select(func.count())
        .where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
        .scalar_subquery()
    )
    passkeys = select(func.count()).where(Passkey.user_id == user_id).scalar_subquery()
    required = exists().where(
        _facilities.c.active.is_(True),
        _facilities.c.second_step_required.is_(True),
        RoleGrant.user_id == user_id,
        RoleGrant.role != Role.PATIENT,
        or_(RoleGrant.facility_id.is_(None), RoleGrant.facility_id == _facilities.c.id),
    )
    row = db.session.execute(select(since, codes, passkeys, select(required).scalar_subquery())).one()
    return Factors(on_since=row[0], codes_left=row[1], passkeys=row[2], required=row[3])


def passkeys_of(user_id: int) -> list[Passkey]:
    """Somebody's passkeys, the oldest first."""
    query = select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)
    return list(db.session.scalars(query))


def own_passkey(actor: Actor, passkey_id: int) -> Passkey:
    """One of one's own passkeys. Raises NotFound for anybody else's."""
    query = select(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == actor.user_id)
    passkey = db.session.scalars(query).first()
    if passkey is None:
        raise NotFound(_("There is no such passkey."))
    return passkey


def clinic_name() -> str:
    """What an app calls the place a code or passkey is for: the oldest clinic's name."""
    query = select(_facilities.c.name).where(_facilities.c.active.is_(True)).order_by(_facilities.c.id)
    return str(db.session.scalar(query.limit(1)) or "Sutra")
