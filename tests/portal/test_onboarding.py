"""The first questions in the portal: part by part, skipped, come back to, sent in, taken over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.errors import Invalid
from clinic.notifications.models import Message
from clinic.patients.body import index_text, mass_index, parse_height, parse_weight
from clinic.patients.models import Consent, ConsentVersion, IntakeLink, PatientInsurance, PatientMedication
from clinic.patients.queries.consents import has_consent
from clinic.patients.queries.said import said_of
from clinic.patients.service.consent_kinds import ensure_usual
from tests.factories import FacilityFactory, UserFactory, grant
from tests.portal.conftest import Clinic, words

PARTS = {
    "about": {"name": "Meenakshi Rao", "birth_date": "14/11/1980", "sex": "female", "blood_group": "B+"},
    "address": {"line": "12, 80 Feet Road", "city": "Bengaluru", "postal_code": "560038"},
    "body": {"height": "5'5\"", "weight": "68 kg", "prakriti": "pitta"},
    "emergency": {"emergency_name": "Ravi", "emergency_phone": "98450 11724"},
    "allergies": {"allergies_asked": "none"},
    "medicines": {
        "medicines_asked": "yes",
        "medicine_1": "Metformin",
        "dose_1": "500 mg",
        "often_1": "twice a day",
    },
    "history": {
        "conditions": "Diabetes since 2015",
        "operations": "Appendix 1998",
        "family_history": "Asthma",
    },
    "insurance": {"insurer": "Star Health", "policy_number": "P/12345/67", "insured_until": "31/03/2099"},
}


@pytest.fixture
def form(home: FlaskClient) -> str:
    """The address of the mother's form."""
    return home.post("/portal/intake").headers["Location"]


@pytest.fixture
def asked(session: Session) -> list[ConsentVersion]:
    """The usual consents, published; the two that treatment needs come first."""
    ensure_usual(published=True)
    session.commit()
    return list(
        session.scalars(select(ConsentVersion).order_by(ConsentVersion.required.desc(), ConsentVersion.id))
    )


def fill_in(phone: FlaskClient, form: str, *left_out: str) -> None:
    for part, answers in PARTS.items():
        if part not in left_out:
            assert phone.post(f"{form}/{part}", data=answers).status_code == 303, part


def test_parts_are_skipped_and_come_back_to_and_home_says_how_far(
    clinic: Clinic, home: FlaskClient, form: str
) -> None:
    assert "to fill in" in home.get("/portal").text
    page = home.get(f"{form}/about").text
    assert f'href="{form}/address"' in page
    assert "Skip for now" in page

    fill_in(home, form, "body", "medicines", "history", "insurance", "address")

    assert "3 of 8 done" in words(home.get("/portal").text)
    assert 'name="line"' in home.get(form).text
    assert "Some parts are left out." in home.get(f"{form}/check").text
    home.post(f"{form}/body", data=PARTS["body"])
    assert "4 of 8 done" in words(home.get("/portal").text)


def test_what_is_needed_cannot_be_left_out(home: FlaskClient, form: str, session: Session) -> None:
    fill_in(home, form, "allergies")
    answer = home.post(f"{form}/submit")
    assert answer.status_code == 422
    assert "Needed before you send the form" in answer.text
    assert session.scalars(select(IntakeLink.submitted_at)).one() is None


def test_the_form_goes_on_where_it_stopped_even_weeks_later(
    clinic: Clinic, home: FlaskClient, form: str, session: Session
) -> None:
    home.post(f"{form}/about", data=PARTS["about"])
    link = session.scalars(select(IntakeLink)).one()
    link.expires_at = clock.now() - timedelta(days=20)
    session.commit()
    assert home.get(form).status_code == 410
    assert "1 of 8 done" in home.get("/portal").text

    again = home.post("/portal/intake").headers["Location"]

    assert again == form
    assert 'name="line"' in home.get(again).text


