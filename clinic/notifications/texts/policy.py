"""Who may write the clinic's message texts."""

from __future__ import annotations

from clinic.core.access import Actor, Role


def can_write(actor: Actor) -> bool:
    """Texts hold for all clinics of the group, so an administrator writes them."""
    return actor.has(Role.ADMIN)
