"""Who may do what to whose account."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict

from clinic.accounts.models import SessionKind
from clinic.core.access import STAFF, Actor, Role, places_of


@dataclass(frozen=True, order=True)
class Grant:
    """A role at a facility, or (``facility_id`` 0) at all of them."""

    role: Role
    facility_id: int = 0

    @property
    def place(self) -> int | None:
        """The facility as rows keep it: None for all of them."""
        return self.facility_id or None

    def __str__(self) -> str:
        return f"{self.role}:{self.facility_id}" if self.facility_id else str(self.role)


def can_administer(actor: Actor) -> bool:
    """Whether somebody may invite people, change roles and stop accounts: everywhere, or at their clinic."""
    return actor.has(Role.ADMIN, Role.FACILITY_ADMIN)


def can_grant(actor: Actor, grant: Grant) -> bool:
    """An administrator gives every role. A clinic's manager gives those at their own clinic, and never makes
    administrators.
    """
    if actor.has(Role.ADMIN):
        return True
    places = actor.reach(Role.FACILITY_ADMIN)
    return grant.role != Role.ADMIN and (places is None or grant.facility_id in places)


def can_change_roles(actor: Actor, user_id: int) -> bool:
    """A manager does not change what they may do themselves; an administrator may, but see the last one."""
    return actor.has(Role.ADMIN) or (can_administer(actor) and actor.user_id != user_id)


def can_manage(actor: Actor, grants: Collection[Grant]) -> bool:
    """Whether somebody looks after a person with these grants. For a manager that is whoever holds a role at
    their clinic and is no administrator.
    """
    if actor.has(Role.ADMIN):
        return bool(grants)
    none_above = all(grant.role != Role.ADMIN for grant in grants)
    return none_above and any(can_grant(actor, grant) for grant in grants)


def can_stop(actor: Actor, user_id: int, grants: Collection[Grant]) -> bool:
    """Nobody stops their own account: they would be locked out with no way back. A manager stops who works at
    their clinic alone.
    """
    return actor.user_id != user_id and can_manage(actor, grants) and all(can_grant(actor, g) for g in grants)


class Reach(TypedDict):
    """What of an Actor its role grants decide."""

    roles: frozenset[Role]
    facility_ids: frozenset[int] | None
    grants: frozenset[tuple[Role, int | None]] | None


def reach_of(granted: Iterable[tuple[str, int | None]]) -> Reach:
    """Roles and places of a person of the staff, from their grants (role, facility or None for all)."""
    grants = frozenset((Role(role), place) for role, place in granted if Role(role) in STAFF)
    return Reach(
        roles=frozenset(role for role, _place in grants),
        facility_ids=places_of(place for _role, place in grants),
        grants=grants,
    )


IDLE = {SessionKind.STAFF: timedelta(minutes=30), SessionKind.PATIENT: timedelta(hours=24)}
"""How long a session lasts without a request."""
ABSOLUTE = {SessionKind.STAFF: timedelta(hours=12), SessionKind.PATIENT: timedelta(days=30)}
"""How long a session lasts at most."""
