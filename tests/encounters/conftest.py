"""A practitioner, their patient, and a visit that is running."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.accounts.models import User
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import unit_of_work
from clinic.encounters import queries, service
from clinic.encounters.models import Note
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment, Service
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    actor_of,
    appointment,
    grant,
    practitioner_at,
)

SignIn = Callable[..., FlaskClient]

READY = {
    "note-complaints": ["Low back pain since two months."],
    "note-diagnosis": ["Kati shula"],
    "note-plan": ["Kati basti for seven days."],
}
"""What a consultation's note needs before it can be signed."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Who and what a test is about."""

    facility: Facility
    user: User
    practitioner: Practitioner
    actor: Actor
    patient: Patient
    consultation: Service
    visit: Appointment

    def note(self) -> Note:
        """The note of the running visit, begun at need."""
        with unit_of_work():
            note_id = service.open_note(self.actor, self.visit).id
        return queries.get_note(self.actor, note_id, fresh=True)

    def saved(self, **fields: str) -> Note:
        """The note with these fields saved over what it holds."""
        note = self.note()
        with unit_of_work():
            typed = {f"note-{name}": [text] for name, text in fields.items()}
            service.save_draft(self.actor, note, typed, version=note.version)
        return queries.get_note(self.actor, note.id, fresh=True)

    def signed(self) -> Note:
        """The note, complete and signed."""
        note = self.note()
        with unit_of_work():
            saved = service.save_draft(self.actor, note, READY, version=note.version)
        note = queries.get_note(self.actor, note.id, fresh=True)
        with unit_of_work():
            service.sign(self.actor, note, version=saved.version)
        return queries.get_note(self.actor, note.id, fresh=True)


def somebody(facility: Facility, role: Role, name: str = "Somebody else") -> User:
    """A person of the facility with one role, and a place in its calendar if the role sees patients."""
    user = grant(UserFactory(name=name), role, facility=facility)
    if role in (Role.PRACTITIONER, Role.THERAPIST):
        practitioner_at(facility, user, name=name)
    return user


def at(scene_or_facility: Scene | Facility, hour: int, minute: int = 0) -> datetime:
    """Today at that hour in the facility's zone."""
    facility = scene_or_facility.facility if isinstance(scene_or_facility, Scene) else scene_or_facility
    return clock.at(clock.today(facility.zone), time(hour, minute), facility.zone)


@pytest.fixture
def scene(session: Session) -> Scene:
    facility = FacilityFactory()
    user = grant(UserFactory(name="Dr Vaidehi Kulkarni"), Role.PRACTITIONER, facility=facility)
    practitioner = practitioner_at(facility, user, name="Dr Vaidehi Kulkarni")
    patient = PatientFactory(facility_id=facility.id, name="Meenakshi Iyer")
    consultation = ServiceFactory(facility_id=facility.id)
    visit = appointment(
        patient, practitioner, at(facility, 10, 15), service=consultation, status="in_progress"
    )
    session.commit()
    return Scene(
        facility=facility,
        user=user,
        practitioner=practitioner,
        actor=actor_of(user, Role.PRACTITIONER, facility=facility),
        patient=patient,
        consultation=consultation,
        visit=visit,
    )


@pytest.fixture
def author(scene: Scene, sign_in: SignIn) -> FlaskClient:
    """The practitioner's browser."""
    return sign_in(scene.user)


def version_on(page: str) -> str:
    """The version a page's form carries."""
    found = re.search(r'name="version" value="([^"]+)"', page)
    assert found, "no form with a version on the page"
    return found[1]


def open_tab(client: FlaskClient, note: Note) -> str:
    """Open the note's page and give the version its form carries."""
    return version_on(client.get(f"/notes/{note.id}").text)
