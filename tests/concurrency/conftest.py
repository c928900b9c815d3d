"""A database of its own whose commits are real, and threads that begin together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask

from clinic.app import create_app
from clinic.core import clock
from clinic.core.access import SYSTEM, Actor
from clinic.core.db import db, unit_of_work
from clinic.scheduling.models import Appointment, WorkingHours
from clinic.scheduling.service import Booking, arrange, book, settled
from tests.conftest import make_settings
from tests.factories import FacilityFactory, PatientFactory, PractitionerFactory, ServiceFactory

PEOPLE = 4


@dataclass(frozen=True)
class Rush:
    """A committed clinic, by ids: practitioners at work day and night, one room each, many patients."""

    app: Flask
    facility_id: int
    service_id: int
    practitioner_ids: list[int]
    patient_ids: list[int]
    actor: Actor
    noon: datetime

    def book(self, patient: int, practitioner: int = 0, starts: datetime | None = None, **more: Any) -> str:
        """Book in a context of its own, as a request would; the reference."""
        with self.app.app_context():
            visit = settled(
                lambda: book(
                    self.actor,
                    Booking(
                        facility_id=self.facility_id,
                        service_id=self.service_id,
                        patient_id=self.patient_ids[patient],
                        practitioner_id=self.practitioner_ids[practitioner],
                        starts=starts or self.noon,
                        tell=False,
                        **more,
                    ),
                )
            )
            return visit.reference

    def count(self, *conditions: Any) -> int:
        """How many visits meet the conditions."""
        with self.app.app_context():
            return db.session.query(Appointment).filter(*conditions).count()


def together(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each work in a thread of its own, all at once; what each returned or raised."""
    gate = threading.Barrier(len(works))
    outcomes: list[Any] = [None] * len(works)

    def run(position: int, work: Callable[[], Any]) -> None:
        gate.wait()
        try:
            outcomes[position] = work()
        except Exception as failure:
            outcomes[position] = failure

    threads = [threading.Thread(target=run, args=(position, work)) for position, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    return outcomes


@pytest.fixture
def rush(make_database: Callable[[str], str], worker_number: int) -> Iterator[Rush]:
    app = create_app(make_settings(make_database("rush"), worker_number, DB_POOL_SIZE="60"))
    with app.app_context():
        with unit_of_work():
            facility = FacilityFactory(zone="UTC")
            service = ServiceFactory(facility_id=facility.id, minutes=30, room_kind="consulting")
            people = [PractitionerFactory() for _person in range(PEOPLE)]
            for practitioner in people:
                resource = arrange.add_practitioner(practitioner, facility.id)
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
                arrange.add_room(
                    SYSTEM, facility, name=f"Room of {practitioner.name}", room_kind="consulting"
                )
            patients = [PatientFactory(facility_id=facility.id) for _patient in range(40)]
            noon = clock.at(clock.today("UTC") + timedelta(days=2), time(12), "UTC")
            made = Rush(
                app,
                facility.id,
                service.id,
                [practitioner.id for practitioner in people],
                [patient.id for patient in patients],
                SYSTEM,
                noon,
            )
        db.session.remove()
    yield made
    with app.app_context():
        db.engine.dispose()
