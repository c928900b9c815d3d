"""A small clinic in the morning of Monday 23 November 2026, 08:30 in Kolkata."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.models import User
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Resource, Service, WorkingHours
from clinic.scheduling.service import Booking, arrange
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    PractitionerFactory,
    ServiceFactory,
    UserFactory,
    actor_of,
    grant,
)

MORNING = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)


@dataclass
class Clinic:
    """One facility, two practitioners from 9 to 13 and 14 to 17, one consulting room per practitioner."""

    facility: Facility
    service: Service
    vaidya: Practitioner
    colleague: Practitioner
    rooms: list[Resource]
    patient: Patient
    other: Patient
    receptionist: User
    desk: Actor

    def at(self, hour: int, minute: int = 0, *, days: int = 0) -> datetime:
        """An instant of the morning's day by the clinic's clock."""
        return clock.at(DAY + timedelta(days=days), time(hour, minute), "Asia/Kolkata")

    def booking(self, starts: datetime, **changes: object) -> Booking:
        """A booking of the first patient with the vaidya."""
        values: dict[str, object] = {
            "patient_id": self.patient.id,
            "practitioner_id": self.vaidya.id,
            "service_id": self.service.id,
            "facility_id": self.facility.id,
            "starts": starts,
        }
        return Booking(**(values | changes))  # type: ignore[arg-type]


def place(facility: Facility, practitioner: Practitioner) -> Resource:
    """A practitioner's place in the calendar, at work from 9 to 13 and 14 to 17."""
    resource = arrange.add_practitioner(practitioner, facility.id)
    db.session.add_all(
        WorkingHours(
            resource_id=resource.id, weekday=day, starts=starts, ends=ends, valid_from=date(2020, 1, 1)
        )
        for day in range(7)
        for starts, ends in ((time(9), time(13)), (time(14), time(17)))
    )
    db.session.flush()
    return resource


@pytest.fixture
def morning() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic(app: Flask, morning: time_machine.Coordinates) -> Clinic:
    facility = FacilityFactory(name="Indiranagar")
    receptionist = grant(UserFactory(name="Asha"), Role.RECEPTIONIST, facility=facility)
    manager = grant(UserFactory(), Role.FACILITY_ADMIN, facility=facility)
    boss = actor_of(manager, Role.FACILITY_ADMIN, facility=facility)
    vaidya = PractitionerFactory(name="Dr Vaidehi Kulkarni")
    colleague = PractitionerFactory(name="Dr Arjun Nair")
    for practitioner in (vaidya, colleague):
        place(facility, practitioner)
    rooms = [
        arrange.add_room(boss, facility, name=f"Room {number}", room_kind="consulting") for number in (1, 2)
    ]
    return Clinic(
        facility=facility,
        service=ServiceFactory(facility_id=facility.id, room_kind="consulting", minutes=30),
        vaidya=vaidya,
        colleague=colleague,
        rooms=rooms,
        patient=PatientFactory(name="Meenakshi Iyer", facility_id=facility.id),
        other=PatientFactory(name="Kavita Deshmukh", facility_id=facility.id),
        receptionist=receptionist,
        desk=actor_of(receptionist, Role.RECEPTIONIST, facility=facility),
    )


@pytest.fixture
def desk(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A browser in which the receptionist is signed in."""
    return sign_in(clinic.receptionist)
