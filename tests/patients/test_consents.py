"""Consents: written, published, signed, superseded, withdrawn, asked for by rules."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.accounts.models import User
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid, NotFound
from clinic.facilities.models import Facility
from clinic.patients.models import Consent, ConsentKind, ConsentVersion, Patient
from clinic.patients.queries.consents import (
    ConsentState,
    consented_among,
    consents_of,
    current_versions,
    has_consent,
)
from clinic.patients.queries.intake import beginning_of
from clinic.patients.service.consent_kinds import (
    ConsentText,
    add_kind,
    ensure_usual,
    publish,
    save_draft,
    set_active,
)
from clinic.patients.service.consents import Signature, sign, withdraw
from clinic.patients.signatures import KEPT, MOST_BYTES, PREFIX, read_drawing
from tests.factories import FacilityFactory, UserFactory, actor_of, grant

WORDS = ConsentText(
    title="News", title_hi="समाचार", body="You may write to me.\n\nOften.", body_hi="आप मुझे लिख सकते हैं।"
)


@pytest.fixture
def admin(session: Session) -> User:
    return grant(UserFactory(name="Meera"), Role.ADMIN)


@pytest.fixture
def manager(admin: User) -> Actor:
    return actor_of(admin, Role.ADMIN)


@pytest.fixture
def patient(registered: Callable[..., Patient]) -> Patient:
    return registered("Meenakshi Iyer")


@pytest.fixture
def news(manager: Actor) -> ConsentVersion:
    """A consent to news as it is asked for now."""
    version = publish(manager, add_kind(manager, name="News", purpose="news", text=WORDS).id)
    db.session.commit()
    return version


def drawn(width: int = 720, height: int = 240, *, ink: bool = True, kind: str = "PNG") -> str:
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    if ink:
        ImageDraw.Draw(picture).line([(30, 40), (300, 200), (400, 20)], fill=(20, 20, 20, 255), width=4)
    out = io.BytesIO()
    (picture if kind == "PNG" else picture.convert("RGB")).save(out, kind)
    return PREFIX + base64.b64encode(out.getvalue()).decode()


def test_a_kind_is_asked_for_from_its_publication_on(manager: Actor, patient: Patient) -> None:
    kind = add_kind(manager, name="News", purpose="news", text=WORDS)
    assert current_versions() == []
    assert beginning_of(patient.id).asked == 0

    publish(manager, kind.id)

    assert [line.state for line in consents_of(patient.id).lines] == [ConsentState.MISSING]
    assert beginning_of(patient.id).missing == 1


def test_a_signature_says_who_for_whom_when_where_and_how(
    desk: Actor, patient: Patient, news: ConsentVersion
) -> None:
    consent = sign(
        desk, patient.id, news.id, Signature(name=" Meenakshi  Iyer ", drawing=drawn(), locale="hi")
    )

    assert (consent.signer_name, consent.signer_is, consent.method) == ("Meenakshi Iyer", "self", "drawn")
    assert (consent.via, consent.witness_name, consent.signed_by) == ("desk", "Asha", desk.user_id)
    assert (consent.locale, consent.version_id, consent.patient_id) == ("hi", news.id, patient.id)
    assert has_consent(patient.id, "news")
    assert not has_consent(patient.id, "research")
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "consent.given")).one()
    assert (event.patient_id, event.actor_id) == (patient.id, desk.user_id)


def test_signing_the_same_text_twice_is_one_signature(
    desk: Actor, patient: Patient, news: ConsentVersion
) -> None:
    first = sign(desk, patient.id, news.id, Signature(name="Meenakshi Iyer"))
    assert sign(desk, patient.id, news.id, Signature(name="Meenakshi Iyer")).id == first.id


def test_a_new_version_asks_again_and_the_old_signature_stays(
    manager: Actor, desk: Actor, patient: Patient, news: ConsentVersion
) -> None:
    old = sign(desk, patient.id, news.id, Signature(name="Meenakshi Iyer"))
    save_draft(manager, news.kind_id, WORDS)
    assert has_consent(patient.id, "news")

    publish(manager, news.kind_id)

    found = consents_of(patient.id)
    assert [(line.version.number, line.state) for line in found.lines] == [(2, ConsentState.OUTDATED)]
    assert [consent.id for consent in found.history] == [old.id]
    assert not has_consent(patient.id, "news")
    with pytest.raises(Conflict):
        sign(desk, patient.id, news.id, Signature(name="Meenakshi Iyer"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_versions SET body = 'other' WHERE published_at IS NOT NULL",
        "DELETE FROM consent_versions",
        "UPDATE consents SET signer_name = 'Somebody else'",
        "UPDATE consents SET withdrawn_at = now(), withdrawn_via = 'desk', withdrawn_name = '-', via = 'x'",
        "DELETE FROM consents",
        "TRUNCATE consents",
        "TRUNCATE consent_versions CASCADE",
    ],
)
def test_the_database_lets_nobody_change_a_text_or_a_signature(
    desk: Actor, patient: Patient, news: ConsentVersion, statement: str
) -> None:
    sign(desk, patient.id, news.id, Signature(name="Meenakshi Iyer"))
    with pytest.raises(IntegrityError), db.session.begin_nested():
        db.session.execute(text(statement))


def test_a_consent_is_withdrawn_once_and_can_be_given_anew(
    desk: Actor, patient: Patient, news: ConsentVersion
) -> None:
    consent = sign(desk, patient.id, news.id, Signature(name="Meenakshi Iyer"))

    withdraw(desk, patient.id, consent.id, reason="Too many messages")

    assert not has_consent(patient.id, "news")
    assert consents_of(patient.id).lines[0].state is ConsentState.WITHDRAWN
    with pytest.raises(Conflict):
        withdraw(desk, patient.id, consent.id)
    with pytest.raises(IntegrityError), db.session.begin_nested():
        db.session.execute(text("UPDATE consents SET withdrawn_reason = NULL"))
    sign(desk, patient.id, news.id, Signature(name="Meenakshi Iyer"))
    assert has_consent(patient.id, "news")
    assert len(consents_of(patient.id).history) == 2


def test_a_consent_runs_out(manager: Actor, desk: Actor, patient: Patient) -> None:
    short = ConsentText(**{**vars(WORDS), "valid_months": 1})
    version = publish(manager, add_kind(manager, name="Photos", purpose="photography", text=short).id)
    consent = sign(desk, patient.id, version.id, Signature(name="Meenakshi Iyer"))
    assert consent.good_until is not None
    assert timedelta(days=27) < consent.good_until - clock.now() < timedelta(days=32)
    later = Consent(
        patient_id=patient.id,
        facility_id=patient.facility_id,
        kind_id=version.kind_id,
        version_id=version.id,
        signed_at=clock.now() - timedelta(days=60),
        good_until=clock.now() - timedelta(days=30),
        signer_name="Other",
        signer_is="self",
        method="typed",
        locale="en",
        via="portal",
    )
    withdraw(desk, patient.id, consent.id)
    db.session.add(later)
    db.session.flush()
    assert consents_of(patient.id).lines[0].state is ConsentState.RUN_OUT
    assert not has_consent(patient.id, "photography")


def test_for_a_child_a_guardian_signs_and_says_who_they_are(
    desk: Actor, registered: Callable[..., Patient], news: ConsentVersion
) -> None:
    child = registered("Raghavan Iyer", birth_date=date(clock.now().year - 9, 1, 1))
    for signature in (Signature(name="Raghavan Iyer"), Signature(name="Meenakshi Iyer", for_other=True)):
        with pytest.raises(Invalid):
            sign(desk, child.id, news.id, signature)

    signed = sign(
        desk, child.id, news.id, Signature(name="Meenakshi Iyer", for_other=True, relation="Mother")
    )

    assert (signed.signer_is, signed.relation, signed.signer_name) == ("guardian", "Mother", "Meenakshi Iyer")


def test_rules_ask_for_many_patients_at_once(
    desk: Actor, registered: Callable[..., Patient], news: ConsentVersion, manager: Actor
) -> None:
    first, second = registered("First Rao"), registered("Second Rao")
    sign(desk, first.id, news.id, Signature(name="First Rao"))
    assert consented_among([first.id, second.id], "news") == {first.id}
    set_active(manager, news.kind_id, active=False)
    assert consented_among([first.id, second.id], "news") == set()


def test_a_drawing_is_made_anew_small_and_of_nothing_but_ink() -> None:
    kept = read_drawing(drawn(2400, 800))
    with Image.open(io.BytesIO(kept)) as picture:
        assert picture.format == "PNG"
        assert picture.width <= KEPT[0]
        assert picture.height <= KEPT[1]
        assert picture.info == {}
    assert len(kept) <= MOST_BYTES


@pytest.mark.parametrize(
    "sent",
    [
        "x",
        PREFIX + "!!",
        PREFIX + base64.b64encode(b"<svg onload=alert(1)>").decode(),
        drawn(kind="JPEG"),
        drawn(5000, 100),
        drawn(ink=False),
        PREFIX + "A" * 500_000,
    ],
)
def test_what_is_no_drawn_signature_is_refused(sent: str) -> None:
    with pytest.raises(Invalid):
        read_drawing(sent)


def test_the_usual_consents_come_once_as_drafts_in_both_languages(session: Session) -> None:
    assert ensure_usual() == 6
    assert ensure_usual() == 0
    assert current_versions() == []
    for version in session.scalars(select(ConsentVersion)):
        assert version.title != version.title_hi
        assert version.body_hi.strip()


def test_only_an_administrator_writes_what_is_asked(desk: Actor, manager: Actor) -> None:
    with pytest.raises(Forbidden):
        add_kind(desk, name="News", purpose="news", text=WORDS)
    add_kind(manager, name="News", purpose="news", text=WORDS)
    with pytest.raises(Conflict):
        add_kind(manager, name="More news", purpose="news", text=WORDS)
    add_kind(manager, name="Own", purpose="other", text=WORDS)
    add_kind(manager, name="Own too", purpose="other", text=WORDS)


def test_an_administrator_writes_adapts_and_publishes_on_the_pages(
    admin: User, sign_in: Callable[..., FlaskClient], facility: Facility, session: Session
) -> None:
    client = sign_in(admin)
    assert "No consents yet" in client.get("/settings/consents").text
    client.post("/settings/consents/usual")
    kind = session.scalars(select(ConsentKind).where(ConsentKind.purpose == "treatment")).one()
    words = {
        "title": "Treatment here",
        "title_hi": "यहाँ उपचार",
        "body": "Yes.",
        "body_hi": "हाँ।",
        "required": "y",
        "valid_months": "12",
    }

    refused = client.post(f"/settings/consents/{kind.id}", data={**words, "body_hi": ""})
    assert refused.status_code == 422
    assert "Treatment here" in refused.text
    assert client.post(f"/settings/consents/{kind.id}", data=words).status_code == 303
    client.post(f"/settings/consents/{kind.id}/publish")

    page = client.get(f"/settings/consents/{kind.id}").text
    assert "Counts now" in page
    version = session.scalars(select(ConsentVersion).where(ConsentVersion.kind_id == kind.id)).one()
    assert (version.title, version.required, version.valid_months) == ("Treatment here", True, 12)
    actions = set(session.scalars(select(AuditEvent.action)))
    assert {"consent_kind.added", "consent_version.drafted", "consent_version.published"} <= actions


def test_the_patients_page_says_what_is_missing_and_takes_the_signature(
    at_desk: FlaskClient,
    manager: Actor,
    patient: Patient,
    news: ConsentVersion,
    count_statements: Callable[[], list[str]],
) -> None:
    needed = ConsentText(**{**vars(WORDS), "title": "Treatment", "required": True})
    version = publish(manager, add_kind(manager, name="Treatment", purpose="treatment", text=needed).id)
    db.session.commit()
    url = f"/patients/{patient.id}/consents"
    assert "1 missing" in at_desk.get(f"/patients/{patient.id}").text
    assert "1 consent that treatment needs is missing." in at_desk.get(url).text
    assert "You may write to me." in at_desk.get(f"{url}/{news.id}/sign").text

    empty = at_desk.post(f"{url}/{version.id}/sign", data={"signer": "self", "name": ""})
    assert empty.status_code == 422
    assert 'id="name-error"' in empty.text
    kept = at_desk.post(
        f"{url}/{version.id}/sign", data={"signer": "guardian", "name": "Ravi", "relation": ""}
    )
    assert kept.status_code == 422
    assert 'value="Ravi"' in kept.text
    data = {"signer": "self", "name": "Meenakshi Iyer", "drawing": drawn()}
    assert at_desk.post(f"{url}/{version.id}/sign", data=data).status_code == 303

    consent = db.session.scalars(select(Consent)).one()
    sheet = at_desk.get(f"{url}/{consent.id}/sheet").text
    assert "data:image/png;base64," in sheet
    assert "Meenakshi Iyer" in sheet
    count_statements()
    page = at_desk.get(url).text
    ours = [one for one in count_statements() if "audit_events" not in one and "login_sessions" not in one]
    assert len(ours) <= 6, ours
    assert "consents that treatment needs" not in page
    assert at_desk.post(f"{url}/{consent.id}/withdraw", data={"reason": "Moved away"}).status_code == 303
    assert "Moved away" in at_desk.get(url).text


def test_the_desk_of_another_clinic_knows_of_no_consent(
    desk: Actor, patient: Patient, news: ConsentVersion, sign_in: Callable[..., FlaskClient]
) -> None:
    consent = sign(desk, patient.id, news.id, Signature(name="Meenakshi Iyer"))
    db.session.commit()
    elsewhere = FacilityFactory(name="Elsewhere")
    outsider = grant(UserFactory(name="Far"), Role.RECEPTIONIST, facility=elsewhere)
    client = sign_in(outsider)
    url = f"/patients/{patient.id}/consents"

    for path in ("", f"/{news.id}/sign", f"/{consent.id}/sheet", f"/{consent.id}/withdraw"):
        assert client.get(url + path).status_code == 404
    assert client.post(f"{url}/{news.id}/sign", data={"signer": "self", "name": "Far"}).status_code == 404
    assert client.post(f"{url}/{consent.id}/withdraw").status_code == 404
    with pytest.raises(NotFound):
        withdraw(actor_of(outsider, Role.RECEPTIONIST, facility=elsewhere), patient.id, consent.id)
    assert db.session.scalar(select(func.count()).select_from(Consent)) == 1


def test_a_signature_of_one_patient_is_not_found_under_another(
    at_desk: FlaskClient,
    desk: Actor,
    patient: Patient,
    registered: Callable[..., Patient],
    news: ConsentVersion,
) -> None:
    consent = sign(desk, patient.id, news.id, Signature(name="Meenakshi Iyer"))
    other = registered("Other Rao", "9731099999")
    db.session.commit()
    assert at_desk.get(f"/patients/{other.id}/consents/{consent.id}/sheet").status_code == 404
