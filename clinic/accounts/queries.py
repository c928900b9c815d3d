"""Finding people who sign in, and what they have open."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import column, exists, func, select, table

from clinic.accounts.models import LoginSession, RoleGrant, SessionKind, User
from clinic.accounts.policy import IDLE, can_administer, reach_of
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.paging import COUNT_CAP, Page, PageRequest

_facilities = table("facilities", column("id"), column("short_name"), column("active"))
"""Facilities stand above accounts; a role only needs to name one."""


@dataclass(frozen=True)
class Person:
    """A line of the list of people."""

    user: User
    roles: tuple[Role, ...]
    invited: bool


def get_user(actor: Actor, user_id: int) -> User:
    """Somebody of the staff, for who administers them. Raises NotFound for anybody else."""
    user = db.session.get(User, user_id) if can_administer(actor) else None
    if user is None or not roles_of(user_id):
        raise NotFound(_("There is no such person."))
    return user


def own_user(actor: Actor) -> User:
    """The signed-in person's own row."""
    user = db.session.get(User, actor.user_id) if actor.user_id else None
    if user is None:
        raise NotFound(_("There is no such person."))
    return user


def actor_of(user_id: int) -> Actor | None:
    """Somebody of the staff as they act without a session, in a job they asked for; None once they may not
    sign in. Two statements.
    """
    user = db.session.scalars(select(User).where(User.id == user_id, User.active)).first()
    grants = db.session.execute(
        select(RoleGrant.role, RoleGrant.facility_id).where(
            RoleGrant.user_id == user_id, RoleGrant.role != Role.PATIENT
        )
    ).all()
    if user is None or not grants:
        return None
    return Actor(
        user_id=user.id,
        name=user.name,
        locale=user.locale,
        **reach_of((role, place) for role, place in grants),
    )


def roles_of(user_id: int) -> tuple[Role, ...]:
    """The staff roles somebody holds, in their usual order."""
    held = set(
        db.session.scalars(
            select(RoleGrant.role).where(RoleGrant.user_id == user_id, RoleGrant.role != Role.PATIENT)
        )
    )
    return tuple(role for role in Role if role in held)


def places_of(user_id: int) -> set[int | None]:
    """The facilities somebody's staff roles are for; None stands for all of them."""
    return set(
        db.session.scalars(
            select(RoleGrant.facility_id).where(RoleGrant.user_id == user_id, RoleGrant.role != Role.PATIENT)
        )
    )


def staff_page(request: PageRequest) -> Page[Person]:
    """Everybody with a staff role, active people first, by name."""
    is_staff = exists().where(RoleGrant.user_id == User.id, RoleGrant.role != Role.PATIENT)
    counted = db.session.scalar(
        select(func.count()).select_from(select(User.id).where(is_staff).limit(COUNT_CAP + 1).subquery())
    )
    users = db.session.scalars(
        select(User)
        .where(is_staff)
        .order_by(User.active.desc(), func.lower(User.name), User.id)
        .limit(request.limit)
        .offset(request.offset)
    ).all()
    grants = db.session.execute(
        select(RoleGrant.user_id, RoleGrant.role).where(
            RoleGrant.user_id.in_([user.id for user in users]), RoleGrant.role != Role.PATIENT
        )
    ).all()
    held: dict[int, set[str]] = {}
    for user_id, role in grants:
        held.setdefault(user_id, set()).add(role)
    people = [
        Person(
            user=user,
            roles=tuple(role for role in Role if role in held.get(user.id, ())),
            invited=user.password_hash is None,
        )
        for user in users
    ]
    total = counted or 0
    return Page(people, request, min(total, COUNT_CAP), capped=total > COUNT_CAP)


def open_sessions(user_id: int) -> list[LoginSession]:
    """Somebody's sessions that would still be let in, the one used last first."""
    now = clock.now()
    rows = db.session.scalars(
        select(LoginSession)
        .where(
            LoginSession.user_id == user_id, LoginSession.ended_at.is_(None), LoginSession.expires_at > now
        )
        .order_by(LoginSession.last_seen_at.desc(), LoginSession.id.desc())
        .limit(50)
    )
    return [row for row in rows if row.last_seen_at > now - IDLE[SessionKind(row.kind)]]


def facility_choices() -> list[tuple[int, str]]:
    """Facilities a role can be for: id and short name."""
    rows = db.session.execute(
        select(_facilities.c.id, _facilities.c.short_name)
        .where(_facilities.c.active.is_(True))
        .order_by(_facilities.c.id)
    )
    return [(facility_id, name) for facility_id, name in rows]
