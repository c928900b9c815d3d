"""A clinic with a front desk, and a way to register without a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.accounts.models import User
from clinic.core.access import Actor, Role
from clinic.facilities.models import Facility
from clinic.patients.details import PatientDetails
from clinic.patients.models import Patient
from clinic.patients.service import register
from tests.factories import FacilityFactory, UserFactory, actor_of, grant


@pytest.fixture
def facility(session: Session) -> Facility:
    return FacilityFactory(name="Sanjeevani", short_name="Indiranagar")


@pytest.fixture
def receptionist(facility: Facility) -> User:
    return grant(UserFactory(name="Asha"), Role.RECEPTIONIST, facility=facility)


@pytest.fixture
def desk(receptionist: User, facility: Facility) -> Actor:
    return actor_of(receptionist, Role.RECEPTIONIST, facility=facility)


@pytest.fixture
def at_desk(receptionist: User, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(receptionist)


@pytest.fixture
def registered(desk: Actor) -> Callable[..., Patient]:
    """``registered("Meena Rao", "98450 11723", age=40)``."""

    def make(name: str = "Meenakshi Iyer", mobile: str | None = "98450 11723", **values: Any) -> Patient:
        return register(desk, PatientDetails(name=name, mobile=mobile, **values))

    return make
