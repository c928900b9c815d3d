"""The health profile: written by who treats, said by the patient, put right with its history kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.accounts.models import User
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import DomainError
from clinic.facilities.models import Facility
from clinic.patients.health_kinds import KINDS
from clinic.patients.models import Guardianship, Patient
from clinic.patients.queries.health import alerts_of, history_of, profile_of
from clinic.patients.service import health
from clinic.patients.service.history_text import pieces_of
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    actor_of,
    grant,
    practitioner_at,
)

SignIn = Callable[..., FlaskClient]
DIABETES = {"name": "Diabetes", "since": "2015", "status": "active", "treatment": "Metformin"}


class Ward:
    """A patient, the practitioner who treats, the desk, and a household."""

    def __init__(self, sign_in: SignIn) -> None:
        self.facility: Facility = FacilityFactory()
        self.vaidya: User = grant(UserFactory(name="Dr Rao"), Role.PRACTITIONER, facility=self.facility)
        practitioner_at(self.facility, self.vaidya, name="Dr Rao")
        self.desk: User = grant(UserFactory(), Role.RECEPTIONIST, facility=self.facility)
        self.patient: Patient = PatientFactory(facility_id=self.facility.id, sex="female")
        self.mother: User = grant(UserFactory(), Role.PATIENT)
        db.session.add(
            Guardianship(user_id=self.mother.id, patient_id=self.patient.id, relationship_kind="self")
        )
        db.session.commit()
        self.actor: Actor = actor_of(self.vaidya, Role.PRACTITIONER, facility=self.facility)
        self.household: Actor = actor_of(self.mother, Role.PATIENT)
        self.sign_in = sign_in

    def add(self, code: str, actor: Actor | None = None, **typed: str) -> int:
        with unit_of_work():
            made = health.add_entry(actor or self.actor, self.patient.id, code, typed)
        assert made is not None
        return made

    def now(self, code: str) -> list[tuple[str, str]]:
        entries = profile_of(self.patient.id, (code,)).now[code]
        return [(entry.title, entry.text) for entry in entries]

    def url(self, rest: str = "") -> str:
        return f"/patients/{self.patient.id}/health{rest}"


@pytest.fixture
def ward(session: Session, sign_in: SignIn) -> Ward:
    return Ward(sign_in)


def test_an_entry_is_written_shown_and_put_right_with_its_history(ward: Ward) -> None:
    vaidya = ward.sign_in(ward.vaidya)
    assert vaidya.post(ward.url("/condition/new"), data=DIABETES).status_code == 303
    (entry,) = profile_of(ward.patient.id, ("condition",)).now["condition"]
    assert (entry.title, entry.text) == ("Diabetes", "since 2015, Metformin")
    assert (entry.by, entry.source) == ("Dr Rao", "staff")
    changed = vaidya.post(
        ward.url(f"/condition/{entry.id}/change"),
        data={**DIABETES, "since": "03/2014", "status": "remission"},
    )
    assert changed.status_code == 303
    assert ward.now("condition") == [("Diabetes", "since March 2014, Metformin")]
    (now,) = profile_of(ward.patient.id, ("condition",)).now["condition"]
    page = vaidya.get(ward.url(f"/condition/{now.id}/history")).text
    assert "since 2015, Metformin" in page
    assert [one.ended_why for one in history_of(ward.patient.id, KINDS["condition"], now.id)] == [
        "",
        "replaced",
    ]
    stale = vaidya.post(ward.url(f"/condition/{entry.id}/change"), data={**DIABETES, "name": "Other"})
    assert stale.status_code == 409
    assert "Somebody changed it a moment ago" in stale.text


@pytest.mark.parametrize(
    ("code", "typed", "words"),
    [
        ("condition", {"name": ""}, "Write what it is."),
        ("condition", {"name": "Asthma", "since": "2999"}, "That is still to come."),
        ("condition", {"name": "Asthma", "status": "cured"}, "Choose one of these."),
        ("medicine", {"name": "Aspirin", "since": "2020", "until": "2019"}, "That is before it began."),
        ("surgery", {"operation": "x" * 201}, "At most 200 characters."),
        ("family", {"condition": "Diabetes"}, "Choose the relative."),
        ("lifestyle", {}, "Choose or write at least one thing."),
        ("pregnancy", {"status": "pregnant", "lmp": "01/01/2020"}, "more than 47 weeks ago"),
    ],
)
def test_what_cannot_be_comes_back_beside_its_field(
    ward: Ward, code: str, typed: dict[str, str], words: str
) -> None:
    answer = ward.sign_in(ward.vaidya).post(ward.url(f"/{code}/new"), data=typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert ward.now(code) == []


def test_a_section_alone_answers_a_browser_with_scripts(ward: Ward) -> None:
    vaidya = ward.sign_in(ward.vaidya)
    answer = vaidya.post(ward.url("/condition/new"), data=DIABETES, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<section")
    assert "Diabetes" in answer.text


def test_the_desk_sees_medicines_and_allergies_and_no_conditions(ward: Ward) -> None:
    ward.add("condition", **DIABETES)
    ward.add("family", relation="mother", condition="Breast cancer")
    ward.add("medicine", name="Metformin", dose="500 mg")
    desk = ward.sign_in(ward.desk)
    page = desk.get(ward.url()).text
    assert "Metformin" in page
    assert "Diabetes" not in page
    assert "Breast cancer" not in page
    for code in ("condition", "surgery", "family", "lifestyle", "pregnancy"):
        assert desk.get(ward.url(f"/{code}/new")).status_code == 404
        assert desk.post(ward.url(f"/{code}/new"), data=DIABETES).status_code == 404
    assert desk.post(ward.url("/medicine/new"), data={"name": "Aspirin"}).status_code == 303
    assert desk.post(ward.url("/allergies/new"), data={"substance": "Latex"}).status_code == 303


def test_outsiders_find_nothing(ward: Ward) -> None:
    entry = ward.add("condition", **DIABETES)
    elsewhere = FacilityFactory()
    outsider = grant(UserFactory(), Role.PRACTITIONER, facility=elsewhere)
    practitioner_at(elsewhere, outsider)
    other = PatientFactory(facility_id=ward.facility.id)
    db.session.commit()
    client = ward.sign_in(outsider)
    for path in ("", "/condition/new", f"/condition/{entry}/change", f"/condition/{entry}/history"):
        assert client.get(ward.url(path)).status_code == 404
    mine = ward.sign_in(ward.vaidya)
    assert mine.get(f"/patients/{other.id}/health/condition/{entry}/change").status_code == 404
    assert mine.get(f"/patients/{other.id}/health/condition/{entry}/history").status_code == 404
    strike = mine.post(f"/patients/{other.id}/health/condition/{entry}/strike", data={"reason": "x"})
    assert strike.status_code == 404


def test_what_the_patient_says_waits_for_a_practitioner(ward: Ward) -> None:
    entry = ward.add("condition", ward.household, name="Migraine")
    page = ward.sign_in(ward.vaidya).get(ward.url()).text
    assert "Patient said" in page
    with unit_of_work():
        health.change_entry(ward.household, ward.patient.id, "condition", entry, {"name": "Migraine, left"})
    (now,) = profile_of(ward.patient.id, ("condition",)).now["condition"]
    with unit_of_work():
        health.confirm_entry(ward.actor, ward.patient.id, "condition", now.id)
    (now,) = profile_of(ward.patient.id, ("condition",)).now["condition"]
    assert not now.unconfirmed
    assert now.confirmed_by == "Dr Rao"
    for refused in (
        lambda: health.change_entry(ward.household, ward.patient.id, "condition", now.id, DIABETES),
        lambda: health.strike_entry(ward.household, ward.patient.id, "condition", now.id, "no"),
        lambda: health.confirm_entry(ward.household, ward.patient.id, "condition", now.id),
    ):
        with pytest.raises(DomainError), unit_of_work():
            refused()


def test_another_household_reaches_nothing(ward: Ward) -> None:
    stranger = grant(UserFactory(), Role.PATIENT)
    db.session.commit()
    with pytest.raises(DomainError, match="no such patient"), unit_of_work():
        health.add_entry(actor_of(stranger, Role.PATIENT), ward.patient.id, "condition", DIABETES)


def test_a_medicine_ends_comes_back_and_is_struck_through(ward: Ward) -> None:
    entry = ward.add("medicine", name="Metformin", dose="500 mg", since="2015", ordered_by="Dr Shah")
    vaidya = ward.sign_in(ward.vaidya)
    vaidya.post(ward.url(f"/medicine/{entry}/end"))
    assert ward.now("medicine") == []
    assert "1 earlier entry" in vaidya.get(ward.url()).text
    vaidya.post(ward.url(f"/medicine/{entry}/change"), data={"name": "Metformin", "dose": "1 g"})
    assert ward.now("medicine") == [("Metformin", "1 g")]
    (now,) = profile_of(ward.patient.id, ("medicine",)).now["medicine"]
    assert vaidya.post(ward.url(f"/medicine/{now.id}/strike"), data={"reason": ""}).status_code == 422
    vaidya.post(ward.url(f"/medicine/{now.id}/strike"), data={"reason": "Another patient's"})
    assert ward.now("medicine") == []
    page = vaidya.get(ward.url()).text
    assert "<s>Metformin</s>" in page
    assert "Entered in error: Another patient&#39;s" in page


def test_a_pregnancy_is_an_alert_with_its_due_date(ward: Ward) -> None:
    lmp = clock.today(ward.facility.zone) - timedelta(days=70)
    ward.add("pregnancy", status="pregnant", lmp=f"{lmp:%d/%m/%Y}")
    (alert,) = alerts_of(ward.patient.id)
    assert alert.title == "Pregnant"
    assert f"{(lmp + timedelta(days=280)).day}" in alert.text
    assert "Pregnant" in ward.sign_in(ward.desk).get(f"/patients/{ward.patient.id}").text
    ward.add("pregnancy", status="not_pregnant")
    assert alerts_of(ward.patient.id) == []
    assert len(profile_of(ward.patient.id, ("pregnancy",)).now["pregnancy"]) == 1


def test_a_man_is_not_asked_about_pregnancy(ward: Ward) -> None:
    ward.patient.sex = "male"
    db.session.commit()
    assert 'id="pregnancy"' not in ward.sign_in(ward.vaidya).get(ward.url()).text


def test_an_allergy_keeps_what_it_said_before(ward: Ward) -> None:
    vaidya = ward.sign_in(ward.vaidya)
    data = {"substance": "Penicillin", "reaction": "Rash", "severity": "mild", "category": "medication"}
    vaidya.post(ward.url("/allergies/new"), data=data)
    allergy = db.session.scalar(text("SELECT id FROM allergies"))
    vaidya.post(
        ward.url(f"/allergies/{allergy}/change"), data={**data, "severity": "severe", "criticality": "high"}
    )
    page = vaidya.get(ward.url(f"/allergies/{allergy}/history")).text
    assert "Penicillin, Rash, mild" in page
    assert "Penicillin, Rash, severe, high risk" in page
    assert vaidya.post(ward.url("/allergies/none")).status_code == 303
    assert db.session.scalar(text("SELECT allergy_status FROM patients")) == "recorded"
    vaidya.post(ward.url(f"/allergies/{allergy}/strike"))
    vaidya.post(ward.url("/allergies/none"))
    db.session.expire_all()
    assert db.session.scalar(text("SELECT allergy_status FROM patients")) == "none_known"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE conditions SET name = 'Other'",
        "UPDATE conditions SET ended_at = now(), name = 'Other'",
        "DELETE FROM conditions",
        "TRUNCATE conditions",
        "UPDATE patient_medications SET dose = '9 g'",
        "DELETE FROM patient_medications",
        "DELETE FROM allergies",
        "UPDATE allergy_versions SET substance = 'x'",
        "DELETE FROM allergy_versions",
    ],
)
def test_not_even_sql_overwrites_or_removes_an_entry(ward: Ward, session: Session, statement: str) -> None:
    ward.add("condition", **DIABETES)
    ward.add("medicine", name="Metformin")
    session.execute(
        text(
            "INSERT INTO allergies (patient_id, substance, status, recorded_at, created_at) "
            "VALUES (:patient, 'Latex', 'active', now(), now())"
        ),
        {"patient": ward.patient.id},
    )
    session.execute(text("UPDATE allergies SET reaction = 'Rash'"))
    session.commit()
    # The second one looks at what else would be looked at only when the transaction ends.
    with pytest.raises(IntegrityError):  # noqa: PT012
        session.execute(text(statement))
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.rollback()


def test_an_end_is_never_taken_off(ward: Ward, session: Session) -> None:
    entry = ward.add("medicine", name="Metformin")
    with unit_of_work():
        health.stop_entry(ward.actor, ward.patient.id, "medicine", entry)
    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE patient_medications SET ended_at = NULL, ended_why = NULL"))
    session.rollback()


def test_the_patients_own_words_are_taken_into_the_list(ward: Ward) -> None:
    ward.patient.medical_history = "Diabetes since 2015, high BP; none\nAppendix out"
    db.session.commit()
    vaidya = ward.sign_in(ward.vaidya)
    assert "Take into the list" in vaidya.get(ward.url()).text
    vaidya.post(ward.url("/take"), data={"piece": ["Diabetes since 2015", "high BP"]})
    assert ward.now("condition") == [("Diabetes", "since 2015"), ("high BP", "")]
    entries = profile_of(ward.patient.id, ("condition",)).now["condition"]
    assert {entry.source for entry in entries} == {"intake"}
    assert pieces_of(ward.patient.medical_history, entries) == ["Appendix out"]
    assert ward.sign_in(ward.desk).post(ward.url("/take"), data={"piece": "x"}).status_code == 403


def test_the_profile_is_few_statements(ward: Ward, count_statements: Callable[[], list[str]]) -> None:
    for name in ("Diabetes", "Asthma", "Migraine"):
        ward.add("condition", name=name)
    vaidya = ward.sign_in(ward.vaidya)
    vaidya.get(ward.url())
    count_statements()
    vaidya.get(ward.url())
    sent = [one for one in count_statements() if "login_sessions" not in one and "audit_events" not in one]
    assert len(sent) <= 6, sent


def test_any_text_goes_in_and_comes_out_as_text(ward: Ward) -> None:
    words = "<script>alert(1)</script> मधुमेह 😀"
    answer = ward.sign_in(ward.vaidya).post(ward.url("/condition/new"), data={"name": words})
    assert answer.status_code == 303
    page = ward.sign_in(ward.vaidya).get(ward.url()).text
    assert "<script>alert(1)" not in page
    assert "मधुमेह 😀" in page
