"""Changing a patient: nothing of anybody's is lost, and a new mobile moves the sign-in."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.accounts.models import User
from clinic.audit.models import AuditEvent
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.patients.details import COLUMNS, AllergyEntry, PatientDetails
from clinic.patients.models import Allergy, Patient
from clinic.patients.queries import active_allergies, patients_of_login
from clinic.patients.service import ChangedMeanwhile, update


def details_of(patient: Patient, **changed: Any) -> PatientDetails:
    values = {name: getattr(patient, name) for name in COLUMNS}
    values["birth_precision"] = values["birth_precision"] or "day"
    return PatientDetails(**{**values, **changed})


def form_of(client: FlaskClient, patient: Patient, **changed: str) -> dict[str, str]:
    base = {"name": patient.name, "mobile": patient.mobile or "", "version": str(patient.version)}
    return {**base, "sex": patient.sex, "allergies_asked": "no", **changed}


def test_change_counts_the_version_and_says_which_fields(
    desk: Actor, registered: Callable[..., Patient]
) -> None:
    patient = registered()
    before = patient.version
    update(desk, patient.id, details_of(patient, city="Mysuru"), expected_version=before)
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.updated")).one()
    assert patient.version == before + 1
    assert event.detail["fields"] == ["city"]
    assert "Mysuru" not in str(event.detail)


def test_saving_without_a_change_changes_nothing(desk: Actor, registered: Callable[..., Patient]) -> None:
    patient = registered(age=46)
    before = patient.version
    update(desk, patient.id, details_of(patient), expected_version=before)
    assert patient.version == before


def test_second_of_two_who_change_the_same_field_sees_both(
    desk: Actor, registered: Callable[..., Patient]
) -> None:
    patient = registered(city="Bengaluru")
    opened_with = patient.version
    update(desk, patient.id, details_of(patient, city="Mysuru"), expected_version=opened_with)
    with pytest.raises(ChangedMeanwhile) as raised:
        update(desk, patient.id, details_of(patient, city="Hubballi"), expected_version=opened_with)
    (difference,) = raised.value.differences
    assert (difference.field, difference.kept, difference.typed) == ("city", "Mysuru", "Hubballi")
    assert raised.value.by == "Asha"
    assert patient.city == "Mysuru"


def test_two_who_change_different_fields_do_not_disturb_each_other(
    desk: Actor, registered: Callable[..., Patient]
) -> None:
    patient = registered()
    opened_with = patient.version
    update(desk, patient.id, details_of(patient, city="Mysuru"), expected_version=opened_with)
    update(desk, patient.id, details_of(patient, state="Karnataka"), expected_version=opened_with)
    assert (patient.city, patient.state) == ("Mysuru", "Karnataka")


def test_page_shows_both_and_keeps_what_was_chosen(
    at_desk: FlaskClient, desk: Actor, registered: Callable[..., Patient]
) -> None:
    patient = registered(city="Bengaluru")
    db.session.commit()
    form = form_of(at_desk, patient, city="Hubballi", state="Karnataka")
    update(desk, patient.id, details_of(patient, city="Mysuru"), expected_version=None)
    db.session.commit()
    url = f"/patients/{patient.id}/edit"
    clash = at_desk.post(url, data=form)
    assert clash.status_code == 409
    assert "Mysuru" in clash.text
    assert "Hubballi" in clash.text
    assert "Asha changed this patient" in clash.text
    again = {**form, "version": str(patient.version), "keep-city": "theirs"}
    assert at_desk.post(url, data=again).status_code == 303
    assert (patient.city, patient.state) == ("Mysuru", "Karnataka")


def test_new_mobile_moves_the_sign_in(desk: Actor, registered: Callable[..., Patient]) -> None:
    patient, brother = registered(), registered("Ravi Iyer")
    old = db.session.scalars(select(User).where(User.mobile == "+919845011723")).one()
    update(desk, patient.id, details_of(patient, mobile="97310 99999"), expected_version=patient.version)
    new = db.session.scalars(select(User).where(User.mobile == "+919731099999")).one()
    assert patients_of_login(old.id) == [brother]
    assert patients_of_login(new.id) == [patient]


def test_renamed_patient_is_found_by_the_new_name(
    desk: Actor, at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    patient = registered("Meenakshi Iyer")
    update(desk, patient.id, details_of(patient, name="Meenakshi Rao"), expected_version=None)
    found = at_desk.post("/patients/search", data={"q": "rao"}).text
    lost = at_desk.post("/patients/search", data={"q": "iyer"}).text
    assert "Meenakshi Rao" in found
    assert "Nobody found" in lost


def test_form_shows_what_is_kept_and_saves_it_unchanged(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    patient = registered(age=46, city="Mysuru", allergies=(AllergyEntry(substance="Penicillin"),))
    born, version = patient.birth_date, patient.version
    page = at_desk.get(f"/patients/{patient.id}/edit").text
    assert 'value="46"' in page
    assert "Penicillin" in page
    key = str(active_allergies(patient.id)[0].id)
    form = form_of(
        at_desk, patient, age="46", city="Mysuru", allergies_asked="yes",
        **{"allergies-0-key": key, "allergies-0-substance": "Penicillin"},
    )  # fmt: skip
    assert at_desk.post(f"/patients/{patient.id}/edit", data=form).status_code == 303
    assert (patient.birth_date, patient.version) == (born, version)


def test_emptied_allergy_was_an_error_and_stays_on_record(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    patient = registered(allergies=(AllergyEntry(substance="Penicillin"),))
    key = str(active_allergies(patient.id)[0].id)
    form = form_of(
        at_desk, patient, allergies_asked="none",
        **{"allergies-0-key": key, "allergies-0-substance": ""},
    )  # fmt: skip
    assert at_desk.post(f"/patients/{patient.id}/edit", data=form).status_code == 303
    row = db.session.scalars(select(Allergy)).one()
    assert (row.substance, row.status) == ("Penicillin", "entered_in_error")
    assert patient.allergy_status == "none_known"


def test_allergy_of_somebody_else_cannot_be_changed(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    mine = registered("Meena Iyer")
    other = registered("Other Rao", "9731099999", allergies=(AllergyEntry(substance="Penicillin"),))
    key = str(active_allergies(other.id)[0].id)
    form = form_of(at_desk, mine, **{"allergies-0-key": key, "allergies-0-substance": ""})
    at_desk.post(f"/patients/{mine.id}/edit", data=form)
    assert active_allergies(other.id)[0].substance == "Penicillin"


def test_allergies_stay_when_a_change_does_not_speak_of_them(
    desk: Actor, registered: Callable[..., Patient]
) -> None:
    none, some = registered(none_known=True), registered("Ravi", allergies=(AllergyEntry(substance="Nuts"),))
    for patient in (none, some):
        update(desk, patient.id, details_of(patient, city="Mysuru"), expected_version=None)
    assert (none.allergy_status, some.allergy_status) == ("none_known", "recorded")


def test_field_nobody_touched_here_takes_what_somebody_else_saved(
    at_desk: FlaskClient, desk: Actor, registered: Callable[..., Patient]
) -> None:
    patient = registered(city="Bengaluru", age=46)
    db.session.commit()
    page = at_desk.get(f"/patients/{patient.id}/edit").text
    seen = html.unescape(re.search(r'name="seen"[^>]* value="([^"]*)"', page)[1])  # type: ignore[index]
    form = form_of(at_desk, patient, city="Bengaluru", age="46", state="Karnataka", seen=seen)
    update(desk, patient.id, details_of(patient, city="Mysuru"), expected_version=None)
    db.session.commit()
    assert at_desk.post(f"/patients/{patient.id}/edit", data=form).status_code == 303
    assert (patient.city, patient.state) == ("Mysuru", "Karnataka")


@pytest.mark.parametrize("seen", ["", "{", "[]", "7", '{"city": 7}', "[" * 100_000, '{"birth_date": ""}'])
def test_form_that_remembers_nonsense_is_read_all_the_same(
    at_desk: FlaskClient, registered: Callable[..., Patient], seen: str
) -> None:
    patient = registered(city="Bengaluru")
    form = form_of(at_desk, patient, city="Hubballi", seen=seen)
    assert at_desk.post(f"/patients/{patient.id}/edit", data=form).status_code == 303
    assert patient.city == "Hubballi"
