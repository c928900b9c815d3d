"""People, places and visits."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import factory
from factory.alchemy import SQLAlchemyModelFactory
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.accounts import terms
from clinic.accounts.models import RoleGrant, User
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.names import sound
from clinic.core.text import fold
from clinic.facilities.models import Facility
from clinic.patients.models import Guardianship, Patient
from clinic.practitioners.models import Affiliation, Practitioner
from clinic.scheduling.models import (
    CLAIMING,
    Allocation,
    Appointment,
    Resource,
    ResourceUnit,
    Service,
    WorkingHours,
)


class _Rows(SQLAlchemyModelFactory):  # type: ignore[misc]
    class Meta:
        abstract = True
        sqlalchemy_session_factory = lambda: db.session  # noqa: E731
        sqlalchemy_session_persistence = "flush"


class FacilityFactory(_Rows):
    class Meta:
        model = Facility

    name = factory.Sequence(lambda n: f"Clinic {n}")
    short_name = factory.Sequence(lambda n: f"C{n}")


class UserFactory(_Rows):
    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.Sequence(lambda n: f"person{n}@sutra.test")
    terms_accepted_version = terms.CURRENT
    terms_accepted_at = factory.LazyFunction(clock.now)


class PatientFactory(_Rows):
    class Meta:
        model = Patient

    name = factory.Sequence(lambda n: f"Patient {n}")
    search_name = factory.LazyAttribute(lambda row: fold(row.name))
    search_sound = factory.LazyAttribute(lambda row: sound(row.name))
    mrn = factory.Sequence(lambda n: f"T-{n}")
    mobile = factory.Sequence(lambda n: f"+9198{n % 10**8:08d}")
    facility_id = factory.LazyFunction(lambda: some_facility().id)


class PractitionerFactory(_Rows):
    class Meta:
        model = Practitioner

    name = factory.Sequence(lambda n: f"Dr Practitioner {n}")
    search_name = factory.LazyAttribute(lambda row: fold(row.name))
    verified_at = factory.LazyFunction(clock.now)


class ServiceFactory(_Rows):
    class Meta:
        model = Service

    name = "Consultation"
    code = factory.Sequence(lambda n: f"service-{n}")
    minutes = 30
    facility_id = factory.LazyFunction(lambda: some_facility().id)


def some_facility() -> Facility:
    """The first facility, made if there is none."""
    return db.session.scalar(select(Facility).order_by(Facility.id).limit(1)) or FacilityFactory()


def grant(user: User, *roles: Role, facility: Facility | None = None) -> User:
    """Give a person roles at a facility (everywhere without one)."""
    for role in roles:
        db.session.add(RoleGrant(user_id=user.id, role=role, facility_id=facility.id if facility else None))
    db.session.flush()
    return user


def actor_of(user: User, *roles: Role, facility: Facility | None = None) -> Actor:
    """The actor somebody would be when signed in with these roles."""
    return Actor(
        user_id=user.id,
        name=user.name,
        roles=frozenset(roles),
        facility_ids=frozenset({facility.id}) if facility else None,
    )


def household_login(*patients: Patient, mobile: str = "+919845000001") -> User:
    """A patient sign-in on ``mobile`` that may act for these patients."""
    user = User(name=patients[0].name if patients else "Household", mobile=mobile)
    db.session.add(user)
    db.session.flush()
    grant(user, Role.PATIENT)
    db.session.add_all(Guardianship(user_id=user.id, patient_id=patient.id) for patient in patients)
    db.session.flush()
    return user


def practitioner_at(facility: Facility, user: User | None = None, **values: Any) -> Practitioner:
    """A verified practitioner in the facility's calendar, at work every day from 00:00 to 23:59."""
    practitioner = PractitionerFactory(user_id=user.id if user else None, **values)
    db.session.add(Affiliation(practitioner_id=practitioner.id, facility_id=facility.id))
    resource = Resource(
        facility_id=facility.id, kind="practitioner", name=practitioner.name, practitioner_id=practitioner.id
    )
    _with_unit_and_hours(resource)
    return practitioner


def room(facility: Facility, kind: str = "consulting", name: str = "Room") -> Resource:
    """A room of one place."""
    return _with_unit_and_hours(Resource(facility_id=facility.id, kind="room", name=name, room_kind=kind))


def _with_unit_and_hours(resource: Resource) -> Resource:
    db.session.add(resource)
    db.session.flush()
    db.session.add(ResourceUnit(resource_id=resource.id))
    if resource.kind == "practitioner":
        db.session.add_all(
            WorkingHours(
                resource_id=resource.id,
                weekday=day,
                starts=time(0),
                ends=time(23, 59),
                valid_from=date(2020, 1, 1),
            )
            for day in range(7)
        )
    db.session.flush()
    return resource


_references = iter(range(10**9))


def appointment(
    patient: Patient,
    practitioner: Practitioner,
    starts: datetime,
    *,
    service: Service | None = None,
    status: str = "confirmed",
    **values: Any,
) -> Appointment:
    """A visit with its claim on the practitioner's time, put straight into the tables."""
    facility = some_facility()
    service = service or ServiceFactory(facility_id=facility.id)
    during = Range(starts, starts + timedelta(minutes=service.minutes), bounds="[)")
    ended = {} if status in CLAIMING or "ended_at" in values else {"ended_at": clock.now()}
    row = Appointment(
        reference=f"{next(_references):010d}",
        facility_id=facility.id,
        patient_id=patient.id,
        practitioner_id=practitioner.id,
        service_id=service.id,
        during=during,
        status=status,
        **ended,
        **values,
    )
    db.session.add(row)
    db.session.flush()
    unit = db.session.scalar(
        select(ResourceUnit.id).join(Resource).where(Resource.practitioner_id == practitioner.id).limit(1)
    )
    if unit is not None and status in CLAIMING:
        db.session.add(
            Allocation(facility_id=facility.id, unit_id=unit, appointment_id=row.id, during=during)
        )
        db.session.flush()
    return row
