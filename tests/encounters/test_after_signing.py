"""What becomes of a note once it is signed: marked, shared, looked at, printed; never changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, g, request_started
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict, Forbidden
from clinic.encounters import queries, service
from clinic.encounters.coding import problems_of
from clinic.encounters.models import Note, NoteRetraction
from clinic.notifications.models import Message, Status
from clinic.records.verification import read_code
from tests.encounters.conftest import READY, Scene, SignIn, somebody
from tests.factories import FacilityFactory, PatientFactory, actor_of, grant, household_login

CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}\b")


def signed_with_diagnosis(scene: Scene, words: str = "Kati shula") -> Note:
    note = scene.note()
    with unit_of_work():
        service.add_diagnosis(scene.actor, note, words)
    return scene.signed()


def code_on(client: FlaskClient, note: Note) -> str:
    found = CODE.search(client.get(f"/notes/{note.id}/print").text)
    assert found, "no code on the sheet"
    return found[0]


# Entered in error


def test_a_note_in_error_stays_readable_and_is_marked_wherever_it_is_shown(
    author: FlaskClient, scene: Scene
) -> None:
    note = signed_with_diagnosis(scene)
    code = code_on(author, note)
    answer = author.post(f"/notes/{note.id}/error", data={"reason": "Written about another patient"})
    assert answer.status_code == 303
    page = author.get(f"/notes/{note.id}").text
    assert "Entered in error" in page
    assert "Written about another patient" in page
    assert "Low back pain since two months." in page
    sheet = author.get(f"/notes/{note.id}/print").text
    assert "Entered in error" in sheet
    assert problems_of(scene.actor, scene.patient.id) == []
    checked = author.get(f"/verify/{code}").text
    assert "This copy no longer holds" in checked
    notes_tab = author.get(f"/patients/{scene.patient.id}/notes").text
    assert "Entered in error" in notes_tab


def test_what_was_measured_in_error_counts_nowhere_else(scene: Scene) -> None:
    note = scene.note()
    with unit_of_work():
        service.save_draft(scene.actor, note, {**READY, "before-pulse": ["72"]}, version=note.version)
    note = scene.signed()
    assert queries.vital_trend(scene.actor, note)
    with unit_of_work():
        service.enter_in_error(scene.actor, note, "Wrong patient")
    assert queries.vital_trend(scene.actor, note) == []
    assert queries.vitals_of(note.id)["before"].pulse_per_min == 72


def test_a_note_can_hold_again_and_both_marks_stay(author: FlaskClient, scene: Scene) -> None:
    note = signed_with_diagnosis(scene)
    code = code_on(author, note)
    author.post(f"/notes/{note.id}/error", data={"reason": "Wrong patient"})
    author.post(f"/notes/{note.id}/reinstate", data={"reason": "It was right after all"})
    page = author.get(f"/notes/{note.id}").text
    assert "Wrong patient" in page
    assert "It was right after all" in page
    assert [item.text for item in problems_of(scene.actor, scene.patient.id)] == ["Kati shula"]
    assert "This is a true copy" in author.get(f"/verify/{code}").text


def test_marking_needs_a_reason_and_keeps_the_form(author: FlaskClient, scene: Scene) -> None:
    note = scene.signed()
    answer = author.post(f"/notes/{note.id}/error", data={"reason": " \n"})
    assert answer.status_code == 422
    assert "reason-error" in answer.text
    assert db.session.scalars(select(NoteRetraction)).all() == []


def test_a_note_is_marked_by_its_author_or_a_practitioner_who_runs_the_clinic(
    scene: Scene, sign_in: SignIn
) -> None:
    note = scene.signed()
    colleague = somebody(scene.facility, Role.PRACTITIONER)
    assert sign_in(colleague).post(f"/notes/{note.id}/error", data={"reason": "x"}).status_code == 403
    outsider = somebody(FacilityFactory(), Role.PRACTITIONER)
    assert sign_in(outsider).post(f"/notes/{note.id}/error", data={"reason": "x"}).status_code == 404
    head = grant(somebody(scene.facility, Role.PRACTITIONER), Role.FACILITY_ADMIN, facility=scene.facility)
    db.session.commit()
    assert sign_in(head).post(f"/notes/{note.id}/error", data={"reason": "x"}).status_code == 303
    desk = somebody(scene.facility, Role.RECEPTIONIST)
    assert sign_in(desk).post(f"/notes/{note.id}/reinstate", data={"reason": "x"}).status_code == 403


def test_a_draft_is_not_marked(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    assert author.post(f"/notes/{note.id}/error", data={"reason": "x"}).status_code == 403


def test_marks_go_in_turns(scene: Scene) -> None:
    note = scene.signed()
    with unit_of_work():
        service.enter_in_error(scene.actor, note, "x")
    with pytest.raises(Conflict):
        service.enter_in_error(scene.actor, queries.get_note(scene.actor, note.id, fresh=True), "y")


# Locks

ATTACKS = (
    "UPDATE diagnoses SET text = 'Other' WHERE note_id = :note",
    "UPDATE diagnoses SET status = 'final' WHERE note_id = :note",
    "DELETE FROM diagnoses WHERE note_id = :note",
    "INSERT INTO diagnoses (note_id, patient_id, facility_id, text, position, created_at) "
    "SELECT id, patient_id, facility_id, 'Slipped in', 9, now() FROM notes WHERE id = :note",
    "UPDATE diagnoses SET note_id = :draft WHERE note_id = :note",
    "UPDATE diagnoses SET note_id = :note WHERE note_id = :draft",
    "TRUNCATE diagnoses",
    "UPDATE note_retractions SET reason = 'Other' WHERE note_id = :note",
    "DELETE FROM note_retractions WHERE note_id = :note",
    "TRUNCATE note_retractions",
    "INSERT INTO note_retractions (note_id, number, kind, reason, author_id, author_name, created_at) "
    "SELECT id, 4, 'reinstated', 'x', signed_by, 'x', now() FROM notes WHERE id = :note",
    "INSERT INTO note_retractions (note_id, number, kind, reason, author_id, author_name, created_at) "
    "SELECT :draft, 1, 'entered_in_error', 'x', signed_by, 'x', now() FROM notes WHERE id = :note",
    "UPDATE verifiable_copies SET digest = lpad(id::text, 64, '0') WHERE subject_id = :note",
    "DELETE FROM verifiable_copies WHERE subject_id = :note",
    "UPDATE note_templates SET layout = '{}' WHERE id = (SELECT template_id FROM notes WHERE id = :note)",
    "UPDATE notes SET patient_id = :other WHERE id = :note",
    "UPDATE notes SET template_id = template_id + 1 WHERE id = :note",
    "UPDATE notes SET signed_at = now() - interval '1 day' WHERE id = :note",
    "UPDATE notes SET shared_at = now() WHERE id = :draft",
    "MERGE INTO diagnoses USING notes ON notes.id = diagnoses.note_id AND notes.id = :note "
    "WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM addenda WHERE note_id = :note RETURNING 1) SELECT count(*) FROM gone",
)


@pytest.fixture
def locked(scene: Scene, session: Session) -> dict[str, int]:
    """A signed note with everything that hangs on it, a draft of somebody else, another patient."""
    note = signed_with_diagnosis(scene)
    with unit_of_work():
        service.add_addendum(scene.actor, note, "More")
        service.enter_in_error(scene.actor, note, "Wrong patient")
    colleague = somebody(scene.facility, Role.PRACTITIONER)
    draft = Note(
        facility_id=scene.facility.id,
        appointment_id=scene.visit.id,
        patient_id=scene.patient.id,
        practitioner_id=session.scalar(
            text("SELECT id FROM practitioners WHERE user_id = :user"), {"user": colleague.id}
        ),
        template_id=note.template_id,
        body={},
        saved_at=note.saved_at,
    )
    session.add(draft)
    session.flush()
    session.execute(
        text(
            "INSERT INTO diagnoses (note_id, patient_id, facility_id, text, position, created_at) "
            "SELECT id, patient_id, facility_id, 'Draft', 1, now() FROM notes WHERE id = :draft"
        ),
        {"draft": draft.id},
    )
    other = PatientFactory(facility_id=scene.facility.id)
    session.commit()
    return {"note": note.id, "draft": draft.id, "other": other.id}


@pytest.mark.parametrize("statement", ATTACKS)
def test_nothing_that_belongs_to_a_signed_note_changes_by_sql(
    statement: str, locked: dict[str, int], session: Session
) -> None:
    used = {name: value for name, value in locked.items() if f":{name}" in statement}
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text(statement), used)


def test_a_role_without_rights_to_tables_cannot_lift_the_locks(
    locked: dict[str, int], session: Session
) -> None:
    """Migrations run as the owner; the web's own role gets rows, not tables."""
    session.execute(text("CREATE ROLE sutra_app_only NOLOGIN"))
    session.execute(
        text("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO sutra_app_only")
    )
    session.execute(text("SET LOCAL ROLE sutra_app_only"))
    for statement in (
        "ALTER TABLE notes DISABLE TRIGGER notes_signed_locked",
        "ALTER TABLE diagnoses DISABLE TRIGGER ALL",
        "DROP TRIGGER diagnoses_signed_locked ON diagnoses",
        "DROP FUNCTION notes_signed_locked() CASCADE",
        "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE sql AS ''",
        "SET LOCAL session_replication_role = replica",
        "TRUNCATE note_retractions",
        f"UPDATE notes SET body = '{{}}' WHERE id = {locked['note']}",
    ):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(statement))
    session.execute(text("RESET ROLE"))


