from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Forbidden
from clinic.encounters import queries, service
from clinic.encounters.models import Note
from tests.encounters.conftest import READY, Scene, SignIn, open_tab, somebody
from tests.factories import actor_of

Sql = Callable[[str], None]


def form(**fields: str) -> dict[str, str]:
    return {name: values[0] for name, values in READY.items()} | fields


def test_signing_keeps_what_was_typed_and_locks_the_note(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    answer = author.post(f"/notes/{note.id}/sign", data=form(version=open_tab(author, note)))
    assert answer.status_code == 303
    row = queries.get_note(scene.actor, note.id, fresh=True)
    assert (row.status, row.signed_by, row.body["diagnosis"]) == ("signed", scene.user.id, "Kati shula")
    page = author.get(f"/notes/{note.id}").text
    assert "Signed by Dr Vaidehi Kulkarni" in page
    assert "Complete the visit" in page


def test_what_is_missing_is_said_beside_its_field_and_the_rest_is_kept(
    author: FlaskClient, scene: Scene
) -> None:
    note = scene.note()
    data = form(version=open_tab(author, note), **{"note-plan": "  "})
    answer = author.post(f"/notes/{note.id}/sign", data=data)
    assert answer.status_code == 422
    assert 'id="note-plan-error"' in answer.text
    assert "Kati shula" in answer.text
    row = queries.get_note(scene.actor, note.id, fresh=True)
    assert (row.status, row.body["diagnosis"]) == ("draft", "Kati shula")


def test_a_measurement_that_cannot_be_stops_signing_not_saving(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    data = form(version=open_tab(author, note), **{"before-systolic": "1480", "before-pulse": "82"})
    answer = author.post(f"/notes/{note.id}/sign", data=data)
    assert answer.status_code == 422
    assert "From 50 to 300" in answer.text
    row = queries.get_note(scene.actor, note.id, fresh=True)
    assert row.body["vitals"]["before"]["systolic"] == "1480"
    measured = queries.vitals_of(note.id)["before"]
    assert (measured.systolic_mmhg, measured.pulse_per_min) == (None, 82)


def test_a_note_with_two_texts_is_settled_before_it_is_signed(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    tab = open_tab(author, note)
    author.post(f"/notes/{note.id}/draft", data=form(version=tab))
    author.post(f"/notes/{note.id}/draft", data=form(version=tab, **{"note-plan": "Other"}))
    author.post(f"/notes/{note.id}/sign", data={"version": open_tab(author, note)})
    assert queries.get_note(scene.actor, note.id, fresh=True).status == "draft"


def test_signing_from_a_stale_tab_shows_both_texts_instead(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    stale = open_tab(author, note)
    author.post(f"/notes/{note.id}/draft", data=form(version=open_tab(author, note)))
    answer = author.post(f"/notes/{note.id}/sign", data=form(version=stale, **{"note-plan": "Other"}))
    assert answer.location == f"/notes/{note.id}/conflict"
    assert queries.get_note(scene.actor, note.id, fresh=True).status == "draft"


def test_nobody_signs_for_the_author(scene: Scene) -> None:
    note = scene.saved(complaints="x", diagnosis="x", plan="x")
    other = actor_of(somebody(scene.facility, Role.PRACTITIONER), Role.PRACTITIONER, facility=scene.facility)
    with pytest.raises(Forbidden):
        service.sign(other, note, version=note.version)


def test_a_save_that_comes_after_signing_is_kept_and_becomes_an_addendum(
    author: FlaskClient, scene: Scene
) -> None:
    note = scene.saved(complaints="Knee")
    stale = open_tab(author, note)
    scene.signed()
    signed_body = queries.get_note(scene.actor, note.id, fresh=True).body
    late = author.post(f"/notes/{note.id}/draft", data={"note-complaints": "Knee and hip", "version": stale})
    assert late.status_code == 409
    assert "Knee and hip" in late.text
    kept = queries.open_conflicts(note.id)[0]
    author.post(f"/notes/{note.id}/conflict", data={"conflict": kept.id})
    assert queries.get_note(scene.actor, note.id, fresh=True).body == signed_body
    assert "Knee and hip" in queries.addenda_of(note.id)[0].text


def test_addenda_stand_in_order_under_the_note(author: FlaskClient, scene: Scene) -> None:
    note = scene.signed()
    for words in ("The first addition", "The second addition"):
        answer = author.post(f"/notes/{note.id}/addenda", data={"text": words})
        assert answer.status_code == 303
    page = author.get(f"/notes/{note.id}").text
    assert page.index("The first addition") < page.index("The second addition")
    assert [row.author_name for row in queries.addenda_of(note.id)] == ["Dr Vaidehi Kulkarni"] * 2


def test_an_empty_addendum_is_refused_beside_its_field(author: FlaskClient, scene: Scene) -> None:
    note = scene.signed()
    answer = author.post(f"/notes/{note.id}/addenda", data={"text": " \n "})
    assert answer.status_code == 422
    assert "text-error" in answer.text
    assert queries.addenda_of(note.id) == []


def test_a_draft_takes_no_addendum(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    assert author.post(f"/notes/{note.id}/addenda", data={"text": "More"}).status_code == 403


@pytest.fixture
def sql(session: Session) -> Sql:
    def run(statement: str) -> None:
        with session.begin_nested():
            session.execute(text(statement))

    return run


LOCKED = (
    "UPDATE notes SET body = '{}' WHERE id = %d",
    "UPDATE notes SET status = 'draft', signed_at = NULL, signed_by = NULL WHERE id = %d",
    "UPDATE notes SET version = version + 1 WHERE id = %d",
    "DELETE FROM notes WHERE id = %d",
    "UPDATE vital_signs SET pulse_per_min = 60 WHERE note_id = %d",
    "DELETE FROM vital_signs WHERE note_id = %d",
    "INSERT INTO vital_signs (note_id, patient_id, moment, measured_at, created_at) "
    "SELECT id, patient_id, 'after', now(), now() FROM notes WHERE id = %d",
    "UPDATE addenda SET text = '' WHERE note_id = %d",
    "DELETE FROM addenda WHERE note_id = %d",
)


@pytest.mark.parametrize("statement", LOCKED)
def test_a_signed_note_never_changes_not_even_by_sql(statement: str, scene: Scene, sql: Sql) -> None:
    note = scene.note()
    with unit_of_work():
        service.save_draft(scene.actor, note, {**READY, "before-pulse": ["72"]}, version=note.version)
    scene.signed()
    with unit_of_work():
        service.add_addendum(scene.actor, queries.get_note(scene.actor, note.id, fresh=True), "More")
    with pytest.raises(DBAPIError) as refused:
        sql(statement % note.id)
    assert refused.value.orig.diag.constraint_name in {
        "notes_signed_locked",
        "vital_signs_signed_locked",
        "addenda_append_only",
    }
    db.session.expire_all()
    assert db.session.get_one(Note, note.id).body["plan"] == READY["note-plan"][0]
    assert queries.vitals_of(note.id)["before"].pulse_per_min == 72


@pytest.mark.parametrize("table", ["notes", "vital_signs", "addenda"])
def test_whole_tables_cannot_be_emptied(table: str, scene: Scene, sql: Sql) -> None:
    scene.signed()
    with pytest.raises(DBAPIError):
        sql(f"TRUNCATE {table} CASCADE")


def test_a_draft_can_still_be_changed_by_sql(scene: Scene, sql: Sql) -> None:
    note = scene.saved(complaints="x")
    sql(f"UPDATE notes SET version = 7 WHERE id = {note.id}")
    db.session.refresh(note)
    assert note.version == 7


def test_the_sheet_says_whether_it_is_signed(author: FlaskClient, scene: Scene, sign_in: SignIn) -> None:
    note = scene.saved(complaints="Knee")
    assert "Draft, not signed" in author.get(f"/notes/{note.id}/print").text
    scene.signed()
    sheet = author.get(f"/notes/{note.id}/print").text
    assert "Draft, not signed" not in sheet
    assert "Kati shula" in sheet
