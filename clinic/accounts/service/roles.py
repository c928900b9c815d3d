"""What people do here: a role at a facility, given and taken away one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.models import RoleGrant, User
from clinic.accounts.policy import Grant, can_change_roles, can_grant
from clinic.accounts.queries import grants_of
from clinic.accounts.service.open_sessions import end_sessions
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _

_ADMINS = 7_301_002
"""Advisory lock: two administrators cannot each remove the other at once and leave none."""


def grant_role(
    user: User, role: Role, *, facility_id: int | None = None, granted_by: int | None = None
) -> None:
    """Give a role at one facility (None: at all); giving it twice changes nothing."""
    values = {"user_id": user.id, "role": role, "facility_id": facility_id, "granted_by": granted_by}
    db.session.execute(
        insert(RoleGrant)
        .values(created_at=clock.now(), **values)
        .on_conflict_do_nothing(constraint="uq_role_grants_once")
    )


def check_may_grant(actor: Actor, grants: Iterable[Grant]) -> None:
    """Raise Forbidden when one of these is not the actor's to give or take."""
    if not all(can_grant(actor, grant) for grant in grants):
        raise Forbidden(_("You can give only roles of your own clinic, and never make administrators."))


def change_roles(
    actor: Actor, user: User, *, add: Collection[Grant] = (), remove: Collection[Grant] = ()
) -> None:
    """Give somebody roles and take others away; what is not named stays. Their sessions end.

    Raises Forbidden for what the actor may not give, Invalid when no role would be left, Conflict when no
    administrator would.
    """
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADMINS})
    held = grants_of(user.id)
    added, removed = set(add) - held - {Grant(Role.PATIENT)}, (set(remove) & held) - set(add)
    if not added and not removed:
        return
    if not can_change_roles(actor, user.id):
        raise Forbidden(_("You cannot change your own roles. Ask an administrator."))
    check_may_grant(actor, added | removed)
    after = (held | added) - removed
    if not after:
        raise Invalid(_("Choose at least one role."), field="grants")
    if _is_admin(held) and not _is_admin(after):
        keep_an_admin(user, field="grants")
    if removed:
        wanted = [_is(grant) for grant in removed]
        db.session.execute(delete(RoleGrant).where(RoleGrant.user_id == user.id, or_(*wanted)))
    for grant in sorted(added):
        grant_role(user, grant.role, facility_id=grant.place, granted_by=actor.user_id)
    end_sessions(user.id, "roles.changed")
    places = {grant.facility_id for grant in added | removed}
    audit.record(
        actor,
        "roles.changed",
        subject_type="user",
        subject_id=user.id,
        facility_id=(places.pop() or None) if len(places) == 1 else None,
        detail={"before": _names(held), "after": _names(after)},
    )


def keep_an_admin(user: User, field: str | None = None) -> None:
    """Raise Conflict when nobody but ``user`` could run the clinic. Holds others off until the commit."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADMINS})
    others = db.session.scalar(
        select(func.count(func.distinct(User.id)))
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(RoleGrant.role == Role.ADMIN, User.active, User.id != user.id, User.password_hash.is_not(None))
    )
    if not others:
        raise Conflict(_("This is the last administrator. Give somebody else the role first."), field=field)


def _is_admin(grants: Iterable[Grant]) -> bool:
    return any(grant.role == Role.ADMIN for grant in grants)


def _is(grant: Grant) -> ColumnElement[bool]:
    place = RoleGrant.facility_id
    at = place.is_(None) if grant.place is None else place == grant.place
    return and_(RoleGrant.role == grant.role, at)


def _names(grants: Iterable[Grant]) -> list[str]:
    return sorted(str(grant) for grant in grants)
