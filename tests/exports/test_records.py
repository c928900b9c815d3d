from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import html5lib
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.core import clock
from clinic.exports.record import _plain
from clinic.notifications.models import Message
from tests.exports.conftest import SECRET, Clinic, events, signed_note

NOTE_TEXT, ADDENDUM = "Low back pain since two months.", "Felt better at once."
SIGNS_OF_SECRETS = (SECRET, "token", "hash", "secret", "submission_key", "sutra", "code_")
PARTS = {
    "patient", "contact", "register", "emergency_contact", "health", "allergies", "identifiers", "household",
    "care_team", "visits", "messages", "intake", "permissions", "photo", "further_emergency_contacts",
    "medicines", "measures", "insurance", "consents", "waitlist", "inbox", "texts_received",
    "message_preferences", "deletion_requests",
}  # fmt: skip
CLINICAL_PARTS = {"notes", "prescriptions", "health_profile", "measurements", "assessments", "papers"}
"""What of a record only whoever treats, and the patient, takes."""


def unpacked(answer: TestResponse) -> tuple[dict[str, Any], str]:
    """The record and the page of a bundle."""
    assert answer.status_code == 200, answer.text
    with ZipFile(BytesIO(answer.data)) as bundle:
        assert sorted(bundle.namelist()) == ["record.html", "record.json"]
        return json.loads(bundle.read("record.json")), bundle.read("record.html").decode()


def record_of(clinic: Clinic, who: str) -> dict[str, Any]:
    answer = clinic.client(who).get(f"/patients/{clinic.patient.id}/record.json")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)


def left_out(record: dict[str, Any]) -> set[str]:
    return {item["part"] for item in record["left_out"]}


def held(record: dict[str, Any]) -> set[str]:
    return set(record) - {"format", "version", "taken_at", "taken_by", "facility", "left_out"}


def test_a_record_names_its_form_and_tells_instants_in_utc(clinic: Clinic) -> None:
    record = record_of(clinic, "facility_admin")
    assert (record["format"], record["version"]) == ("sutra-patient-record", 1)
    assert record["facility"]["zone"] == clinic.facility.zone
    starts = clinic.visit.starts.isoformat(timespec="seconds").replace("+00:00", "Z")
    assert record["visits"][0]["starts"] == starts
    assert record["taken_at"].endswith("Z")
    assert record["taken_by"] == "The facility_admin"


def test_text_of_every_script_survives(clinic: Clinic) -> None:
    record, html = unpacked(clinic.client("receptionist").get(f"/patients/{clinic.patient.id}/record.zip"))
    assert record["patient"]["name"] == "मीनाक्षी अय्यर 👩🏽‍⚕️"
    assert record["health"]["medical_history"] == "Jaundice\n\u202bשלום\u202c"
    assert "मीनाक्षी अय्यर 👩🏽‍⚕️" in html
    assert "\u202bשלום\u202c" in html


def test_the_desk_takes_everything_but_what_is_clinical(clinic: Clinic) -> None:
    signed_note(clinic)
    record = record_of(clinic, "receptionist")
    assert held(record) == PARTS
    assert left_out(record) == {"notes", "looked_at"}
    assert NOTE_TEXT not in json.dumps(record)
    assert record["allergies"]["list"][0]["substance"] == "Groundnut"
    assert len(record["allergies"]["list"]) == 1
    assert record["identifiers"] == [{"system": "urn:old-register", "value": "4711"}]
    assert record["care_team"][0]["name"] == "Dr Vaidehi Kulkarni"
    assert record["household"][0]["name"] == clinic.household.name
    assert record["intake"][0]["sections"][0]["answers"] == {"name": "Meenakshi as she typed it"}
    assert record["register"]["remarks"] == "Prefers mornings"


def test_the_manager_also_sees_who_looked_at_it(clinic: Clinic) -> None:
    clinic.client("receptionist").get(f"/patients/{clinic.patient.id}")
    record = record_of(clinic, "facility_admin")
    assert held(record) == PARTS | {"looked_at"}
    assert left_out(record) == {"notes"}
    assert {"who": "The receptionist", "action": "patient.viewed"}.items() <= record["looked_at"][0].items()


