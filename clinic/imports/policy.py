"""Who may bring in which list."""

from __future__ import annotations

from clinic.core.access import Actor, Role
from clinic.imports.kinds import KINDS, Kind

IMPORTING = (Role.ADMIN, Role.FACILITY_ADMIN, Role.RECEPTIONIST)
"""Roles that may bring in something."""


def is_system(actor: Actor) -> bool:
    """Whether this is the command line."""
    return actor.user_id is None and Role.ADMIN in actor.roles


def kinds_for(actor: Actor) -> list[Kind]:
    """The kinds of lists somebody may bring in."""
    return [kind for kind in KINDS.values() if is_system(actor) or actor.has(*kind.roles)]


def can_import(actor: Actor, kind: str, facility_id: int) -> bool:
    """Whether somebody may bring in this kind of list at this facility."""
    if is_system(actor):
        return True
    return any(entry.name == kind and actor.has(*entry.roles, at=facility_id) for entry in kinds_for(actor))
