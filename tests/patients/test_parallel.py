"""The same form many times at once, on connections of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import func, select

from clinic.accounts.models import User
from clinic.app import create_app
from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.patients.details import PatientDetails
from clinic.patients.models import Guardianship, Patient
from clinic.patients.service import ChangedMeanwhile, register, update
from tests.conftest import make_settings
from tests.factories import FacilityFactory, UserFactory, actor_of

AT_ONCE = 20


@pytest.fixture
def real_app(make_database: Callable[[str], str], worker_number: int) -> Iterator[Flask]:
    """An application whose commits are commits."""
    app = create_app(make_settings(make_database("patients"), worker_number, DB_POOL_SIZE="20"))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def desk_of_real_app(real_app: Flask) -> Actor:
    with real_app.app_context(), unit_of_work():
        facility = FacilityFactory()
        return actor_of(UserFactory(), Role.RECEPTIONIST, facility=facility)


def at_once(work: Callable[[int], object]) -> list[object]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, range(AT_ONCE)))


def test_twenty_of_the_same_form_at_once_make_one_patient(real_app: Flask, desk_of_real_app: Actor) -> None:
    def send(_number: int) -> object:
        with real_app.app_context(), unit_of_work():
            details = PatientDetails(name="Meenakshi Iyer", mobile="98450 11723")
            return register(desk_of_real_app, details, submission_key="one-form").id

    assert len(set(at_once(send))) == 1
    with real_app.app_context():
        for model in (Patient, Guardianship):
            assert db.session.scalar(select(func.count()).select_from(model)) == 1
        assert db.session.scalar(select(func.count()).where(User.mobile.is_not(None))) == 1


def test_twenty_of_a_household_at_once_share_one_sign_in(real_app: Flask, desk_of_real_app: Actor) -> None:
    def send(number: int) -> object:
        with real_app.app_context(), unit_of_work():
            details = PatientDetails(name=f"Member Number{number}", mobile="98450 11723")
            return register(desk_of_real_app, details, submission_key=f"form-{number}").mrn

    assert len(set(at_once(send))) == AT_ONCE
    with real_app.app_context():
        assert db.session.scalar(select(func.count()).where(User.mobile.is_not(None))) == 1
        assert db.session.scalar(select(func.count()).select_from(Guardianship)) == AT_ONCE


def test_of_twenty_who_change_one_field_at_once_the_first_wins(
    real_app: Flask, desk_of_real_app: Actor
) -> None:
    with real_app.app_context(), unit_of_work():
        details = PatientDetails(name="Meenakshi Iyer", mobile="98450 11723")
        patient_id = register(desk_of_real_app, details).id

    def change(number: int) -> object:
        with real_app.app_context():
            try:
                with unit_of_work():
                    changed = PatientDetails(
                        name="Meenakshi Iyer", mobile="98450 11723", city=f"Town {number}"
                    )
                    update(desk_of_real_app, patient_id, changed, expected_version=1)
                    return number
            except ChangedMeanwhile:
                return None

    winners = [number for number in at_once(change) if number is not None]
    assert len(winners) == 1
    with real_app.app_context():
        patient = db.session.get_one(Patient, patient_id)
        assert (patient.city, patient.version) == (f"Town {winners[0]}", 2)
