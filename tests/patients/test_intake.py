"""The intake link: sent, filled in on a phone, looked over, taken over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from clinic.accounts.models import SignInEmail
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.crypto import token_hash, unseal
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid
from clinic.notifications.models import Message
from clinic.patients.details import AllergyEntry
from clinic.patients.models import IntakeLink, IntakeSection, Patient
from clinic.patients.queries import active_allergies, intake_of, intakes_to_review
from clinic.patients.service import review_intake, send_intake_link
from clinic.patients.service.guardians import guardians_of

SECTIONS = {
    "about": {"name": "Meenakshi R. Iyer", "birth_date": "14/11/1980", "locale": "hi"},
    "address": {"line": "12, 80 Feet Road", "city": "Bengaluru", "postal_code": "560038"},
    "emergency": {"emergency_name": "Ravi", "emergency_phone": "98450 11724"},
    "body": {"height": "165", "weight": "62.5 kg", "prakriti": "pitta"},
    "allergies": {"allergies_asked": "yes", "substance_1": "Peanuts", "reaction_1": "Swelling"},
}


@pytest.fixture
def patient(registered: Callable[..., Patient]) -> Patient:
    return registered("Meenakshi Iyer", city="Mysuru", email="kept@example.org")


@pytest.fixture
def token(desk: Actor, patient: Patient) -> str:
    send_intake_link(desk, patient.id)
    db.session.commit()
    return sent_token()


def sent_token() -> str:
    secret = db.session.scalars(select(Message.secret).order_by(Message.id.desc()).limit(1)).one()
    return unseal(secret or "") or ""


def fill_in(phone: FlaskClient, token: str, **changed: dict[str, str]) -> None:
    for section, answers in {**SECTIONS, **changed}.items():
        assert phone.post(f"/intake/{token}/{section}", data=answers).status_code == 303


def the_link() -> IntakeLink:
    return db.session.scalars(select(IntakeLink).order_by(IntakeLink.id.desc()).limit(1)).one()


def test_link_is_sent_by_message_and_only_its_hash_is_kept(patient: Patient, token: str) -> None:
    message = db.session.scalars(select(Message).where(Message.kind == "intake_link")).one()
    link = the_link()
    assert (message.channel, message.recipient_id, message.subject_id) == ("sms", patient.id, link.id)
    assert link.token_hash == token_hash(token)
    assert token not in str(vars(link))
    assert timedelta(days=6, hours=23) < link.expires_at - clock.now() <= timedelta(days=7)


def test_new_link_ends_the_one_before(desk: Actor, client: FlaskClient, patient: Patient, token: str) -> None:
    send_intake_link(desk, patient.id)
    db.session.commit()
    assert client.get(f"/intake/{token}").status_code == 410
    assert client.get(f"/intake/{sent_token()}").status_code == 200


def test_link_shows_nothing_of_the_record(client: FlaskClient, patient: Patient, token: str) -> None:
    for page in ("", "/about", "/address", "/emergency", "/allergies", "/medicines", "/check"):
        shown = client.get(f"/intake/{token}{page}").text
        for kept in ("Meenakshi", "Mysuru", "kept@example.org", "11723", patient.mrn):
            assert kept not in shown


def test_opening_the_link_writes_and_spends_nothing(client: FlaskClient, token: str) -> None:
    before = db.session.scalar(select(func.count()).select_from(AuditEvent))
    for _time in range(3):
        assert client.get(f"/intake/{token}").status_code == 200
    assert db.session.scalar(select(func.count()).select_from(IntakeSection)) == 0
    assert db.session.scalar(select(func.count()).select_from(AuditEvent)) == before


def test_what_was_typed_is_there_at_the_next_visit(client: FlaskClient, token: str) -> None:
    client.post(f"/intake/{token}/about", data=SECTIONS["about"])
    assert "Meenakshi R. Iyer" in client.get(f"/intake/{token}/about").text
    assert 'name="city"' in client.get(f"/intake/{token}").text


def test_refused_section_is_kept_as_typed_and_is_not_done(client: FlaskClient, token: str) -> None:
    answer = client.post(f"/intake/{token}/address", data={"city": "Bengaluru", "postal_code": "012"})
    assert answer.status_code == 422
    assert 'id="postal_code-error"' in answer.text
    row = db.session.scalars(select(IntakeSection)).one()
    assert (row.answers["postal_code"], row.complete) == ("012", False)


def test_autosave_keeps_and_tells_version_and_time(client: FlaskClient, token: str) -> None:
    first = client.post(f"/intake/{token}/about/draft", data={"name": "Mee", "version": "0"})
    second = client.post(f"/intake/{token}/about/draft", data={"name": "Meena", "version": "1"})
    assert first.json is not None
    assert second.json is not None
    assert (first.json["version"], second.json["version"]) == (1, 2)
    assert ":" in second.json["saved_at"]


def test_autosave_from_an_old_page_overwrites_nothing(client: FlaskClient, token: str) -> None:
    client.post(f"/intake/{token}/about/draft", data={"name": "Meena", "version": "0"})
    stale = client.post(f"/intake/{token}/about/draft", data={"name": "Old", "version": "0"})
    assert stale.status_code == 409
    assert db.session.scalars(select(IntakeSection)).one().answers["name"] == "Meena"


def test_answers_about_allergies_must_agree(client: FlaskClient, token: str) -> None:
    for answers in ({}, {"allergies_asked": "yes"}, {"allergies_asked": "none", "substance_1": "Nuts"}):
        assert client.post(f"/intake/{token}/allergies", data=answers).status_code == 422


def test_unfinished_intake_cannot_be_sent_in(client: FlaskClient, token: str) -> None:
    client.post(f"/intake/{token}/about", data=SECTIONS["about"])
    assert client.post(f"/intake/{token}/submit").status_code == 422
    assert the_link().submitted_at is None


def test_sent_in_intake_waits_for_a_person_and_changes_nothing_yet(
    client: FlaskClient, at_desk: FlaskClient, desk: Actor, patient: Patient, token: str
) -> None:
    fill_in(client, token)
    assert client.post(f"/intake/{token}/submit").status_code == 303
    assert "Thank you" in client.get(f"/intake/{token}").text
    assert [row.patient_id for row in intakes_to_review(desk)] == [patient.id]
    assert "Intake to review" in at_desk.get("/patients").text
    assert (patient.name, patient.city) == ("Meenakshi Iyer", "Mysuru")


def test_review_fills_what_was_empty_and_keeps_the_rest_unless_chosen(
    client: FlaskClient, at_desk: FlaskClient, receptionist: object, patient: Patient, token: str
) -> None:
    fill_in(client, token)
    client.post(f"/intake/{token}/submit")
    page = at_desk.get(f"/patients/{patient.id}/intake").text
    for text in ("Meenakshi R. Iyer", "Mysuru", "Bengaluru", "Peanuts"):
        assert text in page
    chosen = {"name": "keep", "city": "take", "birth_date": "take", "postal_code": "take", "allergy": "0"}
    assert at_desk.post(f"/patients/{patient.id}/intake", data=chosen).status_code == 303
    assert (patient.name, patient.city, patient.postal_code) == ("Meenakshi Iyer", "Bengaluru", "560038")
    assert str(patient.birth_date) == "1980-11-14"
    assert patient.line is None
    assert [row.substance for row in active_allergies(patient.id)] == ["Peanuts"]
    link = the_link()
    assert link.reviewed_at is not None
    assert link.reviewed_by is not None
    assert client.get(f"/intake/{token}").status_code == 410


def test_an_address_taken_over_opens_nothing_and_is_not_proved(
    client: FlaskClient, at_desk: FlaskClient, patient: Patient, token: str
) -> None:
    """The one before was proved, and could be signed in with; the new one is only what somebody typed."""
    login = guardians_of(patient.id)[0].user_id
    patient.email_verified_at = clock.now()
    db.session.add(SignInEmail(user_id=login, email="kept@example.org", created_at=clock.now()))
    db.session.commit()
    fill_in(client, token, about={**SECTIONS["about"], "email": "typed@example.org"})
    client.post(f"/intake/{token}/submit")
    at_desk.post(f"/patients/{patient.id}/intake", data={"email": "take"})
    db.session.refresh(patient)
    assert (patient.email, patient.email_verified_at) == ("typed@example.org", None)
    assert db.session.scalars(select(SignInEmail.email)).all() == []


def test_intake_is_taken_over_once(client: FlaskClient, desk: Actor, patient: Patient, token: str) -> None:
    fill_in(client, token)
    client.post(f"/intake/{token}/submit")
    link = the_link()
    review_intake(desk, patient.id, link.id, take={"city"}, allergies={0}, none_known=False)
    with pytest.raises(Conflict):
        review_intake(desk, patient.id, link.id, take={"city"}, allergies={0}, none_known=False)


def test_intake_of_somebody_else_cannot_be_taken_over(
    client: FlaskClient, desk: Actor, registered: Callable[..., Patient], patient: Patient, token: str
) -> None:
    other = registered("Other Rao", "9731099999")
    fill_in(client, token)
    client.post(f"/intake/{token}/submit")
    with pytest.raises(Conflict):
        review_intake(desk, other.id, the_link().id, take={"city"}, allergies=set(), none_known=False)
    assert other.city is None


def test_none_known_is_taken_over_with_who_reviewed_it(
    client: FlaskClient, at_desk: FlaskClient, patient: Patient, token: str
) -> None:
    fill_in(client, token, allergies={"allergies_asked": "none"})
    client.post(f"/intake/{token}/submit")
    at_desk.post(f"/patients/{patient.id}/intake", data={"none_known": "yes"})
    assert patient.allergy_status == "none_known"
    assert patient.allergies_asked_by is not None


def test_known_allergies_are_never_dropped_by_an_intake(
    desk: Actor, client: FlaskClient, at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    patient = registered("Ravi Rao", "9731099999", allergies=(AllergyEntry(substance="Penicillin"),))
    send_intake_link(desk, patient.id)
    db.session.commit()
    token = sent_token()
    fill_in(client, token, allergies={"allergies_asked": "none"})
    client.post(f"/intake/{token}/submit")
    at_desk.post(f"/patients/{patient.id}/intake", data={"none_known": "yes"})
    assert patient.allergy_status == "recorded"


@pytest.mark.parametrize("end", ["revoked", "expired", "unknown"])
def test_links_that_are_over_say_the_same_polite_words(client: FlaskClient, token: str, end: str) -> None:
    link = the_link()
    if end == "revoked":
        link.revoked_at = clock.now()
    elif end == "expired":
        link.expires_at = clock.now() - timedelta(seconds=1)
    else:
        token = "x" * 43
    db.session.commit()
    answer = client.get(f"/intake/{token}")
    assert answer.status_code == (404 if end == "unknown" else 410)
    assert "This link is not open" in answer.text
    assert client.post(f"/intake/{token}/about", data=SECTIONS["about"]).status_code in (404, 410)
    assert client.post(f"/intake/{token}/about/draft", data={"name": "Mee"}).status_code == 409
    assert client.post(f"/intake/{token}/submit").status_code in (404, 410)
    assert db.session.scalar(select(func.count()).select_from(IntakeSection)) == 0


def test_desk_takes_a_link_back(
    at_desk: FlaskClient, client: FlaskClient, patient: Patient, token: str
) -> None:
    at_desk.post(f"/patients/{patient.id}/intake-link/revoke")
    assert client.get(f"/intake/{token}").status_code == 410
    assert intake_of(patient.id)[1] == "revoked"


def test_nobody_is_written_to_without_a_mobile(desk: Actor, patient: Patient) -> None:
    patient.mobile = None
    db.session.flush()
    with pytest.raises(Invalid):
        send_intake_link(desk, patient.id)


def test_form_speaks_the_patients_language(client: FlaskClient, patient: Patient, token: str) -> None:
    patient.locale = "hi"
    db.session.commit()
    assert '<html lang="hi"' in client.get(f"/intake/{token}").text


def test_fields_of_other_sections_are_not_bound(client: FlaskClient, token: str) -> None:
    client.post(
        f"/intake/{token}/address", data={"city": "Mysuru", "name": "Other", "mobile": "1", "mrn": "x"}
    )
    row = db.session.scalars(select(IntakeSection)).one()
    assert set(row.answers) == {"line", "city", "postal_code", "state"}
