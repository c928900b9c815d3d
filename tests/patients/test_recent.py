"""The patients somebody opened lately: in the empty box and on the list, until they ask to forget it."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import func, select

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from tests.factories import FacilityFactory, UserFactory, grant

SignIn = Callable[..., FlaskClient]


def test_the_last_eight_are_listed_the_latest_first(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    patients = [registered(f"Person {chr(65 + number)}", f"98450 1172{number}") for number in range(10)]
    db.session.commit()
    for patient in [*patients, patients[3]]:
        at_desk.get(f"/patients/{patient.id}")
    for page in (at_desk.get("/search/recent").text, at_desk.get("/search").text):
        names = [patient.name for patient in (patients[3], *patients[:3:-1], patients[2])]
        places = [page.index(name) for name in names]
        assert places == sorted(places)
        assert "Person A" not in page
    listed = at_desk.get("/patients").text
    assert listed.index("Opened lately") < listed.index("Person D")
    assert "Opened lately" not in at_desk.post("/patients/search", data={"q": "person"}).text


def test_reading_writes_audit_rows_and_nothing_else(
    at_desk: FlaskClient, registered: Callable[..., Patient], count_statements: Callable[[], list[str]]
) -> None:
    patient = registered()
    db.session.commit()
    at_desk.get(f"/patients/{patient.id}")
    at_desk.get("/search/recent")
    count_statements()
    at_desk.get("/search/recent")
    sent = count_statements()
    written = [one for one in sent if not one.lstrip().startswith("SELECT")]
    assert all("INSERT INTO audit_events" in one for one in written)
    assert len([one for one in sent if "login_sessions" not in one]) <= 3
    ids = select(AuditEvent.detail).where(AuditEvent.action == "patient.listed")
    assert db.session.scalars(ids).first() == {"ids": [patient.id], "filter": "recent"}


def test_forgetting_empties_the_list_and_keeps_the_log(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    first, second = registered("Asha Menon", "98450 11725"), registered("Bela Rao", "98450 11726")
    db.session.commit()
    at_desk.get(f"/patients/{first.id}")
    answer = at_desk.post("/search/recent/forget", data={"next": f"/patients/{second.id}"})
    assert answer.location == f"/patients/{second.id}"
    assert "Asha Menon" not in at_desk.get("/search/recent").text
    at_desk.get(f"/patients/{second.id}")
    page = at_desk.get("/search/recent").text
    assert "Bela Rao" in page
    assert "Asha Menon" not in page
    viewed = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "patient.viewed")
    assert db.session.scalar(viewed) == 2
    assert at_desk.post("/search/recent/forget", data={"next": "//evil.example"}).location == "/"


def test_whom_one_no_longer_sees_is_not_named_and_nobody_is_told_anothers_list(
    at_desk: FlaskClient, facility: Facility, registered: Callable[..., Patient], sign_in: SignIn
) -> None:
    patient = registered("Asha Menon")
    db.session.commit()
    colleague = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=facility))
    at_desk.get(f"/patients/{patient.id}")
    assert "Asha Menon" in at_desk.get("/search/recent").text
    assert "Asha Menon" not in colleague.get("/search/recent").text
    patient.facility_id = FacilityFactory().id
    db.session.commit()
    for address in ("/search/recent", "/search", "/patients"):
        assert "Asha Menon" not in at_desk.get(address).text
