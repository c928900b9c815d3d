"""What an earlier note says, taken over and marked; drafts that wait; snippets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Invalid
from clinic.encounters import queries, service
from clinic.encounters.copied import marks_of, unconfirmed
from clinic.encounters.models import Note
from clinic.encounters.service.copying import take_over
from clinic.encounters.snippet_queries import snippets_for
from tests.encounters.conftest import Scene, at, somebody, version_on
from tests.factories import PatientFactory, appointment

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def later(scene: Scene, session: Session) -> tuple[Note, Note]:
    """A signed note, and the draft of a later visit of the same patient."""
    signed = scene.signed()
    visit = appointment(
        scene.patient, scene.practitioner, at(scene, 12), service=scene.consultation, status="in_progress"
    )
    session.commit()
    with unit_of_work():
        note_id = service.open_note(scene.actor, visit).id
    return signed, queries.get_note(scene.actor, note_id, fresh=True)


def fresh(scene: Scene, note: Note) -> Note:
    return queries.get_note(scene.actor, note.id, fresh=True)


def test_texts_are_taken_over_marked_until_they_are_changed_or_confirmed(
    author: FlaskClient, scene: Scene, later: tuple[Note, Note]
) -> None:
    signed, note = later
    page = author.get(f"/notes/{note.id}/take-over").text
    assert "Kati shula" in page
    data = {"source": signed.id, "field": ["complaints", "diagnosis", "plan"]}
    author.post(f"/notes/{note.id}/take-over", data=data)
    note = fresh(scene, note)
    assert note.body["diagnosis"] == "Kati shula"
    assert unconfirmed(note) == [
        "Complaints, and since when",
        "Main diagnosis",
        "Medicines, tests, procedures, advice",
    ]
    shown = author.get(f"/notes/{note.id}").text
    assert "Dr Vaidehi Kulkarni" in marks_of(note)["plan"].words
    version = version_on(shown)
    asked = author.post(f"/notes/{note.id}/sign", data={"version": version})
    assert asked.status_code == 422
    assert "Taken over and not confirmed:" in asked.text
    changed = {"version": version, "note-plan": "Another plan.", "still-note-diagnosis": ["0", "1"]}
    author.post(f"/notes/{note.id}", data=changed)
    note = fresh(scene, note)
    assert {code: mark.confirmed for code, mark in marks_of(note).items()} == {
        "complaints": False,
        "diagnosis": True,
    }
    version = version_on(author.get(f"/notes/{note.id}").text)
    author.post(f"/notes/{note.id}/sign", data={"version": version, "anyway": "1"})
    assert fresh(scene, note).status == "signed"
    assert "not confirmed" in author.get(f"/notes/{note.id}").text


def test_what_is_written_already_stays_and_other_patients_notes_cannot_be_taken(
    scene: Scene, session: Session, later: tuple[Note, Note]
) -> None:
    signed, note = later
    with unit_of_work():
        service.save_draft(scene.actor, note, {"note-plan": ["Mine."]}, version=note.version)
    note = fresh(scene, note)
    with unit_of_work():
        assert take_over(scene.actor, note, signed, {"plan"}) == 0
    other = appointment(
        PatientFactory(facility_id=scene.facility.id),
        scene.practitioner,
        at(scene, 14),
        service=scene.consultation,
        status="in_progress",
    )
    session.commit()
    with unit_of_work():
        theirs = service.open_note(scene.actor, other).id
    with pytest.raises(Invalid), unit_of_work():
        take_over(scene.actor, queries.get_note(scene.actor, theirs), signed, {"plan"})


def test_drafts_are_listed_oldest_first_and_only_empty_ones_go(
    author: FlaskClient, scene: Scene, sign_in: SignIn, later: tuple[Note, Note]
) -> None:
    _signed, note = later
    note.created_at -= timedelta(days=2)
    db.session.commit()
    page = author.get("/drafts").text
    assert "Meenakshi Iyer" in page
    assert "Waits 2 days" in page
    assert "the oldest waits more than a day" in author.get("/my-day").text
    with unit_of_work():
        service.save_draft(scene.actor, fresh(scene, note), {"note-plan": ["Mine."]}, version=1)
    author.post(f"/notes/{note.id}/discard")
    assert fresh(scene, note).body["plan"] == "Mine."
    other = sign_in(somebody(scene.facility, Role.PRACTITIONER))
    assert "Meenakshi Iyer" not in other.get("/drafts").text
    assert other.post(f"/notes/{note.id}/discard").status_code == 404
    author = sign_in(scene.user)
    with unit_of_work():
        service.save_draft(scene.actor, fresh(scene, note), {"note-plan": [""]}, version=2)
    author.post(f"/notes/{note.id}/discard")
    assert "Meenakshi Iyer" not in author.get("/drafts").text


def test_own_snippets_come_before_the_clinics_and_others_are_nobodys_business(
    author: FlaskClient, scene: Scene, sign_in: SignIn
) -> None:
    for text, whose in (("For all.", "clinic"), ("For me.", "own")):
        author.post("/settings/snippets", data={"word": "/WT", "text": text, "whose": whose})
    assert snippets_for(scene.actor, scene.facility.id) == {"wt": "For me."}
    again = author.post("/settings/snippets", data={"word": "wt", "text": "Twice.", "whose": "own"})
    assert again.status_code == 409
    assert "There is a snippet with this word already." in again.text
    wrong = author.post("/settings/snippets", data={"word": "two words", "text": "x", "whose": "own"})
    assert "Letters and digits only" in wrong.text
    therapist = sign_in(somebody(scene.facility, Role.THERAPIST))
    page = therapist.get("/settings/snippets").text
    assert "For all." in page
    assert "For me." not in page
    own = [row for row in db.session.execute(db.text("SELECT id, owner_id FROM snippets")) if row[1]]
    assert therapist.post(f"/settings/snippets/{own[0][0]}/remove").status_code == 404
    therapist.post("/settings/snippets", data={"word": "mine", "text": "Mine.", "whose": "clinic"})
    assert db.session.scalar(db.text("SELECT owner_id IS NOT NULL FROM snippets WHERE word = 'mine'"))


def test_whoever_writes_a_snippet_leaves_a_row_that_says_which_part_changed(
    scene: Scene, author: FlaskClient
) -> None:
    typed = {"word": "rest", "text": "Rest for two days.", "whose": "own"}
    author.post("/settings/snippets", data=typed)
    (snippet_id,) = db.session.execute(db.text("SELECT id FROM snippets")).one()
    for text in ("Rest for three days.", "Rest for three days."):
        author.post("/settings/snippets", data={**typed, "text": text, "snippet": snippet_id})
    author.post(f"/settings/snippets/{snippet_id}/remove")
    rows = db.session.query(AuditEvent).filter_by(subject_type="snippet", subject_id=snippet_id)
    assert [(row.action, row.detail.get("fields")) for row in rows.order_by(AuditEvent.id)] == [
        ("snippet.written", ["owner_id", "word", "text"]),
        ("snippet.written", ["text"]),
        ("snippet.removed", None),
    ], "what is the same again is no change"
    assert {row.actor_id for row in rows} == {scene.user.id}


def test_a_page_whose_answer_was_lost_goes_on_and_an_overtaken_sending_changes_nothing(scene: Scene) -> None:
    note = scene.note()
    page = service.Sent("page-1", 4)
    with unit_of_work():
        service.save_draft(scene.actor, note, {"note-plan": ["Long text"]}, version=1, sent=page)
    note = fresh(scene, note)
    with unit_of_work():
        shorter = service.save_draft(
            scene.actor, note, {"note-plan": ["Long"]}, version=1, sent=service.Sent("page-1", 6)
        )
    assert shorter.conflict_id is None
    note = fresh(scene, note)
    with unit_of_work():
        service.save_draft(
            scene.actor, note, {"note-plan": ["Long text"]}, version=1, sent=service.Sent("page-1", 5)
        )
    assert fresh(scene, note).body["plan"] == "Long"
    with unit_of_work():
        other = service.save_draft(
            scene.actor,
            fresh(scene, note),
            {"note-plan": ["Else"]},
            version=1,
            sent=service.Sent("page-2", 9),
        )
    assert other.conflict_id is not None
