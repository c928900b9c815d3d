from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.core.db import db
from clinic.core.limits import limiter
from clinic.encounters import queries
from clinic.encounters.models import Note, NoteConflict
from tests.encounters.conftest import Scene, open_tab, version_on


def stored(note: Note) -> dict[str, object]:
    db.session.expire_all()
    return db.session.get_one(Note, note.id).body


def test_each_save_answers_with_the_next_version_and_the_time_in_the_clinics_zone(
    author: FlaskClient, scene: Scene
) -> None:
    note = scene.note()
    version = open_tab(author, note)
    first = author.post(f"/notes/{note.id}/draft", data={"note-complaints": "Knee", "version": version})
    assert first.status_code == 200
    second = author.post(
        f"/notes/{note.id}/draft", data={"note-complaints": "Knee, left", "version": first.json["version"]}
    )
    assert second.json["version"].split("-")[0] == "3"
    db.session.expire_all()
    saved_at = db.session.get_one(Note, note.id).saved_at
    assert second.json["saved_at"] == saved_at.astimezone(tz(scene)).strftime("%H:%M")
    assert stored(note)["complaints"] == "Knee, left"


def tz(scene: Scene):
    from zoneinfo import ZoneInfo

    return ZoneInfo(scene.facility.zone)


def test_a_field_the_form_did_not_carry_stays_as_it_was(author: FlaskClient, scene: Scene) -> None:
    note = scene.saved(complaints="Knee", plan="Rest")
    version = open_tab(author, note)
    author.post(f"/notes/{note.id}/draft", data={"note-complaints": "Hip", "version": version})
    assert (stored(note)["complaints"], stored(note)["plan"]) == ("Hip", "Rest")


