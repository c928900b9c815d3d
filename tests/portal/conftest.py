"""A household of two at a clinic with one practitioner, and a stranger's household."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import pytest
from flask import Flask, g, request_started
from flask.testing import FlaskClient

from clinic.accounts.models import SessionKind, User
from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment, Service
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    appointment,
    household_login,
    practitioner_at,
)


@dataclass
class Clinic:
    """Everything a test of the portal needs at hand."""

    facility: Facility
    service: Service
    practitioner: Practitioner
    mother: Patient
    son: Patient
    login: User
    stranger: Patient
    outsider: User

    def at(self, days: int, hour: int = 10, minute: int = 0) -> datetime:
        """An instant some days from today, on the clinic's clock."""
        day = clock.today(self.facility.zone) + timedelta(days=days)
        return clock.at(day, time(hour, minute), self.facility.zone)

    def visit(
        self,
        starts: datetime,
        patient: Patient | None = None,
        practitioner: Practitioner | None = None,
        *,
        status: str = "confirmed",
    ) -> Appointment:
        """A visit of the mother's, or of somebody else, safely kept."""
        row = appointment(
            patient or self.mother,
            practitioner or self.practitioner,
            starts,
            service=self.service,
            status=status,
        )
        db.session.commit()
        return row

    def slot(self, starts: datetime, practitioner: Practitioner | None = None) -> str:
        """How the form carries a time."""
        return f"{int(starts.timestamp()) // 60}-{(practitioner or self.practitioner).id}"


@pytest.fixture
def clinic(app: object) -> Clinic:
    facility = FacilityFactory(
        name="Sanjeevani Ayurveda", phone="+918041230000", line="14 Lake Road", city="Bengaluru"
    )
    mother = PatientFactory(name="Meenakshi Rao", facility_id=facility.id)
    son = PatientFactory(name="Raghavan Rao", facility_id=facility.id)
    stranger = PatientFactory(name="Somebody Else", facility_id=facility.id)
    made = Clinic(
        facility=facility,
        service=ServiceFactory(name="Shirodhara", name_hi="शिरोधारा", minutes=60, facility_id=facility.id),
        practitioner=practitioner_at(facility, name="Dr Vaidehi Kulkarni"),
        mother=mother,
        son=son,
        login=household_login(mother, son, mobile="+919845011723"),
        stranger=stranger,
        outsider=household_login(stranger, mobile="+919845099999"),
    )
    db.session.commit()
    return made


@pytest.fixture(autouse=True)
def a_request_begins_anew(app: Flask) -> Iterator[None]:
    """Requests of one test share ``g``; in the clinic each begins with nothing in it."""

    def forget(_sender: object, **_more: object) -> None:
        g.pop("household", None)

    with request_started.connected_to(forget):
        yield


@pytest.fixture
def home(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    """The household's phone."""
    return sign_in(clinic.login, SessionKind.PATIENT)


@pytest.fixture
def outside(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A stranger's phone."""
    return sign_in(clinic.outsider, SessionKind.PATIENT)


def words(html: str) -> str:
    """The text of a page, without tags and with single blanks."""
    text = re.sub(r"<(script|style|template)\b.*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
