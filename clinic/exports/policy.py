"""Who may take which list out of the clinic, and what of a patient's record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clinic.core.access import CLINICAL, Actor, Role


class Listing(StrEnum):
    """The lists that can be taken out whole; their addresses."""

    PATIENTS = "patients"
    PRACTITIONERS = "practitioners"
    SERVICES = "services"
    APPOINTMENTS = "appointments"


_MANAGERS = frozenset({Role.FACILITY_ADMIN})
_TAKERS = {
    Listing.PATIENTS: _MANAGERS,
    Listing.APPOINTMENTS: _MANAGERS,
    Listing.PRACTITIONERS: _MANAGERS | {Role.ADMIN},
    Listing.SERVICES: _MANAGERS | {Role.ADMIN},
}


def can_take(actor: Actor, listing: Listing) -> bool:
    """Whether somebody may take this list. An administrator's role reaches no patient, so no list of them."""
    return actor.has(*_TAKERS[listing])


def reach(actor: Actor, listing: Listing) -> frozenset[int] | None:
    """The facilities whose rows somebody takes with a list; None for all of them.

    Only those where they hold a role that may: a manager of one clinic who helps at the desk of another takes
    the first one's list alone.
    """
    return actor.reach(*_TAKERS[listing])


class Notes(StrEnum):
    """How much of the clinical notes a record holds."""

    NONE = "none"
    IN_SIGHT = "in_sight"
    SHARED = "shared"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How much of a patient's record somebody takes.

    ``notes``: none, those the reader may read here, or those shared with the patient. ``lookings``: who
    looked at it. ``inner``: what the staff wrote for themselves (remarks, why a rule was overridden, who did
    what). ``own_only``: of intake, inbox, texts and deletion requests only what is this sign-in's own.
    """

    notes: Notes = Notes.NONE
    lookings: bool = False
    inner: bool = True
    own_only: bool = False


def reading_of(actor: Actor, facility_id: int) -> Reading:
    """What of a patient in their sight, who is registered at ``facility_id``, somebody may take out."""
    if actor.is_patient:
        return Reading(notes=Notes.SHARED, inner=False, own_only=True)
    return Reading(
        notes=Notes.IN_SIGHT if actor.has(*CLINICAL) else Notes.NONE,
        lookings=actor.has(Role.FACILITY_ADMIN, at=facility_id),
    )
