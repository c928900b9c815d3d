"""A clinic in a database of its own, where commits are commits: several workers can be at it at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from clinic.app import create_app
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.notifications import service
from clinic.notifications.models import Message
from tests.conftest import make_settings
from tests.factories import FacilityFactory, PatientFactory, appointment, practitioner_at
from tests.notifications.conftest import TWILIO
from tests.notifications.providers import FakeTwilio, fake_twilio


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with fake_twilio() as server:
        yield server


@pytest.fixture(scope="session")
def real_clinic(make_database: Callable[[str], str], worker_number: int) -> Flask:
    return create_app(make_settings(make_database("faults"), worker_number, DB_POOL_SIZE="20"))


@pytest.fixture
def clinic(real_clinic: Flask, twilio: FakeTwilio) -> Iterator[Flask]:
    """Texts go to the stand-in; no messages and no jobs to begin with."""
    before = real_clinic.extensions["settings"]
    real_clinic.extensions["settings"] = dataclasses.replace(
        before, sms_transport="twilio", twilio_api_url=twilio.url, **TWILIO
    )
    with real_clinic.app_context():
        with unit_of_work() as session:
            session.execute(text("DELETE FROM messages"))
        real_clinic.extensions["redis"].flushdb()
        real_clinic.extensions["queue_left_alone_until"] = 0.0
        yield real_clinic
        db.session.remove()
    real_clinic.extensions["settings"] = before


def visit_messages(count: int = 1) -> list[int]:
    """Commit that many visits, each with a message that is due; the messages' ids."""
    ids = []
    for _one in range(count):
        with unit_of_work():
            facility = FacilityFactory()
            patient = PatientFactory(facility_id=facility.id)
            starts = clock.now().replace(microsecond=0) + timedelta(days=3)
            visit = appointment(patient, practitioner_at(facility), starts)
            message_id = service.queue_message(
                kind="appointment_booked",
                channel="sms",
                recipient_type="patient",
                recipient_id=patient.id,
                subject_type="appointment",
                subject_id=visit.id,
                patient_id=patient.id,
                facility_id=facility.id,
                locale="en",
                dedupe_key=f"appointment_booked:{visit.id}:{int(starts.timestamp())}:1:sms",
            )
            assert message_id is not None
            ids.append(message_id)
    return ids


def status_of(message_id: int) -> str:
    """The status as it is in the database now."""
    db.session.rollback()
    return db.session.get_one(Message, message_id, populate_existing=True).status


def in_parallel(app: Flask, works: list[Callable[[], object]]) -> list[object]:
    """Run each in a thread with the application at hand, all at the same moment; their results in order."""
    import threading
    from concurrent.futures import ThreadPoolExecutor

    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        with app.app_context():
            barrier.wait()
            try:
                return work()
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