def test_fields_the_template_does_not_have_change_nothing(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    data = {"note-complaints": "Knee", "version": open_tab(author, note)}
    extra = {"status": "signed", "patient_id": "1", "signed_by": "1", "note-status": "signed", "body": "x"}
    author.post(f"/notes/{note.id}/draft", data={**data, **extra})
    assert set(stored(note)) == {"complaints", "vitals"}
    assert db.session.get_one(Note, note.id).status == "draft"


def test_second_tab_sees_both_texts_and_nothing_typed_is_lost(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    here, there = open_tab(author, note), open_tab(author, note)
    author.post(f"/notes/{note.id}/draft", data={"note-complaints": "First tab", "version": here})
    late = author.post(f"/notes/{note.id}/draft", data={"note-complaints": "Second tab", "version": there})
    assert late.status_code == 409
    assert "First tab" in late.text
    assert "Second tab" in late.text
    assert stored(note)["complaints"] == "First tab"
    kept = db.session.scalars(select(NoteConflict).where(NoteConflict.note_id == note.id)).one()
    assert kept.body["complaints"] == "Second tab"


def test_choosing_both_texts_keeps_both(author: FlaskClient, scene: Scene) -> None:
    note = conflicting(author, scene)
    page = author.get(f"/notes/{note.id}/conflict").text
    kept = queries.open_conflicts(note.id)[0]
    answer = author.post(
        f"/notes/{note.id}/conflict",
        data={"conflict": kept.id, "version": version_on(page), "note-complaints": "both"},
    )
    assert answer.status_code == 303
    assert stored(note)["complaints"] == "First tab\nSecond tab"
    assert queries.open_conflicts(note.id) == []


def test_choosing_one_text_takes_it_field_by_field(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    tab = open_tab(author, note)
    author.post(
        f"/notes/{note.id}/draft", data={"note-complaints": "one", "note-plan": "one", "version": tab}
    )
    author.post(
        f"/notes/{note.id}/draft", data={"note-complaints": "two", "note-plan": "two", "version": tab}
    )
    kept = queries.open_conflicts(note.id)[0]
    page = author.get(f"/notes/{note.id}/conflict").text
    choice = {"note-complaints": "yours", "note-plan": "theirs"}
    author.post(
        f"/notes/{note.id}/conflict", data={"conflict": kept.id, "version": version_on(page), **choice}
    )
    assert (stored(note)["complaints"], stored(note)["plan"]) == ("two", "one")


def test_without_a_choice_both_texts_are_kept(author: FlaskClient, scene: Scene) -> None:
    note = conflicting(author, scene)
    page = author.get(f"/notes/{note.id}/conflict").text
    kept = queries.open_conflicts(note.id)[0]
    author.post(f"/notes/{note.id}/conflict", data={"conflict": kept.id, "version": version_on(page)})
    assert stored(note)["complaints"] == "First tab\nSecond tab"


def test_settling_over_a_note_that_moved_on_shows_the_texts_again(author: FlaskClient, scene: Scene) -> None:
    note = conflicting(author, scene)
    page = author.get(f"/notes/{note.id}/conflict").text
    kept = queries.open_conflicts(note.id)[0]
    author.post(f"/notes/{note.id}/draft", data={"note-plan": "Third", "version": open_tab(author, note)})
    answer = author.post(
        f"/notes/{note.id}/conflict",
        data={"conflict": kept.id, "version": version_on(page), "note-complaints": "yours"},
    )
    assert answer.location.endswith(f"/notes/{note.id}/conflict")
    assert stored(note)["complaints"] == "First tab"
    assert len(queries.open_conflicts(note.id)) == 1


def test_old_values_that_merely_stand_in_a_stale_tab_are_no_choice(author: FlaskClient, scene: Scene) -> None:
    note = scene.saved(complaints="As it was", plan="Old plan")
    here, there = open_tab(author, note), open_tab(author, note)
    author.post(
        f"/notes/{note.id}/draft",
        data={"note-complaints": "As it was", "note-plan": "New plan", "version": here},
    )
    late = author.post(
        f"/notes/{note.id}/draft",
        data={"note-complaints": "Typed late", "note-plan": "Old plan", "version": there},
    )
    assert late.status_code == 409
    assert "Old plan" not in late.text
    assert queries.open_conflicts(note.id)[0].body["plan"] == "New plan"


def test_a_stale_tab_in_which_nothing_was_typed_changes_nothing(author: FlaskClient, scene: Scene) -> None:
    note = scene.saved(complaints="As it was")
    here, there = open_tab(author, note), open_tab(author, note)
    author.post(f"/notes/{note.id}/draft", data={"note-complaints": "Changed", "version": here})
    again = author.post(f"/notes/{note.id}/draft", data={"note-complaints": "As it was", "version": there})
    assert again.status_code == 200
    assert again.json["version"] == there, "the tab must not come to think that it shows the newest text"
    assert stored(note)["complaints"] == "Changed"


def test_the_same_text_sent_again_after_a_lost_answer_is_no_conflict(
    author: FlaskClient, scene: Scene
) -> None:
    note = scene.note()
    data = {"note-complaints": "Knee", "version": open_tab(author, note)}
    author.post(f"/notes/{note.id}/draft", data=data)
    again = author.post(f"/notes/{note.id}/draft", data=data)
    assert again.status_code == 200
    assert again.json["version"].split("-")[0] == "2"
    longer = author.post(f"/notes/{note.id}/draft", data={**data, "note-complaints": "Knee, left"})
    assert longer.status_code == 200, "what was saved is wholly within what is typed now"
    assert stored(note)["complaints"] == "Knee, left"


def test_a_late_text_that_grows_is_kept_once(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    here, there = open_tab(author, note), open_tab(author, note)
    author.post(f"/notes/{note.id}/draft", data={"note-complaints": "First", "version": here})
    for text in ("Sec", "Second", "Second tab"):
        author.post(f"/notes/{note.id}/draft", data={"note-complaints": text, "version": there})
    assert [row.body["complaints"] for row in queries.open_conflicts(note.id)] == ["Second tab"]


def test_saving_without_scripts_comes_back_to_the_page_or_to_both_texts(
    author: FlaskClient, scene: Scene
) -> None:
    note = scene.note()
    tab = open_tab(author, note)
    answer = author.post(f"/notes/{note.id}", data={"note-complaints": "First", "version": tab})
    assert (answer.status_code, answer.location) == (303, f"/notes/{note.id}")
    late = author.post(f"/notes/{note.id}", data={"note-complaints": "Second", "version": tab})
    assert late.location == f"/notes/{note.id}/conflict"
    page = author.get(late.location).text
    assert "First" in page
    assert "Second" in page


def test_a_version_that_makes_no_sense_keeps_the_text_aside(author: FlaskClient, scene: Scene) -> None:
    note = scene.saved(complaints="Saved")
    for version in ("", "abc", "-1", "9" * 400, "1-????", "²"):
        answer = author.post(
            f"/notes/{note.id}/draft", data={"note-complaints": f"Typed {version[:3]}", "version": version}
        )
        assert answer.status_code == 409
    assert stored(note)["complaints"] == "Saved"


def test_going_on_in_another_template_loses_nothing(author: FlaskClient, scene: Scene) -> None:
    note = scene.saved(complaints="Low back pain", diagnosis="Kati shula", plan="Rest", agni="manda")
    data = {"version": open_tab(author, note), "template": "follow_up", "before-spo2": "97"}
    answer = author.post(f"/notes/{note.id}/template", data=data)
    assert answer.status_code == 303
    fresh = queries.get_note(scene.actor, note.id, fresh=True)
    assert fresh.template.code == "follow_up"
    assert (fresh.body["plan"], fresh.body["agni"]) == ("Rest", "manda")
    for words in ("Low back pain", "Kati shula", "SpO₂: 97"):
        assert words in fresh.body["course"]
    assert queries.vitals_of(note.id)["before"].spo2_percent == 97
    assert "Kati shula" in author.get(f"/notes/{note.id}").text


def test_a_signed_note_keeps_its_template(author: FlaskClient, scene: Scene) -> None:
    note = scene.signed()
    answer = author.post(f"/notes/{note.id}/template", data={"version": "1", "template": "follow_up"})
    assert answer.status_code == 409
    assert queries.get_note(scene.actor, note.id, fresh=True).template.code == "soap"


def test_saving_is_not_counted_against_the_limit_on_changes(app: Flask) -> None:
    exempt = limiter.limit_manager.exemption_scope
    assert exempt(app, "encounters.draft", None), "somebody who writes for an hour saves a thousand times"
    assert not exempt(app, "encounters.sign", None)


def conflicting(author: FlaskClient, scene: Scene) -> Note:
    note = scene.note()
    tab = open_tab(author, note)
    author.post(f"/notes/{note.id}/draft", data={"note-complaints": "First tab", "version": tab})
    author.post(f"/notes/{note.id}/draft", data={"note-complaints": "Second tab", "version": tab})
    return note
