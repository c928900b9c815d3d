"""The health profile on the phone: seen, added to, marked as the patient's own, never another household's."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.core.access import SYSTEM
from clinic.core.db import unit_of_work
from clinic.encounters.models import VitalSigns
from clinic.patients.models import Condition
from clinic.patients.service.health import add_entry
from tests.portal.conftest import Clinic


def test_a_patient_says_changes_and_takes_back(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    at = f"/portal/family/{clinic.mother.id}/profile/condition"
    refused = home.post(f"{at}/new", data={"name": "", "since": "1998"})
    assert refused.status_code == 422
    assert 'value="1998"' in refused.text
    home.post(f"{at}/new", data={"name": "Migraine", "since": "1998"})
    said = session.scalars(select(Condition)).one()
    assert (said.source, said.confirmed_at) == ("patient", None)
    page = home.get("/portal/profile").text
    assert "Migraine" in page
    assert "You said so" in page
    home.post(f"{at}/{said.id}/change", data={"name": "Migraine", "since": "1999"})
    now = session.scalars(select(Condition).where(Condition.ended_at.is_(None))).one()
    assert now.replaces_id == said.id
    home.post(f"{at}/{now.id}/withdraw")
    assert "Migraine" not in home.get("/portal/profile").text


def test_what_the_clinic_wrote_is_read_and_not_changed(clinic: Clinic, home: FlaskClient) -> None:
    with unit_of_work():
        entry = add_entry(SYSTEM, clinic.mother.id, "condition", {"name": "Asthma"}, source="staff")
    page = home.get("/portal/profile").text
    assert "Asthma" in page
    at = f"/portal/family/{clinic.mother.id}/profile/condition/{entry}"
    assert home.get(f"{at}/change").status_code == 404
    assert home.post(f"{at}/change", data={"name": "None"}).status_code == 404
    assert home.post(f"{at}/withdraw").status_code == 404


def test_a_measurement_at_home_is_marked_as_the_patients(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    at = f"/portal/family/{clinic.mother.id}/profile/measured"
    refused = home.post(at, data={"systolic": "400/90", "weight": "62"})
    assert refused.status_code == 422
    assert "From 50 to 300" in refused.text
    assert 'value="62"' in refused.text
    assert home.post(at, data={}).status_code == 422
    home.post(at, data={"systolic": "134/86", "weight": "137 lb"})
    row = session.scalars(select(VitalSigns)).one()
    assert (row.source, row.systolic_mmhg, row.diastolic_mmhg) == ("patient", 134, 86)
    assert "134/86" in home.get("/portal/profile").text


def test_another_household_reaches_nothing(clinic: Clinic, outside: FlaskClient, session: Session) -> None:
    with unit_of_work():
        entry = add_entry(SYSTEM, clinic.mother.id, "condition", {"name": "Asthma"}, source="patient")
    at = f"/portal/family/{clinic.mother.id}/profile"
    for path in ("condition/new", f"condition/{entry}/change", "measured"):
        assert outside.get(f"{at}/{path}").status_code in (303, 404)
        assert outside.post(f"{at}/{path}", data={"name": "x", "pulse": "70"}).status_code in (303, 404)
    assert outside.post(f"{at}/condition/{entry}/withdraw").status_code in (303, 404)
    assert session.scalars(select(Condition)).one().ended_at is None
    assert session.scalars(select(VitalSigns)).all() == []