def test_a_practitioner_takes_the_notes_they_may_read(clinic: Clinic) -> None:
    signed_note(clinic)
    record, html = unpacked(clinic.client("practitioner").get(f"/patients/{clinic.patient.id}/record.zip"))
    assert held(record) == PARTS | CLINICAL_PARTS
    assert left_out(record) == {"looked_at"}
    (note,) = record["notes"]
    assert NOTE_TEXT in json.dumps(note)
    assert note["addenda"][0]["text"] == ADDENDUM
    assert NOTE_TEXT in html
    assert ADDENDUM in html


def test_a_note_out_of_sight_is_left_out_and_the_record_says_so(clinic: Clinic, session: Session) -> None:
    from clinic.patients.models import CareRelationship
    from clinic.practitioners.models import Practitioner

    signed_note(clinic)
    colleague = clinic.staff["colleague"]
    row = session.query(Practitioner).filter_by(user_id=colleague.id).one()
    client = clinic.client("colleague")
    assert client.get(f"/patients/{clinic.patient.id}/record.json").status_code == 404
    therapist = clinic.staff["therapist"]
    row.user_id = None
    session.flush()
    row.user_id = therapist.id
    session.add(CareRelationship(patient_id=clinic.patient.id, practitioner_id=row.id, source="booking"))
    session.commit()
    record = record_of(clinic, "therapist")
    assert record["notes"] == []
    assert left_out(record) == {"notes", "looked_at"}
    assert NOTE_TEXT not in json.dumps(record)


@pytest.mark.parametrize("who", ["colleague", "therapist", "admin", "manager elsewhere"])
@pytest.mark.parametrize("path", ["record", "record.json", "record.zip"])
def test_a_patient_out_of_sight_is_like_one_that_does_not_exist_and_asking_is_written_down(
    clinic: Clinic, who: str, path: str
) -> None:
    client = clinic.client(who)
    assert client.get(f"/patients/{clinic.patient.id}/{path}").status_code == 404
    assert client.get(f"/patients/{2**62}/{path}").status_code == 404
    refused = events("patient.taken_out")
    assert [(row.outcome, row.patient_id) for row in refused] == [
        ("refused", clinic.patient.id),
        ("refused", 2**62),
    ]


def test_a_record_is_not_for_who_has_not_signed_in_nor_for_the_portals_people(
    clinic: Clinic, client: FlaskClient
) -> None:
    for path in ("record", "record.json", "record.zip"):
        assert client.get(f"/patients/{clinic.patient.id}/{path}").status_code == 303
        assert clinic.phone().get(f"/patients/{clinic.patient.id}/{path}").status_code == 403


def test_taking_a_record_is_written_down_with_its_parts(clinic: Clinic) -> None:
    record = record_of(clinic, "receptionist")
    (event,) = events("patient.taken_out")
    assert (event.outcome, event.patient_id) == ("done", clinic.patient.id)
    assert set(event.detail["parts"]) == held(record)
    assert clinic.patient.name not in str(event.detail)


def test_the_page_says_what_is_in_it_and_what_is_not(clinic: Clinic) -> None:
    page = clinic.client("receptionist").get(f"/patients/{clinic.patient.id}/record").text
    assert "Clinical notes and measurements are for practitioners and therapists alone." in page
    assert f"/patients/{clinic.patient.id}/record.zip" in page
    assert events("patient.taken_out") == []


@pytest.mark.parametrize("who", ["receptionist", "facility_admin", "practitioner"])
def test_nothing_secret_is_in_a_record(clinic: Clinic, session: Session, who: str) -> None:
    session.add(
        Message(
            kind="intake_link",
            channel="sms",
            recipient_type="patient",
            recipient_id=clinic.patient.id,
            subject_type="intake",
            patient_id=clinic.patient.id,
            dedupe_key=f"intake:{SECRET}",
            send_at=clock.now(),
            next_try_at=clock.now(),
            secret=SECRET,
        )
    )
    session.commit()
    record, html = unpacked(clinic.client(who).get(f"/patients/{clinic.patient.id}/record.zip"))
    record.pop("format")
    everything = json.dumps(record) + html
    assert [sign for sign in SIGNS_OF_SECRETS if sign in everything] == []
    assert record["messages"][0]["kind"] == "intake_link"