# Who saw it


def test_the_author_sees_who_read_the_note_and_others_do_not(
    author: FlaskClient, scene: Scene, sign_in: SignIn
) -> None:
    note = scene.signed()
    colleague = somebody(scene.facility, Role.PRACTITIONER, "Dr Ravi Menon")
    sign_in(colleague).get(f"/notes/{note.id}/print")
    seen = author.get(f"/notes/{note.id}/seen")
    assert "Dr Ravi Menon" in seen.text
    assert "printed once" in seen.text
    fragment = author.get(f"/notes/{note.id}/seen", headers={"HX-Request": "true"}).text
    assert "Dr Ravi Menon" in fragment
    assert "<html" not in fragment
    listed = db.session.scalars(
        select(AuditEvent.patient_id).where(AuditEvent.action == "note.readers_listed")
    ).all()
    assert listed == [note.patient_id, note.patient_id]
    manager = somebody(scene.facility, Role.FACILITY_ADMIN)
    assert sign_in(manager).get(f"/notes/{note.id}/seen").status_code == 403


# Shared with the patient


@pytest.fixture(autouse=True)
def forgetting(app: Flask) -> Iterator[None]:
    """Whose household it is is looked up in each request, as it is outside a test's one context."""

    def forget(_sender: object, **_more: object) -> None:
        g.pop("household", None)

    with request_started.connected_to(forget):
        yield


