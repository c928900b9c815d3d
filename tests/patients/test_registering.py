"""Adding patients: a name and a mobile are enough, and the sign-in comes with the record."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from clinic.accounts.models import RoleGrant, User
from clinic.audit.models import AuditEvent
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Forbidden, Invalid
from clinic.patients.details import AllergyEntry, PatientDetails, check
from clinic.patients.models import Allergy, Guardianship, Patient
from clinic.patients.service import register
from tests.factories import UserFactory, actor_of

FULL = {
    "name": "Meenakshi Iyer",
    "mobile": "98450 11723",
    "birth_date": "14/11/1980",
    "sex": "female",
    "email": "Meena@Example.org",
    "locale": "hi",
    "line": "12, 80 Feet Road",
    "city": "Bengaluru",
    "state": "Karnataka",
    "postal_code": "560 038",
    "country": "IN",
    "emergency_name": "Raghavan Iyer",
    "emergency_phone": "98450 11724",
    "emergency_relationship": "spouse",
    "medical_history": "Low back pain.\nWorse in cold.",
    "prakriti": "vata_pitta",
    "blood_group": "B+",
    "allergies_asked": "yes",
    "allergies-0-substance": "Penicillin",
    "allergies-0-reaction": "Rash",
    "allergies-0-severity": "severe",
}


def only_patient() -> Patient:
    return db.session.scalars(select(Patient)).one()


def test_name_and_mobile_are_enough(at_desk: FlaskClient) -> None:
    answer = at_desk.post("/patients/new", data={"name": " Meenakshi  Iyer ", "mobile": "098450-11723"})
    patient = only_patient()
    assert answer.status_code == 303
    assert answer.location.endswith(f"/patients/{patient.id}")
    assert (patient.name, patient.mobile, patient.birth_date) == ("Meenakshi Iyer", "+919845011723", None)
    assert patient.mrn.startswith("SU-")


def test_everything_the_form_asks_is_kept(at_desk: FlaskClient, receptionist: User) -> None:
    assert at_desk.post("/patients/new", data=FULL).status_code == 303
    patient = only_patient()
    assert patient.birth_date == date(1980, 11, 14)
    assert patient.birth_precision == "day"
    assert (patient.email, patient.locale, patient.postal_code) == ("meena@example.org", "hi", "560038")
    assert (patient.emergency_phone, patient.emergency_relationship) == ("+919845011724", "spouse")
    assert patient.medical_history == "Low back pain.\nWorse in cold."
    assert (patient.prakriti, patient.blood_group, patient.sex) == ("vata_pitta", "B+", "female")
    allergy = db.session.scalars(select(Allergy)).one()
    assert (allergy.substance, allergy.reaction, allergy.severity) == ("Penicillin", "Rash", "severe")
    assert (patient.allergy_status, patient.allergies_asked_by) == ("recorded", receptionist.id)


def test_sign_in_of_the_mobile_is_made_with_the_patient(at_desk: FlaskClient) -> None:
    at_desk.post("/patients/new", data={"name": "Meenakshi Iyer", "mobile": "98450 11723"})
    login = db.session.scalars(select(User).where(User.mobile == "+919845011723")).one()
    assert db.session.scalar(select(RoleGrant.role).where(RoleGrant.user_id == login.id)) == "patient"
    guardianship = db.session.scalars(select(Guardianship)).one()
    assert (guardianship.user_id, guardianship.patient_id) == (login.id, only_patient().id)


def test_neither_patient_nor_sign_in_remains_when_one_fails(
    desk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_values: Any) -> None:
        raise Invalid("not today")

    monkeypatch.setattr("clinic.patients.service.registering.record_allergies", broken)
    with pytest.raises(Invalid), db.session.begin_nested():
        register(desk, PatientDetails(name="Meenakshi Iyer", mobile="98450 11723"))
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 0
    assert db.session.scalar(select(func.count()).where(User.mobile.is_not(None))) == 0


def test_household_shares_one_sign_in(desk: Actor) -> None:
    for name in ("Meenakshi Iyer", "Raghavan Iyer"):
        register(desk, PatientDetails(name=name, mobile="98450 11723"))
    assert db.session.scalar(select(func.count()).where(User.mobile == "+919845011723")) == 1
    assert db.session.scalar(select(func.count()).select_from(Guardianship)) == 2


def test_age_becomes_a_reckoned_birth_date(at_desk: FlaskClient) -> None:
    at_desk.post("/patients/new", data={"name": "Meenakshi Iyer", "mobile": "98450 11723", "age": "46"})
    patient = only_patient()
    assert patient.birth_precision == "age"
    page = at_desk.get(f"/patients/{patient.id}").text
    assert "about 46 years" in page


def test_none_known_says_who_asked_and_when(at_desk: FlaskClient, receptionist: User) -> None:
    form = {"name": "Meenakshi Iyer", "mobile": "98450 11723", "allergies_asked": "none"}
    at_desk.post("/patients/new", data=form)
    patient = only_patient()
    assert (patient.allergy_status, patient.allergies_asked_by) == ("none_known", receptionist.id)
    assert patient.allergies_asked_at is not None
    page = at_desk.get(f"/patients/{patient.id}").text
    assert "No known allergies" in page
    assert "asked by Asha" in page


def test_same_form_sent_twenty_times_makes_one_patient(at_desk: FlaskClient) -> None:
    form = {"name": "Meenakshi Iyer", "mobile": "98450 11723", "submission_key": "k-1", "anyway": "yes"}
    places = set()
    for _time in range(20):
        shown = [row.id for row in db.session.scalars(select(Patient))]
        places.add(at_desk.post("/patients/new", data={**form, "shown": shown}).location)
    assert len(places) == 1
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 1


def test_form_brought_back_with_another_name_makes_another_patient(desk: Actor) -> None:
    first = register(desk, PatientDetails(name="Meena Rao", mobile="9845011723"), submission_key="k")
    second = register(desk, PatientDetails(name="Ravi Rao", mobile="9845011723"), submission_key="k")
    assert first.id != second.id


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "M", "2 to 100 characters"),
        ("name", "m" * 101, "100 characters"),
        ("mobile", "", "Enter a mobile number"),
        ("mobile", "12345", "10 digits"),
        ("mobile", "58450 11723", "begins with 6, 7, 8 or 9"),
        ("birth_date", "31/02/1980", "no such day"),
        ("birth_date", "01/01/2999", "still to come"),
        ("birth_date", "soon", "Write the date"),
        ("age", "150", "between 0 and 149"),
        ("age", "-1", "whole number"),
        ("email", "meena@", "not an e-mail"),
        ("postal_code", "012345", "first is not 0"),
        ("postal_code", "56003", "6 digits"),
        ("emergency_phone", "123", "10 digits"),
    ],
)
def test_wrong_value_is_refused_beside_its_field_and_kept(
    at_desk: FlaskClient, field: str, value: str, message: str
) -> None:
    form = {"name": "Meenakshi Iyer", "mobile": "98450 11723", "city": "Mysuru", field: value}
    answer = at_desk.post("/patients/new", data=form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert message in answer.text
    assert 'value="Mysuru"' in answer.text
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 0


def test_postal_code_from_abroad_is_taken_as_it_is(desk: Actor) -> None:
    details = PatientDetails(name="John Smith", mobile="+447400123456", postal_code="SW1A 1AA", country="GB")
    assert register(desk, details).postal_code == "SW1A 1AA"


def test_fields_the_form_does_not_have_change_nothing(at_desk: FlaskClient) -> None:
    extra = {
        "id": "999",
        "mrn": "SU-1",
        "deceased": "1",
        "facility_id": "77",
        "role": "admin",
        "created_by": "1",
    }
    at_desk.post("/patients/new", data={"name": "Meenakshi Iyer", "mobile": "98450 11723", **extra})
    patient = only_patient()
    assert patient.deceased is False
    assert patient.mrn != "SU-1"
    assert patient.id != 999


def test_htmx_gets_the_form_again_and_not_the_page(at_desk: FlaskClient) -> None:
    answer = at_desk.post("/patients/new", data={"name": "M"}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert answer.text.lstrip().startswith("<form")


def test_registering_leaves_an_audit_row_without_names(at_desk: FlaskClient, receptionist: User) -> None:
    at_desk.post("/patients/new", data={"name": "Meenakshi Iyer", "mobile": "98450 11723"})
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.created")).one()
    assert (event.actor_id, event.patient_id) == (receptionist.id, only_patient().id)
    assert "Meenakshi" not in str(event.detail)


def test_administrator_cannot_register(facility: Any) -> None:
    with pytest.raises(Forbidden):
        register(actor_of(UserFactory(), Role.ADMIN), PatientDetails(name="Meenakshi", mobile="9845011723"))


def test_nobody_signed_in_cannot_register(facility: Any) -> None:
    with pytest.raises(Forbidden):
        register(Actor(user_id=None, name=""), PatientDetails(name="Meenakshi", mobile="9845011723"))


def test_allergy_and_none_known_contradict_each_other() -> None:
    details = PatientDetails(
        name="Meena", mobile="9845011723", allergies=(AllergyEntry(substance="Nuts"),), none_known=True
    )
    _checked, faults = check(details, today=date(2026, 11, 20))
    assert [fault.field for fault in faults] == ["allergies"]


def test_somebody_born_on_29_february_has_a_birthday_every_year() -> None:
    checked, faults = check(PatientDetails(name="Meena", mobile="9845011723", age=1), today=date(2028, 2, 29))
    assert not faults
    assert checked.birth_date == date(2027, 2, 28)
