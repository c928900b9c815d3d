"""A copy of a signed note says what was so that day, whatever changes afterwards; and is checked by it."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.encounters import service
from clinic.encounters.models import Note, NotePaper
from clinic.patients.models import Allergy
from clinic.records.models import Paper
from clinic.records.verification import issue
from tests.encounters.conftest import Scene, SignIn
from tests.encounters.test_after_signing import code_on
from tests.factories import household_login

TRUE, ADDED_TO = "This is a true copy", "Something was added since"
DIFFERS = "The record no longer says this"
KNOWN_THEN = "As known when the note was signed."
THEN = (
    "Meenakshi Iyer",
    "SU-70001",
    "Dr Vaidehi Kulkarni",
    "BAMS, MD",
    "KA-11111",
    "Sutra Jayanagar",
    "12, 4th Block, Mysuru",
    "080 4123 0000",
    "Groundnut",
)
SINCE = (
    "Anandi Deshpande",
    "SU-99999",
    "Dr Vaidehi Joshi",
    "MH-22222",
    "Sutra Hebbal",
    "7, Ring Road",
    "Penicillin",
)


def allergic_to(scene: Scene, substance: str) -> None:
    db.session.add(Allergy(patient_id=scene.patient.id, substance=substance, recorded_at=clock.now()))


@pytest.fixture
def known(scene: Scene, session: Session) -> Scene:
    """The scene with everything known that a copy shows."""
    scene.practitioner.qualification, scene.practitioner.registration_number = "BAMS, MD", "KA-11111"
    place = scene.facility
    place.name, place.line, place.city, place.postal_code, place.state = (
        "Sutra Jayanagar",
        "12, 4th Block",
        "Mysuru",
        None,
        None,
    )
    place.phone = "+918041230000"
    scene.patient.mrn, scene.patient.allergy_status = "SU-70001", "recorded"
    allergic_to(scene, "Groundnut")
    session.commit()
    return scene


def everything_changes(scene: Scene) -> None:
    """A marriage, a new registration, a clinic that moves, an allergy found."""
    scene.patient.name, scene.patient.mrn = "Anandi Deshpande", "SU-99999"
    scene.practitioner.name, scene.practitioner.registration_number = "Dr Vaidehi Joshi", "MH-22222"
    scene.facility.name, scene.facility.line = "Sutra Hebbal", "7, Ring Road"
    allergic_to(scene, "Penicillin")
    db.session.commit()
    db.session.expire_all()


def sheet_of(client: FlaskClient, note: Note) -> str:
    """The paper itself, without the page around it."""
    return client.get(f"/notes/{note.id}/print").text.partition("<main")[2].partition("</main>")[0]


def as_the_owner(*statements: str, of: str = "notes", **values: object) -> None:
    """Past the triggers, as only the owner of the tables can."""
    db.session.execute(text(f"ALTER TABLE {of} DISABLE TRIGGER USER"))
    for statement in statements:
        db.session.execute(text(statement), values)
    db.session.execute(text(f"ALTER TABLE {of} ENABLE TRIGGER USER"))
    db.session.commit()
    db.session.expire_all()


def attached(scene: Scene) -> Paper:
    """A paper attached to the note that is being written."""
    paper = Paper(
        facility_id=scene.facility.id,
        patient_id=scene.patient.id,
        kind="lab_report",
        title="Blood count",
        source="staff",
        stem="papers/one",
        file_name="blood.jpg",
        media_type="image/jpeg",
        size=10,
        sha256=sha256(b"blood").hexdigest(),
    )
    db.session.add(paper)
    db.session.flush()
    db.session.add(NotePaper(note_id=scene.note().id, paper_id=paper.id))
    db.session.commit()
    return paper


def signed_before(scene: Scene) -> Note:
    """A signed note of the time when copies went by the rows of the day, with its code of that time."""
    note = scene.signed()
    as_the_owner("UPDATE notes SET printed = NULL WHERE id = :note", note=note.id)
    as_the_owner("DELETE FROM verifiable_copies", of="verifiable_copies")
    assert note.signed_at is not None
    said = {
        "note": note.id,
        "visit": note.appointment_id,
        "patient": note.patient_id,
        "practitioner": note.practitioner_id,
        "template": note.template_id,
        "body": note.body,
        "signed_at": note.signed_at.isoformat(),
        "signed_by": note.signed_by,
        "diagnoses": [],
        "addenda": [],
    }
    digest = sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    with unit_of_work():
        issue(
            scene.actor,
            kind="note",
            subject_id=note.id,
            patient_id=note.patient_id,
            facility_id=note.facility_id,
            digest=digest,
        )
    return note


def test_a_copy_does_not_follow_what_changes_after_the_signature(
    author: FlaskClient, client: FlaskClient, known: Scene
) -> None:
    note = known.signed()
    before, code = sheet_of(author, note), code_on(author, note)
    everything_changes(known)
    after = sheet_of(author, note)
    for words in (*THEN, KNOWN_THEN):
        assert words in before
        assert words in after
    for words in SINCE:
        assert words not in after
    assert code_on(author, note) == code
    checked = client.get(f"/verify/{code}").text
    for words in (TRUE, "M. I.", "Dr Vaidehi Kulkarni", "KA-11111", "Sutra Jayanagar"):
        assert words in checked


def test_the_patient_reads_who_signed_as_they_signed(
    author: FlaskClient, known: Scene, sign_in: SignIn
) -> None:
    note = known.signed()
    author.post(f"/notes/{note.id}/share")
    everything_changes(known)
    login = household_login(known.patient, mobile="+919845000111")
    db.session.commit()
    page = sign_in(login, SessionKind.PATIENT).get(f"/portal/notes/{note.id}").text
    assert "Dr Vaidehi Kulkarni" in page
    assert "KA-11111" in page
    assert "MH-22222" not in page


@pytest.mark.parametrize(
    "change",
    [
        "printed = NULL",
        "printed = '{}'",
        """printed = jsonb_set(printed, '{patient,name}', '"Somebody else"')""",
        "printed = printed - 'allergies', shared_at = now()",
    ],
)
def test_what_was_kept_never_changes_by_sql(change: str, known: Scene, session: Session) -> None:
    note = known.signed()
    with pytest.raises(IntegrityError, match="is signed"), session.begin_nested():
        session.execute(text(f"UPDATE notes SET {change} WHERE id = {note.id}"))


def test_nothing_is_signed_by_sql_without_what_its_copies_show(known: Scene, session: Session) -> None:
    note = known.note()
    sign = f"UPDATE notes SET status = 'signed', signed_at = now(), signed_by = {known.user.id}"
    columns = "facility_id, appointment_id, patient_id, practitioner_id, template_id, body, saved_at, version"
    for statement, why in (
        (f"{sign} WHERE id = {note.id}", "without what its copies show"),
        (f"{sign}, printed = 'null' WHERE id = {note.id}", "printed_when_signed"),
        (f"UPDATE notes SET printed = '{{}}' WHERE id = {note.id}", "printed_when_signed"),
        (
            f"INSERT INTO notes ({columns}, created_at, status, signed_at, signed_by) SELECT {columns},"
            f" now(), 'signed', now(), {known.user.id} FROM notes WHERE id = {note.id}",
            "without what its copies show",
        ),
    ):
        with pytest.raises(IntegrityError, match=why), session.begin_nested():
            session.execute(text(statement))


def test_whoever_alters_what_was_kept_makes_every_copy_differ(
    author: FlaskClient, client: FlaskClient, known: Scene
) -> None:
    note = known.signed()
    first = code_on(author, note)
    author.post(f"/notes/{note.id}/addenda", data={"text": "Walk every day"})
    second = code_on(author, note)
    assert ADDED_TO in client.get(f"/verify/{first}").text
    as_the_owner(
        """UPDATE notes SET printed = jsonb_set(printed, '{patient,name}', '"A. Iyer"') WHERE id = :note""",
        note=note.id,
    )
    for code in (first, second):
        checked = client.get(f"/verify/{code}").text
        assert DIFFERS in checked
        assert TRUE not in checked


def test_a_copy_answers_for_the_files_that_were_attached_not_for_what_is_said_of_them(
    author: FlaskClient, client: FlaskClient, known: Scene
) -> None:
    paper = attached(known)
    code = code_on(author, known.signed())
    paper.title, paper.removed_at, paper.removed_why = "Of somebody else", clock.now(), "Wrong patient"
    db.session.commit()
    assert TRUE in client.get(f"/verify/{code}").text
    other = sha256(b"other").hexdigest()
    as_the_owner("UPDATE papers SET sha256 = :other", of="papers", other=other)
    assert DIFFERS in client.get(f"/verify/{code}").text


def test_notes_signed_before_go_by_the_rows_of_today_and_their_codes_hold(
    author: FlaskClient, client: FlaskClient, known: Scene
) -> None:
    attached(known)
    note = signed_before(known)
    code = code_on(author, note)
    everything_changes(known)
    sheet = sheet_of(author, note)
    for words in SINCE:
        assert words in sheet
    assert KNOWN_THEN not in sheet
    assert code_on(author, note) == code
    assert TRUE in client.get(f"/verify/{code}").text
    author.post(f"/notes/{note.id}/share")
    author.post(f"/notes/{note.id}/addenda", data={"text": "Walk every day"})
    db.session.expire_all()
    assert db.session.get_one(Note, note.id).shared_at is not None
    assert ADDED_TO in client.get(f"/verify/{code}").text
    assert TRUE in client.get(f"/verify/{code_on(author, note)}").text
    assert service.issue_missing_codes() == 0
