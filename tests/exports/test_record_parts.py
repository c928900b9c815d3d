"""Consents, what was said, messages both ways, waits and requests: in the record of whom they are about."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from clinic.accounts.models import AccountClosing, User
from clinic.core import clock, crypto
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.notifications.models import (
    InboundMessage,
    InboxItem,
    Message,
    MessageChoice,
    QuietHours,
    SmsStop,
)
from clinic.patients.models import (
    Consent,
    GuardianConsent,
    PatientInsurance,
    PatientMeasures,
    PatientMedication,
)
from clinic.patients.service.consent_kinds import ConsentText, add_kind, publish
from clinic.scheduling.models import WaitlistEntry, WaitlistOffer
from tests.exports.conftest import SECRET, Clinic
from tests.factories import UserFactory, actor_of, grant, household_login

PNG = b"\x89PNG\r\n\x1a\n-not-looked-into"
POLICY = "STAR-77 001"


@dataclass
class Kept:
    clinic: Clinic
    father: User


def taken(answer: Any) -> tuple[dict[str, Any], str, ZipFile]:
    assert answer.status_code == 200, answer.text
    bundle = ZipFile(BytesIO(answer.data))
    return json.loads(bundle.read("record.json")), bundle.read("record.html").decode(), bundle


@pytest.fixture
def kept(clinic: Clinic, session: Session, app: Any) -> Kept:
    patient, mother, now = clinic.patient, clinic.household, clock.now()
    father = household_login(patient, mobile="+919845055555")
    with unit_of_work():
        text = ConsentText(title="News", title_hi="समाचार", body="You may write.", body_hi="आप लिख सकते हैं।")
        admin = actor_of(grant(UserFactory(), Role.ADMIN), Role.ADMIN)
        version = publish(admin, add_kind(admin, name="News", purpose="news", text=text).id)
    common = {"patient_id": patient.id, "source": "patient", "said_on": date(2026, 11, 1)}
    told = Message(
        kind="appointment_booked", channel="in_app", recipient_type="patient", recipient_id=patient.id,
        subject_type="appointment", patient_id=patient.id, dedupe_key="told", send_at=now, next_try_at=now,
    )  # fmt: skip
    entry = WaitlistEntry(
        facility_id=clinic.facility.id, patient_id=patient.id, service_id=clinic.visit.service_id,
        from_day=date(2026, 12, 1), until_day=date(2026, 12, 5), note="Calls back herself",
        status="withdrawn", ended_at=now,
    )  # fmt: skip
    db.session.add_all([told, entry])
    db.session.flush()
    starts = now + timedelta(days=5)
    signed = {
        "patient_id": patient.id, "facility_id": clinic.facility.id, "kind_id": version.kind_id,
        "version_id": version.id, "signed_at": now, "signer_name": "Meenakshi Iyer", "signer_is": "self",
        "locale": "hi", "via": "portal", "origin": "192.0.2.7", "signed_by": mother.id,
    }  # fmt: skip
    db.session.add_all(
        [
            Consent(**signed, method="typed", withdrawn_at=now, withdrawn_via="portal",
                    withdrawn_name="Meenakshi Iyer", withdrawn_reason="Too many mails"),
            Consent(**signed, method="drawn", drawing=PNG),
            PatientMedication(**common, name="Triphala", dose="5 g", often="at night"),
            PatientMeasures(**common, height_cm=165, weight_kg=62),
            PatientInsurance(**common, insurer="Star Health", policy_sealed=crypto.seal(POLICY)),
            MessageChoice(recipient_type="patient", recipient_id=patient.id, choice="reminder",
                          channel="sms", wanted=False),
            QuietHours(recipient_type="patient", recipient_id=patient.id, starts=time(22), ends=time(7)),
            SmsStop(mobile=patient.mobile, stopped=True, changed_at=now),
            *(InboxItem(message_id=told.id, user_id=user.id, patient_id=patient.id, kind=told.kind,
                        title=f"Booked, {name} reads", body="On Tuesday at 9")
              for user, name in ((mother, "mother"), (father, "father"))),
            *(InboundMessage(provider_id=mobile, mobile=mobile, body=f"Yes from {name}", meaning="yes",
                             patient_id=about) for mobile, name, about in (
                (mother.mobile, "mother", patient.id), (father.mobile, "father", patient.id),
                ("+919845000000", "a stranger", None))),
            WaitlistOffer(entry_id=entry.id, practitioner_id=clinic.visit.practitioner_id,
                          during=Range(starts, starts + timedelta(minutes=30)), told="sms", tell_at=now,
                          expires_at=now + timedelta(hours=1), token_hash=SECRET, status="declined",
                          settled_at=now),
            AccountClosing(user_id=mother.id, closes_at=now + timedelta(days=7), visits_cancelled=0),
            GuardianConsent(patient_id=patient.id, user_id=father.id, allowed=True, given_as="clinic"),
        ]
    )  # fmt: skip
    session.commit()
    return Kept(clinic=clinic, father=father)


def test_a_household_takes_consents_with_their_words_signatures_and_withdrawals(kept: Kept) -> None:
    record, html, bundle = taken(
        kept.clinic.phone().get(f"/portal/family/{kept.clinic.patient.id}/record.zip")
    )
    drawn, typed = record["consents"]
    assert (drawn["title"], drawn["version"], drawn["text"]) == ("समाचार", 1, "आप लिख सकते हैं।")
    assert (typed["withdrawn_by"], typed["withdrawn_reason"]) == ("Meenakshi Iyer", "Too many mails")
    assert (typed["drawing"], drawn["withdrawn_at"]) == (None, None)
    assert bundle.read(drawn["drawing"]) == PNG
    for words in ("आप लिख सकते हैं।", "Too many mails", drawn["drawing"]):
        assert words in html


def test_a_household_takes_what_was_said_with_the_policy_number_opened(kept: Kept) -> None:
    record, html, _bundle = taken(
        kept.clinic.phone().get(f"/portal/family/{kept.clinic.patient.id}/record.zip")
    )
    assert record["medicines"][0] == {
        "name": "Triphala", "dose": "5 g", "often": "at night", "source": "patient", "said_on": "2026-11-01",
        "ended_at": None,
    }  # fmt: skip
    assert (record["measures"][0]["height_cm"], record["measures"][0]["weight_kg"]) == (165, 62)
    assert record["insurance"][0]["policy_number"] == POLICY
    for words in ("Triphala, 5 g", "165 cm, 62 kg", POLICY):
        assert words in html


def test_a_household_takes_its_own_inbox_and_texts_and_nobody_elses(kept: Kept) -> None:
    path = f"/portal/family/{kept.clinic.patient.id}/record.zip"
    mothers, html, _bundle = taken(kept.clinic.phone().get(path))
    assert [item["title"] for item in mothers["inbox"]] == ["Booked, mother reads"]
    assert [item["text"] for item in mothers["texts_received"]] == ["Yes from mother"]
    assert len(mothers["deletion_requests"]) == 1
    assert "father" not in html.replace(kept.father.name or "", "")
    fathers, _html, _bundle = taken(kept.clinic.phone(kept.father).get(path))
    assert [item["text"] for item in fathers["texts_received"]] == ["Yes from father"]
    assert fathers["deletion_requests"] == []
    assert "a stranger" not in json.dumps([mothers, fathers])


def test_a_household_takes_choices_waits_and_permissions(kept: Kept) -> None:
    record, html, _bundle = taken(
        kept.clinic.phone().get(f"/portal/family/{kept.clinic.patient.id}/record.zip")
    )
    heard = record["message_preferences"]
    assert heard["choices"] == [{"choice": "reminder", "channel": "sms", "wanted": False}]
    assert heard["quiet_hours"] == {"from": "22:00", "until": "07:00"}
    assert heard["no_text_messages_since"] is not None
    (wait,) = record["waitlist"]
    assert (wait["status"], wait["offers"][0]["status"]) == ("withdrawn", "declined")
    assert wait["note"] is None, "what the desk noted is the desk's"
    assert record["permissions"][-1]["given_as"] == "clinic"
    assert "22:00 – 07:00" in html
    text = json.dumps(record) + html
    assert [word for word in (SECRET, "192.0.2.7", "Calls back herself") if word in text] == []


def test_the_desk_takes_all_inboxes_and_texts_about_the_patient(kept: Kept) -> None:
    record, html, bundle = taken(
        kept.clinic.client("receptionist").get(f"/patients/{kept.clinic.patient.id}/record.zip")
    )
    assert len(record["inbox"]) == len(record["texts_received"]) == 2
    assert record["waitlist"][0]["note"] == "Calls back herself"
    assert record["insurance"][0]["policy_number"] == POLICY
    assert SECRET not in json.dumps(record) + html
    assert any(name.startswith("signature-") for name in bundle.namelist())


@pytest.mark.parametrize("who", ["household", "colleague", "manager elsewhere"])
def test_outsiders_take_none_of_it(kept: Kept, who: str, sign_in: Callable[..., FlaskClient]) -> None:
    number = kept.clinic.patient.id
    answer = (
        kept.clinic.phone(kept.clinic.outsider).get(f"/portal/family/{number}/record.zip")
        if who == "household"
        else kept.clinic.client(who).get(f"/patients/{number}/record.zip")
    )
    assert answer.status_code == 404
    assert POLICY not in answer.text
