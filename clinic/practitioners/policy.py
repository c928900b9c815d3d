"""Who may do what with practitioners."""

from __future__ import annotations

from clinic.core.access import Actor, Role


def can_verify(actor: Actor) -> bool:
    """Whether somebody may say that a licence was seen, and join a practitioner to a sign-in."""
    return actor.has(Role.ADMIN)


def can_place(actor: Actor, facility_id: int) -> bool:
    """Whether somebody decides who works at a facility."""
    return actor.has(Role.ADMIN, Role.FACILITY_ADMIN, at=facility_id)
