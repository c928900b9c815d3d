"""Who is asking, and which routes they may use. Every route declares its policy, or is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

View = TypeVar("View", bound=Callable[..., object])


class Role(StrEnum):
    ADMIN = "admin"
    FACILITY_ADMIN = "facility_admin"
    PRACTITIONER = "practitioner"
    THERAPIST = "therapist"
    RECEPTIONIST = "receptionist"
    PATIENT = "patient"


STAFF = frozenset(set(Role) - {Role.PATIENT})
FRONT_DESK = frozenset({Role.RECEPTIONIST, Role.FACILITY_ADMIN})
CLINICAL = frozenset({Role.PRACTITIONER, Role.THERAPIST})
EMERGENCY = CLINICAL | {Role.ADMIN}
"""Who may open a record outside their sight in an emergency."""


@dataclass(frozen=True, kw_only=True)
class LinkScope:
    """What a link that needs no sign-in reaches: one visit, of one patient."""

    appointment_id: int
    patient_id: int


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something: a signed-in person, or the system itself (``user_id`` None).

    ``facility_ids`` are the facilities the staff roles are for; None means all of them. ``grants`` says which
    role is for which facility (None: all); where it is None, every role is for every one of ``facility_ids``.
    ``origin`` is the address the request came from. ``link`` is set for whoever acts by a link instead of
    signing in. ``emergencies`` are the patients whose records they opened in an emergency, while that lasts.
    """

    user_id: int | None
    name: str
    roles: frozenset[Role] = field(default_factory=frozenset)
    facility_ids: frozenset[int] | None = None
    grants: frozenset[tuple[Role, int | None]] | None = None
    session_id: int | None = None
    origin: str = ""
    request_id: str = ""
    locale: str = "en"
    link: LinkScope | None = None
    emergencies: frozenset[int] = frozenset()

    def has(self, *roles: Role, at: int | None = None) -> bool:
        """Whether the person holds one of these roles: anywhere, or at the facility ``at``.

        Whatever is asked about a facility's row is asked with ``at``: who is a practitioner in one clinic and
        at the desk of another is no practitioner in the second.
        """
        if at is None:
            return not self.roles.isdisjoint(roles)
        reach = self.reach(*roles)
        return reach is None or at in reach

    def reach(self, *roles: Role) -> frozenset[int] | None:
        """The facilities where the person holds one of these roles: None for all of them, empty for none."""
        held = self.roles.intersection(roles)
        if self.grants is None:
            return self.facility_ids if held else frozenset()
        return places_of(place for role, place in self.grants if role in held)

    def acting_as(self, roles: frozenset[Role]) -> Actor:
        """The same person with no more than these roles, at work only where they hold them.

        A page for the desk is about the facilities where somebody is at the desk, whatever else they are.
        """
        if self.grants is None:
            return self
        grants = frozenset((role, place) for role, place in self.grants if role in roles)
        places = places_of(place for _role, place in grants)
        return replace(self, roles=self.roles & roles, grants=grants, facility_ids=places)

    @property
    def is_staff(self) -> bool:
        return not self.roles.isdisjoint(STAFF)

    @property
    def is_patient(self) -> bool:
        return Role.PATIENT in self.roles

    def works_at(self, facility_id: int) -> bool:
        """Whether the person's staff roles reach this facility."""
        return self.is_staff and (self.facility_ids is None or facility_id in self.facility_ids)


def places_of(places: Iterable[int | None]) -> frozenset[int] | None:
    """Facilities that roles are for, put together: None among them means all."""
    found = frozenset(places)
    return None if None in found else frozenset(place for place in found if place is not None)


SYSTEM = Actor(user_id=None, name="Sutra", roles=frozenset({Role.ADMIN}))
"""The clock, the worker, an import: no person."""


@dataclass(frozen=True)
class RoutePolicy:
    """Who may use a route. ``anonymous`` routes are open to everybody, signed in or not."""

    roles: frozenset[Role]
    anonymous: bool = False

    def admits(self, actor: Actor | None) -> bool:
        if self.anonymous:
            return True
        return actor is not None and not self.roles.isdisjoint(actor.roles)

    @property
    def for_patients_only(self) -> bool:
        return self.roles == frozenset({Role.PATIENT})


EVERYBODY = RoutePolicy(frozenset(), anonymous=True)

_POLICY = "__route_policy__"


def allow(*roles: Role, everybody: bool = False) -> Callable[[View], View]:
    """Declare who may use the view below: the roles, or ``everybody=True`` for pages open to the world.

    Put it directly under ``@bp.route``. Rules about single rows stay in the domain's ``policy``.
    """
    if bool(roles) == everybody:
        raise ValueError("Name the roles, or say everybody=True.")
    policy = EVERYBODY if everybody else RoutePolicy(frozenset(roles))

    def declare(view: View) -> View:
        setattr(view, _POLICY, policy)
        return view

    return declare


def policy_of(view: Callable[..., object]) -> RoutePolicy | None:
    """The policy declared on a view function, None when there is none."""
    return getattr(view, _POLICY, None)
