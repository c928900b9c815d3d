"""Who may change what is said about a clinic."""

from __future__ import annotations

from clinic.core.access import Actor, Role


def can_found(actor: Actor) -> bool:
    """Whether somebody may open another clinic."""
    return actor.has(Role.ADMIN)


def can_change(actor: Actor, facility_id: int) -> bool:
    """An administrator changes every clinic, its manager their own."""
    return actor.has(Role.ADMIN, Role.FACILITY_ADMIN, at=facility_id)
