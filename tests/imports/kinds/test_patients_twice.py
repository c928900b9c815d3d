from __future__ import annotations

from sqlalchemy import select

from clinic.core.db import db
from clinic.imports.models import ImportState
from clinic.patients.models import Patient
from tests.factories import PatientFactory
from tests.imports.conftest import Clinic
from tests.imports.kinds.steps import Table, decide, take_back

HEADINGS = ("Name", "Mobile", "City", "Remarks")


def test_an_import_with_two_lines_about_one_new_patient_can_be_taken_back(
    clinic: Clinic, table: Table
) -> None:
    seen = clinic.preview(
        table(
            HEADINGS,
            ("Lakshmi Pillai", "9845000001", "", ""),
            ("Lakshmi Pillai", "9845000001", "Kochi", ""),
        )
    )
    decide(clinic, seen.id, 3, "fill")
    clinic.commit(seen.id)
    assert db.session.scalars(select(Patient.city)).one() == "Kochi"
    touched, row = take_back(clinic, seen.id)
    assert (touched, row.state) == ([], ImportState.UNDONE)
    assert db.session.scalars(select(Patient)).all() == []


def test_what_two_lines_changed_in_one_record_goes_back_to_before_the_first(
    clinic: Clinic, table: Table
) -> None:
    here = clinic.facility.id
    PatientFactory(name="Lakshmi Pillai", mobile="+919845000001", city="Pune", facility_id=here)
    db.session.commit()
    seen = clinic.preview(
        table(
            HEADINGS,
            ("Lakshmi Pillai", "9845000001", "Kochi", "Prefers mornings"),
            ("Lakshmi Pillai", "9845000001", "Nashik", ""),
        )
    )
    for number in (2, 3):
        decide(clinic, seen.id, number, "replace")
    clinic.commit(seen.id)
    assert db.session.scalars(select(Patient.city)).one() == "Nashik"
    touched, row = take_back(clinic, seen.id)
    assert (touched, row.state) == ([], ImportState.UNDONE)
    db.session.expire_all()
    patient = db.session.scalars(select(Patient)).one()
    assert (patient.city, patient.remarks) == ("Pune", None)