@pytest.fixture
def reader(scene: Scene, sign_in: Callable[..., FlaskClient], session: Session) -> FlaskClient:
    """The patient's own browser."""
    login = household_login(scene.patient, mobile="+919845000111")
    session.commit()
    return sign_in(login, SessionKind.PATIENT)


@pytest.fixture
def stranger(scene: Scene, sign_in: Callable[..., FlaskClient], session: Session) -> FlaskClient:
    other = PatientFactory(facility_id=scene.facility.id, name="Somebody Else")
    login = household_login(other, mobile="+919845000222")
    session.commit()
    return sign_in(login, SessionKind.PATIENT)


def test_a_patient_reads_what_was_shared_and_only_that(
    author: FlaskClient, scene: Scene, reader: FlaskClient, stranger: FlaskClient
) -> None:
    note = signed_with_diagnosis(scene, "Amavata")
    assert reader.get(f"/portal/notes/{note.id}").status_code == 404
    assert author.post(f"/notes/{note.id}/share").status_code == 303
    author.post(f"/notes/{note.id}/addenda", data={"text": "Walk every day"})
    page = reader.get(f"/portal/notes/{note.id}")
    assert page.status_code == 200
    for words in ("Amavata", "Low back pain since two months.", "Walk every day"):
        assert words in page.text
    assert f"/portal/notes/{note.id}" in reader.get("/portal/notes").text
    assert stranger.get(f"/portal/notes/{note.id}").status_code == 404
    assert f"/portal/notes/{note.id}" not in stranger.get("/portal/notes").text
    author.post(f"/notes/{note.id}/error", data={"reason": "A secret of the clinic"})
    withdrawn = reader.get(f"/portal/notes/{note.id}").text
    assert "Withdrawn by the clinic" in withdrawn
    assert "A secret of the clinic" not in withdrawn
    author.post(f"/notes/{note.id}/unshare")
    assert reader.get(f"/portal/notes/{note.id}").status_code == 404
    logged = db.session.execute(
        select(AuditEvent.outcome, AuditEvent.patient_id).where(AuditEvent.action == "note.viewed")
    ).all()
    assert ("done", scene.patient.id) in [tuple(row) for row in logged]
    assert ("refused", None) in [tuple(row) for row in logged]