def test_the_page_in_the_bundle_needs_nothing_else_and_is_well_formed(clinic: Clinic) -> None:
    signed_note(clinic)
    _record, html = unpacked(clinic.client("practitioner").get(f"/patients/{clinic.patient.id}/record.zip"))
    html5lib.HTMLParser(strict=True).parse(html)
    for outside in ("<script", "<link", "<img", "src=", "href=", "url("):
        assert outside not in html


def test_what_somebody_typed_is_text_in_the_page(clinic: Clinic, session: Session) -> None:
    clinic.patient.remarks = "<script>alert(1)</script>"
    session.commit()
    _record, html = unpacked(clinic.client("receptionist").get(f"/patients/{clinic.patient.id}/record.zip"))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_the_page_speaks_the_readers_language(clinic: Clinic, session: Session) -> None:
    clinic.staff["receptionist"].locale = "hi"
    session.commit()
    _record, html = unpacked(clinic.client("receptionist").get(f"/patients/{clinic.patient.id}/record.zip"))
    assert '<html lang="hi">' in html
    assert "पूरा नाम" in html


def test_a_file_name_holds_no_more_than_number_and_day(clinic: Clinic, session: Session) -> None:
    clinic.patient.mrn = 'a/../"\r\nX'
    session.commit()
    answer = clinic.client("receptionist").get(f"/patients/{clinic.patient.id}/record.zip")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=record-a-X-")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_value_a_record_does_not_know_is_a_fault_and_not_a_guess() -> None:
    with pytest.raises(TypeError):
        _plain(object())


def test_a_household_takes_what_is_kept_about_its_member(clinic: Clinic) -> None:
    signed_note(clinic, shared=True)
    record, html = unpacked(clinic.phone().get(f"/portal/family/{clinic.patient.id}/record.zip"))
    assert held(record) == PARTS | CLINICAL_PARTS
    assert left_out(record) == {
        "notes",
        "assessments",
        "prescriptions",
        "papers",
        "looked_at",
        "remarks",
        "intake",
        "inbox",
    }
    assert NOTE_TEXT in json.dumps(record["notes"])
    assert record["notes"][0]["diagnoses"][0]["text"] == "Kati shula"
    assert record["notes"][0]["entered_in_error"] is True
    assert "The clinic's own reason" not in json.dumps(record)
    text = json.dumps(record) + html
    for inner in ("Prefers mornings", "Came by mistake on a holiday", "Meenakshi as she typed it", SECRET):
        assert inner not in text
    (event,) = events("patient.taken_out")
    assert (event.outcome, event.actor_id) == ("done", clinic.household.id)


def test_a_household_does_not_take_a_note_that_was_not_shared(clinic: Clinic) -> None:
    signed_note(clinic)
    record, html = unpacked(clinic.phone().get(f"/portal/family/{clinic.patient.id}/record.zip"))
    assert record["notes"] == []
    assert NOTE_TEXT not in json.dumps(record) + html


def test_a_household_takes_the_intake_form_it_began_itself(clinic: Clinic, session: Session) -> None:
    from clinic.patients.models import IntakeLink

    link = session.query(IntakeLink).one()
    link.created_by = clinic.household.id
    session.commit()
    record, _html = unpacked(clinic.phone().get(f"/portal/family/{clinic.patient.id}/record.zip"))
    assert record["intake"][0]["sections"][0]["answers"] == {"name": "Meenakshi as she typed it"}


def test_another_household_and_the_staff_get_nothing_from_the_portal(clinic: Clinic) -> None:
    outside = clinic.phone(clinic.outsider)
    assert outside.get(f"/portal/family/{clinic.patient.id}/record.zip").status_code == 404
    (event,) = events("patient.taken_out")
    assert (event.outcome, event.actor_id, event.patient_id) == (
        "refused",
        clinic.outsider.id,
        clinic.patient.id,
    )
    assert (
        clinic.client("receptionist").get(f"/portal/family/{clinic.patient.id}/record.zip").status_code == 403
    )


def test_the_details_page_of_the_portal_offers_the_download(clinic: Clinic) -> None:
    phone, record = clinic.phone(), f"/portal/family/{clinic.patient.id}/record"
    assert f'href="{record}"' in phone.get("/portal/details").text
    assert f'href="{record}.zip"' in phone.get(record).text
