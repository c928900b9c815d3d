"""Rows for tests, as small as the rules allow. Each is added to the session and flushed."""

from tests.factories.clinic import (
    FacilityFactory,
    PatientFactory,
    PractitionerFactory,
    ServiceFactory,
    UserFactory,
    actor_of,
    appointment,
    grant,
    household_login,
    practitioner_at,
    room,
)

__all__ = [
    "FacilityFactory",
    "PatientFactory",
    "PractitionerFactory",
    "ServiceFactory",
    "UserFactory",
    "actor_of",
    "appointment",
    "grant",
    "household_login",
    "practitioner_at",
    "room",
]