def test_the_patient_is_told_after_a_minute_without_a_word_of_the_note(
    author: FlaskClient, scene: Scene
) -> None:
    scene.patient.mobile = "+919845000333"
    note = signed_with_diagnosis(scene, "Amavata")
    author.post(f"/notes/{note.id}/share")
    message = db.session.scalars(select(Message).where(Message.kind == "note_shared")).first()
    assert message is not None
    assert message.status == Status.QUEUED
    shared_at = queries.get_note(scene.actor, note.id, fresh=True).shared_at
    assert shared_at is not None
    assert (message.send_at - shared_at).total_seconds() >= 60
    author.post(f"/notes/{note.id}/unshare")
    db.session.refresh(message)
    assert message.status == Status.CANCELLED


def test_sharing_is_the_authors_and_not_of_what_is_in_error(
    author: FlaskClient, scene: Scene, sign_in: SignIn
) -> None:
    note = scene.signed()
    colleague = somebody(scene.facility, Role.PRACTITIONER)
    assert sign_in(colleague).post(f"/notes/{note.id}/share").status_code == 403
    with pytest.raises(Forbidden):
        service.share_note(actor_of(colleague, Role.PRACTITIONER, facility=scene.facility), note)
    with unit_of_work():
        service.enter_in_error(scene.actor, note, "x")
    author.post(f"/notes/{note.id}/share")
    assert queries.get_note(scene.actor, note.id, fresh=True).shared_at is None


# Copies


def test_a_copy_is_true_until_something_is_added(
    author: FlaskClient, client: FlaskClient, scene: Scene
) -> None:
    note = signed_with_diagnosis(scene)
    first = code_on(author, note)
    checked = client.get(f"/verify/{first}")
    assert "This is a true copy" in checked.text
    assert "M. I." in checked.text
    for secret in ("Meenakshi", "Iyer", "Kati shula", scene.patient.mrn):
        assert secret not in checked.text
    author.post(f"/notes/{note.id}/addenda", data={"text": "More"})
    assert "Something was added since" in client.get(f"/verify/{first}").text
    second = code_on(author, note)
    assert second != first
    assert "This is a true copy" in client.get(f"/verify/{second.lower().replace('-', '')}").text


def test_unknown_codes_all_get_the_same_answer(client: FlaskClient, scene: Scene) -> None:
    scene.signed()
    answers = set()
    for code in ("0000-0000-0000", "ZZZZZZZZZZZZ", "nonsense", "1", "a" * 500, "%00", "🙂"):
        answer = client.get(f"/verify/{code}")
        assert answer.status_code == 404
        answers.add(answer.text.partition("<main")[2].partition("</main>")[0])
    assert len(answers) == 1
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Cache-Control"] == "no-store"


def test_guessing_codes_ends_after_a_while(app: Flask, client: FlaskClient) -> None:
    statuses = [client.get("/verify/0000-0000-0000").status_code for _try in range(61)]
    assert statuses[0] == 404
    assert statuses[-1] == 429


def test_a_draft_on_paper_has_no_code(author: FlaskClient, scene: Scene) -> None:
    note = scene.saved(complaints="Knee")
    sheet = author.get(f"/notes/{note.id}/print").text
    assert "Draft, not signed." in sheet
    assert CODE.search(sheet) is None
    assert "qr-code" not in sheet


def test_printing_writes_nothing_but_the_audit(author: FlaskClient, scene: Scene, session: Session) -> None:
    note = scene.signed()
    before = session.scalar(text("SELECT count(*) FROM verifiable_copies"))
    author.get(f"/notes/{note.id}/print")
    assert session.scalar(text("SELECT count(*) FROM verifiable_copies")) == before == 1


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("7kq2-m9zx-41tp", "7KQ2M9ZX41TP"),
        ("7KQ2 M9ZX 4ITP", "7KQ2M9ZX41TP"),
        ("7KQ2M9ZX4UTP", None),
        ("", None),
    ],
)
def test_codes_are_read_however_they_are_typed(typed: str, kept: str | None) -> None:
    assert read_code(typed) == kept


def test_notes_signed_before_there_were_codes_get_one(
    scene: Scene, session: Session, author: FlaskClient
) -> None:
    note = scene.signed()
    session.execute(text("ALTER TABLE verifiable_copies DISABLE TRIGGER verifiable_copies_append_only"))
    session.execute(text("DELETE FROM verifiable_copies"))
    session.execute(text("ALTER TABLE verifiable_copies ENABLE TRIGGER verifiable_copies_append_only"))
    assert CODE.search(author.get(f"/notes/{note.id}/print").text) is None
    assert service.issue_missing_codes() == 1
    assert service.issue_missing_codes() == 0
    assert code_on(author, note)