@pytest.mark.parametrize(
    ("part", "answers", "field"),
    [
        ("body", {"height": "1650"}, "height"),
        ("body", {"weight": "0.2 kg"}, "weight"),
        ("body", {"height": "tall"}, "height"),
        ("medicines", {}, "medicines_asked"),
        ("medicines", {"medicines_asked": "none", "medicine_1": "Metformin"}, "medicines_asked"),
        ("medicines", {"medicines_asked": "yes", "dose_2": "5 mg"}, "medicine_2"),
        ("insurance", {"policy_number": "12"}, "insurer"),
        ("insurance", {"insurer": "Star", "insured_until": "2027"}, "insured_until"),
        ("emergency", {"emergency_name": "Ravi"}, "emergency_phone"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_kept(
    home: FlaskClient, form: str, part: str, answers: dict[str, str], field: str
) -> None:
    answer = home.post(f"{form}/{part}", data=answers)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    for typed in answers.values():
        assert typed in home.get(f"{form}/{part}").text


def test_each_part_saves_itself_and_tells_the_body_mass_index(home: FlaskClient, form: str) -> None:
    home.post(f"{form}/about", data=PARTS["about"])
    saved = home.post(f"{form}/body/draft", data={"height": "165", "weight": "68", "version": "0"}).json
    assert saved is not None
    assert "Body mass index 25.0: obese" in saved["note"]
    home.post(f"{form}/about", data={**PARTS["about"], "birth_date": str(clock.now().year - 9)})
    child = home.post(f"{form}/body/draft", data={"height": "130", "weight": "30", "version": "1"}).json
    assert child is not None
    assert "for adults" in child["note"]


def test_measures_are_read_as_people_say_them() -> None:
    for said in ("165", "165 cm", "1.65 m", "165,0"):
        assert parse_height(said) == Decimal("165.0")
    assert parse_height("5'5\"") == parse_height("5 ft 5 in") == Decimal("165.1")
    assert parse_weight("137 lb") == Decimal("62.1")
    for wrong in ("29", "251", "9'0\"", "5'13\"", "", "1.65"):
        with pytest.raises(Invalid):
            parse_height(wrong)
    for wrong in ("0.4", "401", "-5", "nine"):
        with pytest.raises(Invalid):
            parse_weight(wrong)


@pytest.mark.parametrize(
    ("weight", "meaning"),
    [
        ("53.2", "underweight"),
        ("53.5", "healthy"),
        ("66.4", "overweight"),
        ("72.0", "overweight"),
        ("72.3", "obese"),
    ],
)
def test_the_index_has_the_limits_for_people_of_south_asia(weight: str, meaning: str) -> None:
    found = mass_index(Decimal(170), Decimal(weight))
    assert found is not None
    assert found.meaning.startswith(meaning)
    assert index_text(None, Decimal(weight)) == ""


def test_the_policy_number_is_sealed_wherever_it_is_kept(
    home: FlaskClient, form: str, session: Session
) -> None:
    home.post(f"{form}/insurance", data=PARTS["insurance"])
    raw = session.execute(
        text("SELECT answers::text FROM intake_sections WHERE section = 'insurance'")
    ).scalar()
    assert raw is not None
    assert "Star Health" in raw
    assert "P/12345/67" not in raw
    assert 'value="P/12345/67"' in home.get(f"{form}/insurance").text


def test_a_finished_form_is_told_and_taken_into_the_record(
    clinic: Clinic, home: FlaskClient, form: str, session: Session, sign_in: Callable[..., FlaskClient]
) -> None:
    clinic.facility.email = "desk@example.org"
    session.commit()
    fill_in(home, form)
    for _time in range(2):
        assert home.post(f"{form}/submit").status_code == 303
    told = session.execute(
        select(Message.kind, Message.recipient_type).where(
            Message.kind.in_(("onboarding_complete", "onboarding_waits")),
            Message.channel.in_(("sms", "email")),
        )
    ).all()
    assert sorted(tuple(row) for row in told) == [
        ("onboarding_complete", "patient"),
        ("onboarding_waits", "facility"),
    ]
    assert "intake.submitted" in set(session.scalars(select(AuditEvent.action)))
    assert "sent" in words(home.get("/portal").text)

    desk = sign_in(grant(UserFactory(name="Asha"), Role.RECEPTIONIST, facility=clinic.facility))
    url = f"/patients/{clinic.mother.id}"
    review = words(desk.get(f"{url}/intake").text)
    for said in ("Metformin", "500 mg, twice a day", "165.1 cm", "Star Health", "Operations: Appendix 1998"):
        assert said in review
    taken = {
        "medicine": "0",
        "measures": "yes",
        "insurance": "yes",
        "medical_history": "take",
        "none_known": "yes",
    }
    assert desk.post(f"{url}/intake", data=taken).status_code == 303

    said = said_of(clinic.mother.id)
    assert [(one.name, one.dose, one.source) for one in said.medicines] == [
        ("Metformin", "500 mg", "patient")
    ]
    assert (said.measured.height_cm, said.measured.weight_kg) == (Decimal("165.1"), Decimal("68.0"))
    assert said.insurance is not None
    assert (said.insurance.insurer, said.insurance.policy_number) == ("Star Health", "P/12345/67")
    sealed = session.scalars(select(PatientInsurance.policy_sealed)).one()
    assert sealed is not None
    assert "12345" not in sealed
    assert "Intake form" not in home.get("/portal").text
    health = words(desk.get(f"{url}/health").text)
    for shown in (
        "Metformin",
        "patient said",
        "Star Health",
        "P/12345/67",
        "Body mass index 24.9: overweight",
    ):
        assert shown in health


def test_staff_change_what_was_said_and_the_record_keeps_it(
    clinic: Clinic, session: Session, sign_in: Callable[..., FlaskClient]
) -> None:
    desk = sign_in(grant(UserFactory(name="Asha"), Role.RECEPTIONIST, facility=clinic.facility))
    url = f"/patients/{clinic.mother.id}"
    wrong = desk.post(f"{url}/health/medicine/new", data={"name": "", "dose": "5 mg"})
    assert wrong.status_code == 422
    assert 'value="5 mg"' in wrong.text
    for _time in range(2):
        desk.post(f"{url}/health/medicine/new", data={"name": "Aspirin", "dose": "75 mg"})
    row = session.scalars(select(PatientMedication)).one()
    assert (row.source, row.recorded_by is not None) == ("staff", True)
    assert desk.post(f"{url}/measures", data={"height": "900"}).status_code == 422
    desk.post(f"{url}/measures", data={"weight": "70"})
    desk.post(f"{url}/measures", data={"height": "165"})
    desk.post(
        f"{url}/insurance", data={"insurer": "Star", "policy_number": "1", "insured_until": "31/03/2099"}
    )
    desk.post(f"{url}/insurance", data={})
    desk.post(f"{url}/health/medicine/{row.id}/end")

    said = said_of(clinic.mother.id)
    assert (said.medicines, said.insurance) == ((), None)
    assert (said.measured.height_cm, said.measured.weight_kg) == (Decimal("165.0"), Decimal("70.0"))
    assert session.scalars(select(PatientMedication.ended_at)).one() is not None
    far = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory(name="Elsewhere")))
    for method, path in (
        ("get", "health"),
        ("post", "health/medicine/new"),
        ("post", "measures"),
        ("post", "insurance"),
    ):
        assert getattr(far, method)(f"{url}/{path}").status_code == 404
    assert desk.post(f"/patients/{clinic.son.id}/health/medicine/{row.id}/end").status_code == 404


def test_consents_are_a_part_for_who_is_signed_in_and_no_link_shows_them(
    clinic: Clinic, home: FlaskClient, client: FlaskClient, form: str, asked: list[ConsentVersion]
) -> None:
    assert "of 9 done" in home.get(f"{form}/about").text
    assert "of 8 done" in client.get(f"{form}/about").text
    assert client.get(f"{form}/consents").status_code == 404
    page = home.get(f"{form}/consents").text
    assert "Examination and treatment" in page
    assert home.post(f"{form}/consents").status_code == 422
    for version in asked[:2]:
        url = f"/portal/family/{clinic.mother.id}/consents/{version.id}?next={form}/consents"
        answer = home.post(url, data={"signer": "self", "name": "Meenakshi Rao"})
        assert answer.headers["Location"] == f"{form}/consents"
    assert home.post(f"{form}/consents").status_code == 303


def test_a_household_signs_shows_and_withdraws_for_its_members(
    clinic: Clinic, home: FlaskClient, session: Session, asked: list[ConsentVersion]
) -> None:
    news = next(version for version in asked if version.kind.purpose == "news")
    url = f"/portal/family/{clinic.son.id}/consents"
    assert "6 to read" in words(home.get("/portal").text)
    assert home.get(f"{url}/{news.id}?next=//evil.example").status_code == 200

    answer = home.post(
        f"{url}/{news.id}?next=//evil.example",
        data={"signer": "guardian", "relation": "Mother", "name": "Meenakshi Rao", "patient_id": "1"},
    )

    assert answer.headers["Location"] == url
    consent = session.scalars(select(Consent)).one()
    assert (consent.patient_id, consent.signed_by) == (clinic.son.id, clinic.login.id)
    assert (consent.via, consent.witness_name, consent.origin) == ("portal", None, "127.0.0.1")
    sheet = words(home.get(f"{url}/signed/{consent.id}").text)
    assert "Mother, for Raghavan Rao" in sheet
    assert "No more news and offers" in home.get(f"{url}/signed/{consent.id}/withdraw").text
    home.post(f"{url}/signed/{consent.id}/withdraw", data={"reason": ""})
    assert not has_consent(clinic.son.id, "news")
    assert "Withdrawn" in words(home.get(url).text)


def test_another_household_finds_none_of_it(
    clinic: Clinic, home: FlaskClient, outside: FlaskClient, session: Session, asked: list[ConsentVersion]
) -> None:
    url = f"/portal/family/{clinic.mother.id}/consents"
    home.post(f"{url}/{asked[0].id}", data={"signer": "self", "name": "Meenakshi Rao"})
    consent = session.scalars(select(Consent)).one()
    own = f"/portal/family/{clinic.stranger.id}/consents"

    for path in (url, f"{url}/{asked[0].id}", f"{url}/signed/{consent.id}", f"{own}/signed/{consent.id}"):
        assert outside.get(path).status_code == 404
    for path in (
        f"{url}/{asked[1].id}",
        f"{url}/signed/{consent.id}/withdraw",
        f"{own}/signed/{consent.id}/withdraw",
    ):
        assert outside.post(path, data={"signer": "self", "name": "Somebody"}).status_code == 404
    session.refresh(consent)
    assert consent.withdrawn_at is None
    assert len(session.scalars(select(Consent)).all()) == 1


def test_home_stays_within_its_statements(
    clinic: Clinic,
    home: FlaskClient,
    form: str,
    asked: list[ConsentVersion],
    count_statements: Callable[[], list[str]],
) -> None:
    clinic.visit(clinic.at(1))
    home.post(f"{form}/about", data=PARTS["about"])
    home.get("/portal")
    count_statements()
    home.get("/portal")
    ours = [one for one in count_statements() if "audit_events" not in one and "login_sessions" not in one]
    assert len(ours) <= 6, ours


def test_somebody_new_is_welcomed_once_and_only_where_that_is_wanted(
    clinic: Clinic, session: Session, sign_in: Callable[..., FlaskClient]
) -> None:
    new = grant(UserFactory(name="", mobile="+919845055555", email=None), Role.PATIENT)
    phone = sign_in(new, SessionKind.PATIENT)
    phone.post("/portal/welcome", data={"name": "Nandini Rao", "submission_key": "a"})
    welcomes = select(Message).where(Message.kind == "welcome")
    assert [message.channel for message in session.scalars(welcomes)] == ["sms"]
    phone.post("/portal/family/new", data={"name": "Arjun Rao", "age": "9", "submission_key": "b"})
    desk = sign_in(grant(UserFactory(name="Asha"), Role.RECEPTIONIST, facility=clinic.facility))
    quiet = {
        "name": "Quiet Person",
        "mobile": "98450 66666",
        "sex": "unknown",
        "country": "IN",
        "locale": "en",
    }
    assert desk.post("/patients/new", data=quiet).status_code == 303
    assert len(session.scalars(welcomes).all()) == 1
    told = {**quiet, "name": "Told Person", "mobile": "98450 77777", "tell": "yes"}
    assert desk.post("/patients/new", data=told).status_code == 303
    assert len(session.scalars(welcomes).all()) == 2
