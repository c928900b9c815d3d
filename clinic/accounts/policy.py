"""Who may do what to whose account."""

from __future__ import annotations

from datetime import timedelta

from clinic.accounts.models import SessionKind
from clinic.core.access import Actor, Role


def can_administer(actor: Actor) -> bool:
    """Whether somebody may invite people, change roles and stop accounts."""
    return actor.has(Role.ADMIN)


def can_stop(actor: Actor, user_id: int) -> bool:
    """Nobody stops their own account: they would be locked out with no way back."""
    return can_administer(actor) and actor.user_id != user_id


IDLE = {SessionKind.STAFF: timedelta(minutes=30), SessionKind.PATIENT: timedelta(hours=24)}
"""How long a session lasts without a request."""
ABSOLUTE = {SessionKind.STAFF: timedelta(hours=12), SessionKind.PATIENT: timedelta(days=30)}
"""How long a session lasts at most."""
