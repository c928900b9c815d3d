"""Who may do what to whose account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TypedDict

from clinic.accounts.models import SessionKind
from clinic.core.access import STAFF, Actor, Role, places_of


def can_administer(actor: Actor) -> bool:
    """Whether somebody may invite people, change roles and stop accounts."""
    return actor.has(Role.ADMIN)


def can_stop(actor: Actor, user_id: int) -> bool:
    """Nobody stops their own account: they would be locked out with no way back."""
    return can_administer(actor) and actor.user_id != user_id


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
