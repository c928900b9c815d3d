"""Finding people who sign in, and what they have open."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import JSON, ColumnElement, and_, column, exists, func, or_, select, table

from clinic.accounts.models import LoginSession, RoleGrant, SessionKind, User
from clinic.accounts.policy import IDLE, Grant, can_administer, can_grant, can_manage, reach_of
from clinic.core import clock
from clinic.core.access import STAFF, Actor, Role
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.paging import COUNT_CAP, Page, PageRequest

_facilities = table("facilities", column("id"), column("short_name"), column("active"))
"""Facilities stand above accounts; a role only needs to name one."""


@dataclass(frozen=True)
class Person:
    """A line of the list of people. ``places`` are the facilities their roles are for, by short name; empty
    for all of them.
    """

    user: User
    roles: tuple[Role, ...]
    places: tuple[str, ...]
    invited: bool


@dataclass(frozen=True, kw_only=True)
class Managed:
    """Somebody of the staff, for who looks after them, and what they do where."""

    user: User
    grants: frozenset[Grant]


def get_person(actor: Actor, user_id: int) -> Managed:
    """Somebody of the staff, for who looks after them. One statement. Raises NotFound for anybody else."""
    held = (
        select(func.json_agg(func.json_build_array(RoleGrant.role, RoleGrant.facility_id), type_=JSON))
        .where(RoleGrant.user_id == user_id, RoleGrant.role != Role.PATIENT)
        .scalar_subquery()
    )
    found = select(User, held.label("held")).where(User.id == user_id)
    row = db.session.execute(found).first() if can_administer(actor) else None
    grants = frozenset(Grant(Role(role), place or 0) for role, place in (row.held if row else None) or ())
    if row is None or not can_manage(actor, grants):
        raise NotFound(_("There is no such person."))
    return Managed(user=row.User, grants=grants)


def get_user(actor: Actor, user_id: int) -> User:
    """Somebody of the staff, for who looks after them. Raises NotFound for anybody else."""
    return get_person(actor, user_id).user


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


def grants_of(user_id: int) -> set[Grant]:
    """What somebody of the staff does, and where."""
    rows = db.session.execute(
        select(RoleGrant.role, RoleGrant.facility_id).where(
            RoleGrant.user_id == user_id, RoleGrant.role != Role.PATIENT
        )
    )
    return {Grant(Role(role), facility or 0) for role, facility in rows}


def _looked_after(actor: Actor) -> ColumnElement[bool]:
    """The rule of ``policy.can_manage`` for many rows."""
    held = RoleGrant.user_id == User.id
    if actor.has(Role.ADMIN):
        return exists().where(held, RoleGrant.role != Role.PATIENT)
    here = exists().where(held, RoleGrant.role != Role.PATIENT)
    if (places := actor.reach(Role.FACILITY_ADMIN)) is not None:
        here = exists().where(held, RoleGrant.role != Role.PATIENT, RoleGrant.facility_id.in_(places))
    return and_(here, ~exists().where(held, RoleGrant.role == Role.ADMIN))


def staff_page(actor: Actor, request: PageRequest) -> Page[Person]:
    """Everybody with a staff role whom the actor looks after, active people first, by name."""
    is_staff = _looked_after(actor)
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
        select(RoleGrant.user_id, RoleGrant.role, _facilities.c.short_name)
        .outerjoin(_facilities, _facilities.c.id == RoleGrant.facility_id)
        .where(RoleGrant.user_id.in_([user.id for user in users]), RoleGrant.role != Role.PATIENT)
        .order_by(_facilities.c.id)
    ).all()
    held: dict[int, dict[str, None]] = {}
    places: dict[int, dict[str | None, None]] = {}
    for user_id, role, place in grants:
        held.setdefault(user_id, {})[role] = None
        places.setdefault(user_id, {})[place] = None
    people = [
        Person(
            user=user,
            roles=tuple(role for role in Role if role in held.get(user.id, ())),
            places=tuple(place for place in places.get(user.id, ()) if place is not None),
            invited=user.password_hash is None,
        )
        for user in users
    ]
    total = counted or 0
    return Page(people, request, min(total, COUNT_CAP), capped=total > COUNT_CAP)


def open_sessions(user_id: int) -> list[LoginSession]:
    """Somebody's sessions that would still be let in, the one used last first."""
    rows = db.session.scalars(
        select(LoginSession)
        .where(*open_of(user_id))
        .order_by(LoginSession.last_seen_at.desc(), LoginSession.id.desc())
        .limit(50)
    )
    return let_in(rows)


def open_of(user_id: int) -> tuple[ColumnElement[bool], ...]:
    """The conditions on ``login_sessions`` for somebody's that nobody ended and that are not too old."""
    return (
        LoginSession.user_id == user_id,
        LoginSession.ended_at.is_(None),
        LoginSession.expires_at > clock.now(),
    )


def let_in(rows: Iterable[LoginSession]) -> list[LoginSession]:
    """Those that were not idle for too long."""
    now = clock.now()
    return [row for row in rows if row.last_seen_at > now - IDLE[SessionKind(row.kind)]]


def grants_to_give(actor: Actor, held: Collection[Grant] = ()) -> list[tuple[str, list[Grant]]]:
    """What the actor may give or take: for each place its name (empty for all clinics together) and the
    grants there. What somebody has ``held`` is among it even at a clinic that is closed. One statement.
    """
    taken = {grant.facility_id for grant in held}
    rows = db.session.execute(
        select(_facilities.c.id, _facilities.c.short_name)
        .where(or_(_facilities.c.active.is_(True), _facilities.c.id.in_(taken)))
        .order_by(_facilities.c.id)
    )
    offered = []
    for facility_id, name in [(0, ""), *rows]:
        grants = [Grant(role, facility_id) for role in Role if role in STAFF]
        grants = [
            grant
            for grant in grants
            if can_grant(actor, grant) and (grant in held or not (grant.role == Role.ADMIN and facility_id))
        ]
        if grants:
            offered.append((name, grants))
    return offered
