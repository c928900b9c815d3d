"""The audit as administrators read it, and what it is taken out as."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import time, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.models import User
from clinic.audit import batches, nightly, verifying
from clinic.audit import service as audit
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.core.periodic import registered
from clinic.notifications.models import Message
from tests.audit.conftest import run, undone
from tests.factories import FacilityFactory, PatientFactory, UserFactory, grant


@pytest.fixture
def admin(app: Flask, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    FacilityFactory()
    return sign_in(grant(UserFactory(), Role.ADMIN))


@pytest.fixture
def vaidya(app: Flask) -> User:
    user: User = UserFactory(name="Dr Leela Rao")
    return user


def did(user: User, action: str, **values: object) -> None:
    actor = Actor(user_id=user.id, name=user.name, origin="10.1.2.3", request_id="request-1234")
    with unit_of_work():
        audit.record(actor, action, subject_type="patient", **values)  # type: ignore[arg-type]


def test_rows_are_found_by_person_patient_kind_outcome_and_day(admin: FlaskClient, vaidya: User) -> None:
    asha, ravi = PatientFactory(name="Asha Menon"), PatientFactory(name="Ravi Iyer")
    did(vaidya, "patient.viewed", patient_id=asha.id)
    did(vaidya, "note.viewed", patient_id=ravi.id, outcome="refused")
    did(UserFactory(name="Somebody Else"), "note.signed", patient_id=asha.id)
    today = clock.today("Asia/Kolkata")

    def rows(query: str) -> str:
        text = admin.get(f"/audit?{query}").get_data(as_text=True)
        return text[text.index("<tbody>") :] if "<tbody>" in text else ""

    assert "Asha Menon" in rows(f"by={vaidya.id}")
    assert "Somebody Else" not in rows(f"by={vaidya.id}")
    assert "Ravi Iyer" not in rows(f"patient={asha.id}")
    assert "Asha Menon" not in rows(f"what=note&outcome=refused&from={today}&to={today}")
    assert "Ravi Iyer" in rows(f"what=note&outcome=refused&from={today}&to={today}")
    assert rows(f"to={today - timedelta(days=1)}") == ""
    for query in ("by=x", "patient=-1", "what=<script>", "outcome=maybe", "from=2026-13-40", "before=9999"):
        assert admin.get(f"/audit?{query}").status_code == 200


def test_a_patients_number_is_typed_and_never_stands_in_the_address(admin: FlaskClient) -> None:
    patient = PatientFactory(mrn="SU-20001", mobile="+919845011723")
    for number in ("su-20001", "20001", "98450 11723"):
        answer = admin.post("/audit", data={"patient_number": number, "what": "note"})
        assert answer.headers["Location"] == f"/audit?what=note&patient={patient.id}"
    assert admin.post("/audit", data={"patient_number": "1"}).headers["Location"] == "/audit"


def test_pages_turn_by_key_and_lose_nothing(admin: FlaskClient, vaidya: User) -> None:
    for number in range(60):
        did(vaidya, "patient.viewed", subject_id=700_000 + number)
    first = admin.get(f"/audit?by={vaidya.id}").get_data(as_text=True)
    at = first.index("before=")
    key = first[at + 7 :].split("&")[0].split('"')[0]
    did(vaidya, "patient.viewed", subject_id=800_000)
    second = admin.get(f"/audit?by={vaidya.id}&before={key}").get_data(as_text=True)
    seen = [str(700_000 + number) in first for number in range(60)]
    then = [str(700_000 + number) in second for number in range(60)]
    assert sum(seen) == 50
    assert [one != other for one, other in zip(seen, then, strict=True)] == [True] * 60


def test_the_file_holds_what_was_asked_for_and_no_formula(admin: FlaskClient, vaidya: User) -> None:
    vaidya.name = "=cmd()"
    did(vaidya, "patient.viewed", patient_id=5)
    did(UserFactory(), "patient.viewed", patient_id=6)
    answer = admin.get(f"/audit/rows.csv?by={vaidya.id}")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert [(row["who"], row["patient_id"], row["from"]) for row in rows] == [("'=cmd()", "5", "10.1.2.3")]
    assert answer.headers["Cache-Control"] == "no-store"
    assert db.session.query(AuditEvent).filter_by(action="audit.taken_out").count() == 1


def test_one_row_is_shown_whole_and_a_missing_one_is_not_there(admin: FlaskClient, vaidya: User) -> None:
    did(vaidya, "patient.viewed", detail={"tab": "<b>visits</b>"})
    event = db.session.query(AuditEvent).filter_by(actor_id=vaidya.id).one()
    text = admin.get(f"/audit/rows/{event.id}").get_data(as_text=True)
    assert "&lt;b&gt;visits" in text
    assert "10.1.2.3" in text
    assert admin.get("/audit/rows/4611686018427387904").status_code == 404


def test_a_patients_log_stands_by_day_and_person_and_reading_it_is_a_row(
    admin: FlaskClient, vaidya: User
) -> None:
    patient = PatientFactory(name="Asha Menon", mrn="SU-20002", medical_history="secret history")
    for _time in range(3):
        did(vaidya, "patient.viewed", patient_id=patient.id)
    text = admin.get(f"/audit/patients/{patient.id}").get_data(as_text=True)
    assert "SU-20002" in text
    assert "3 times" in text
    assert "secret history" not in text
    assert (
        db.session.query(AuditEvent).filter_by(action="patient.log_read", patient_id=patient.id).count() == 1
    )
    assert admin.get("/audit/patients/4611686018427387904").status_code == 404


def test_the_page_says_how_far_it_is_sealed_and_what_was_found(
    admin: FlaskClient, sealed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    verifying.check()
    assert "as sealed" in admin.get("/audit").get_data(as_text=True)
    with undone():
        run("DELETE FROM audit_events WHERE id = :id", id=sealed[5])
        run("SET LOCAL session_replication_role = origin")
        verifying.check()
        text = admin.get("/audit").get_data(as_text=True)
        assert f"Row {sealed[5]} was removed after it was sealed." in text
    asked: list[str] = []
    monkeypatch.setattr("clinic.core.queue.enqueue", lambda task, **_more: asked.append(task) or True)
    assert admin.post("/audit/verify").status_code == 303
    assert asked == [nightly.TASK]


def test_administrators_hear_of_it_once_when_the_audit_was_changed(sealed: list[int]) -> None:
    boss = grant(UserFactory(email="boss@sutra.test"), Role.ADMIN)
    with undone():
        run("DELETE FROM audit_events WHERE id = :id", id=sealed[5])
        run("SET LOCAL session_replication_role = origin")
        verifying.check()
        verifying.check()
        told = db.session.query(Message).filter_by(kind="audit_failed", recipient_id=boss.id)
        assert sorted(message.channel for message in told) == ["email", "in_app"]


@pytest.mark.parametrize(
    ("last", "hour", "asks"),
    [(None, 12, True), (13, 2, True), (13, 12, False), (27, 12, True), (1, 2, False)],
)
def test_it_is_verified_every_night_and_by_day_only_when_overdue(
    sealed: list[int], monkeypatch: pytest.MonkeyPatch, last: int | None, hour: int, asks: bool
) -> None:
    now = clock.at(clock.today("Asia/Kolkata"), time(hour), "Asia/Kolkata")
    if last is not None:
        monkeypatch.setattr(clock, "now", lambda: now - timedelta(hours=last))
        verifying.check()
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr("clinic.core.queue.enqueue", lambda *_any, **_more: True)
    assert nightly.ask_when_due() is asks


def test_only_administrators_read_it(sign_in: Callable[..., FlaskClient]) -> None:
    facility = FacilityFactory()
    for role in (Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.RECEPTIONIST):
        somebody = sign_in(grant(UserFactory(), role, facility=facility))
        for path in ("/audit", "/audit/rows.csv", "/audit/emergencies", "/audit/patients/1", "/audit/rows/1"):
            assert somebody.get(path).status_code == 403


def test_sealing_goes_by_the_clock() -> None:
    every = {work.name: work.seconds for work in registered()}
    assert every["audit.seal"] == batches.SEAL_EVERY == 60
    assert every["audit.ask_to_verify"] == 900
