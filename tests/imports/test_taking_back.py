"""An import taken back as a whole, and what stands in its way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from clinic.accounts.models import User
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.imports import service
from clinic.imports.models import ImportedLine, ImportState
from clinic.patients.models import Allergy, Patient, PatientWord
from clinic.patients.service import PatientDetails, register, update
from tests.factories import ServiceFactory, appointment, practitioner_at
from tests.imports.conftest import Clinic


@pytest.fixture
def brought_in(clinic: Clinic, table: Callable[..., str]) -> int:
    content = table(
        ("Name", "Mobile", "Allergies"),
        ("Kusum Lokhande", "9822055001", "Sulpha"),
        ("Baban Lokhande", "9822055001", ""),
    )
    return clinic.bring_in(content).id


def take_back(clinic: Clinic, import_id: int) -> list[str]:
    """Ask for it; the names of those who stand in the way."""
    with unit_of_work():
        touched = service.undo(clinic.manager, clinic.row(import_id))
    service.carry_on(import_id)
    return [one.name for one in touched]


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_everything_an_import_added_goes(clinic: Clinic, brought_in: int) -> None:
    assert (count(Patient), count(Allergy)) == (2, 1)
    assert take_back(clinic, brought_in) == []
    assert clinic.row(brought_in).state == ImportState.UNDONE
    assert (count(Patient), count(Allergy), count(PatientWord), count(ImportedLine)) == (0, 0, 0, 0)
    assert db.session.scalar(select(func.count()).where(User.mobile.is_not(None))) == 0


def test_it_can_come_in_again_afterwards(clinic: Clinic, brought_in: int) -> None:
    take_back(clinic, brought_in)
    with unit_of_work():
        service.go_on(clinic.manager, clinic.row(brought_in))
    service.carry_on(brought_in)
    clinic.commit(brought_in)
    assert count(Patient) == 2


def test_a_booked_patient_keeps_the_import(clinic: Clinic, brought_in: int) -> None:
    kusum = db.session.scalars(select(Patient).where(Patient.name == "Kusum Lokhande")).one()
    vaidya = practitioner_at(clinic.facility)
    appointment(
        kusum, vaidya, clock.now() + timedelta(days=1), service=ServiceFactory(facility_id=clinic.facility.id)
    )
    db.session.commit()
    assert take_back(clinic, brought_in) == ["Kusum Lokhande"]
    assert count(Patient) == 2


def test_a_changed_patient_keeps_the_import(clinic: Clinic, brought_in: int) -> None:
    kusum = db.session.scalars(select(Patient).where(Patient.name == "Kusum Lokhande")).one()
    with unit_of_work():
        update(
            clinic.manager,
            kusum.id,
            PatientDetails(name=kusum.name, mobile=kusum.mobile, city="Pune"),
            expected_version=None,
        )
    assert take_back(clinic, brought_in) == ["Kusum Lokhande"]


def test_work_that_began_after_the_question_is_seen_too(clinic: Clinic, brought_in: int) -> None:
    with unit_of_work():
        assert service.undo(clinic.manager, clinic.row(brought_in)) == []
    kusum = db.session.scalars(select(Patient).where(Patient.name == "Kusum Lokhande")).one()
    with unit_of_work():
        update(
            clinic.manager,
            kusum.id,
            PatientDetails(name=kusum.name, mobile=kusum.mobile, city="Pune"),
            expected_version=None,
        )
    service.carry_on(brought_in)
    row = clinic.row(brought_in)
    assert (row.state, count(Patient)) == (ImportState.DONE, 2)
    assert row.why == "Somebody has worked on these records meanwhile, so they stay."


def test_what_was_filled_in_is_put_back(clinic: Clinic, table: Callable[..., str]) -> None:
    with unit_of_work():
        known = register(clinic.manager, PatientDetails(name="Kusum Lokhande", mobile="9822055001", age=55))
        patient_id = known.id
    content = table(
        ("Name", "Age", "Mobile", "City", "Allergies"),
        ("Kusum Lokhande", "55", "9822055001", "Pune", "Sulpha"),
    )
    row = clinic.bring_in(content)
    patient = db.session.get_one(Patient, patient_id, populate_existing=True)
    assert (patient.city, patient.allergy_status) == ("Pune", "recorded")
    assert take_back(clinic, row.id) == []
    patient = db.session.get_one(Patient, patient_id, populate_existing=True)
    assert (patient.city, patient.allergy_status) == (None, "not_asked")
    assert db.session.scalars(select(Allergy.status)).all() == ["entered_in_error"]


def test_a_sign_in_that_serves_others_stays(clinic: Clinic, table: Callable[..., str]) -> None:
    with unit_of_work():
        register(clinic.manager, PatientDetails(name="Sopan Jadhav", mobile="9822055001"))
    row = clinic.bring_in(table(("Name", "Mobile"), ("Kusum Lokhande", "9822055001")))
    assert take_back(clinic, row.id) == []
    assert db.session.scalars(select(User.mobile).where(User.mobile.is_not(None))).all() == ["+919822055001"]
    assert db.session.scalars(select(Patient.name)).all() == ["Sopan Jadhav"]
