"""Diagnoses in a note: found while they are typed, added, weighed, ordered, removed; locked with the note."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic.core.access import SYSTEM, Role
from clinic.core.db import db, unit_of_work
from clinic.encounters import queries, service
from clinic.encounters.coding import codes_statement, diagnoses_of, problems_of, suggestions
from clinic.encounters.models import Code, CodeSystem, Diagnosis, Note
from clinic.encounters.service.code_lists import CodeLine, bring_in
from tests.encounters.conftest import Scene, SignIn, somebody
from tests.factories import FacilityFactory, PatientFactory, actor_of

HTMX = {"HX-Request": "true"}
LINES = (
    CodeLine(code="E11", display="Type 2 diabetes mellitus", display_hi="मधुमेह", synonyms="NIDDM"),
    CodeLine(code="E11.9", display="Type 2 diabetes mellitus without complications"),
    CodeLine(code="M54.5", display="Low back pain"),
)


def bring(system: str, *lines: CodeLine) -> None:
    with unit_of_work():
        bring_in(
            SYSTEM, system, lines, (), whole=True, list_version="2024", licence="test", file_name="a.csv"
        )


def add(client: FlaskClient, note: Note, **form: str) -> tuple[int, str]:
    answer = client.post(f"/notes/{note.id}/diagnoses", data=form, headers=HTMX)
    return answer.status_code, answer.text


def shown(note: Note) -> list[tuple[str, str | None, str, bool]]:
    db.session.expire_all()
    return [(row.text, row.code, row.status, row.is_primary) for row in diagnoses_of(note.id)]


def test_words_are_added_with_enter_and_the_first_is_the_main_one(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    assert "Add a diagnosis" in author.get(f"/notes/{note.id}").text
    status, panel = add(author, note, text="  Kati   shula ")
    assert status == 200
    assert "Kati shula" in panel
    assert "<html" not in panel
    assert add(author, note, text="आमवात")[0] == 200
    assert shown(note) == [("Kati shula", None, "provisional", True), ("आमवात", None, "provisional", False)]


def test_a_code_is_kept_with_its_words_and_edition(author: FlaskClient, scene: Scene) -> None:
    bring("icd10", *LINES)
    note = scene.note()
    found = author.get(f"/notes/{note.id}/diagnoses/find?text=diab melli", headers=HTMX).text
    chosen = re.search(r'name="code" value="(\d+)"', found)
    assert chosen
    add(author, note, text="diab melli", code=chosen[1])
    assert shown(note) == [("Type 2 diabetes mellitus", "E11", "provisional", True)]
    row = diagnoses_of(note.id)[0]
    assert (row.system, row.list_version, row.code_display) == ("icd10", "2024", "Type 2 diabetes mellitus")
    bring("icd10", CodeLine(code="E11", display="Renamed since"))
    assert "Type 2 diabetes mellitus" in author.get(f"/notes/{note.id}").text


@pytest.mark.parametrize(
    "typed", ["e11", "E11.9", "diab", "mellitus type", "मधुमेह", "niddm", "DIABETES without"]
)
def test_codes_are_found_by_beginning_and_by_words(typed: str, scene: Scene) -> None:
    bring("icd10", *LINES)
    found = suggestions(scene.actor, scene.facility.id, typed)
    assert found
    assert all(item.code.startswith("E11") for item in found)


@pytest.mark.parametrize("typed", ["", "e", "%", "__", "E1_", "\\", "x" * 5000, "zzz qqq", "\x00\x00"])
def test_what_finds_nothing_finds_nothing(typed: str, scene: Scene) -> None:
    bring("icd10", *LINES)
    assert suggestions(scene.actor, scene.facility.id, typed) == []


def test_own_words_are_suggested_to_oneself_and_to_others_once_they_fit_two_patients(
    scene: Scene, author: FlaskClient, session: Session
) -> None:
    note = scene.note()
    add(author, note, text="Sandhivata of the knee")
    colleague = actor_of(
        somebody(scene.facility, Role.PRACTITIONER), Role.PRACTITIONER, facility=scene.facility
    )
    assert [item.text for item in suggestions(scene.actor, scene.facility.id, "sandhi")] == [
        "Sandhivata of the knee"
    ]
    assert suggestions(colleague, scene.facility.id, "sandhi") == []
    other = PatientFactory(facility_id=scene.facility.id)
    session.flush()
    twin = Note(
        facility_id=scene.facility.id,
        appointment_id=scene.visit.id,
        patient_id=other.id,
        practitioner_id=session.scalar(
            text("SELECT id FROM practitioners WHERE user_id = :user"), {"user": colleague.user_id}
        ),
        template_id=note.template_id,
        body={},
        saved_at=note.saved_at,
    )
    session.add(twin)
    session.flush()
    session.add(
        Diagnosis(
            note_id=twin.id,
            patient_id=other.id,
            facility_id=scene.facility.id,
            text="Sandhivata of the knee",
            position=1,
        )
    )
    session.flush()
    third = actor_of(somebody(scene.facility, Role.PRACTITIONER), Role.PRACTITIONER, facility=scene.facility)
    assert [item.text for item in suggestions(third, scene.facility.id, "SANDHI")] == [
        "Sandhivata of the knee"
    ]
    assert suggestions(third, FacilityFactory().id, "sandhi") == []


def test_weighing_ordering_and_the_main_one(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    for words in ("First", "Second", "Third"):
        add(author, note, text=words)
    first, second, third = (row.id for row in diagnoses_of(note.id))
    base = f"/notes/{note.id}/diagnoses"
    author.post(f"{base}/{second}/status", data={"status": "final"}, headers=HTMX)
    author.post(f"{base}/{third}/primary", headers=HTMX)
    author.post(f"{base}/{third}/primary", headers=HTMX)
    author.post(f"{base}/{third}/move", data={"to": "up"}, headers=HTMX)
    author.post(f"{base}/{first}/move", data={"to": "up"}, headers=HTMX)
    assert shown(note) == [
        ("First", None, "provisional", False),
        ("Third", None, "provisional", True),
        ("Second", None, "final", False),
    ]
    assert author.post(f"{base}/{first}/status", data={"status": "certain"}, headers=HTMX).status_code == 422


def test_what_was_removed_can_be_put_back_and_the_main_one_moves_on(
    author: FlaskClient, scene: Scene
) -> None:
    bring("icd10", *LINES)
    note = scene.note()
    code = db.session.query(Code).filter_by(code="M54.5").one()
    add(author, note, code=str(code.id))
    add(author, note, text="Second")
    row = diagnoses_of(note.id)[0]
    panel = author.post(f"/notes/{note.id}/diagnoses/{row.id}/remove", headers=HTMX).text
    assert "Low back pain removed." in panel
    assert shown(note) == [("Second", None, "provisional", True)]
    form = dict(
        re.findall(r'name="(words|code|keep_text|status)" value="([^"]*)"', panel.partition("removed.")[0])
    )
    add(author, note, **form)
    assert ("Low back pain", "M54.5", "provisional", False) in shown(note)


@pytest.mark.parametrize("words", ["", "   ", "x" * 301, "\x00"])
def test_what_cannot_be_a_diagnosis_is_refused_beside_the_field(
    words: str, author: FlaskClient, scene: Scene
) -> None:
    note = scene.note()
    status, panel = add(author, note, text=words)
    assert status == 422
    assert "diagnosis-text-error" in panel
    assert shown(note) == []


def test_the_same_diagnosis_is_not_added_twice_and_what_was_typed_stays(
    author: FlaskClient, scene: Scene
) -> None:
    note = scene.note()
    add(author, note, text="Kati shula")
    status, panel = add(author, note, text="KATI SHULA")
    assert status == 422
    assert 'value="KATI SHULA"' in panel
    assert len(shown(note)) == 1


def test_without_scripts_one_comes_back_to_the_note(author: FlaskClient, scene: Scene) -> None:
    bring("icd10", *LINES)
    note = scene.note()
    answer = author.post(f"/notes/{note.id}/diagnoses", data={"text": "Kati shula"})
    assert answer.status_code == 303
    assert answer.location == f"/notes/{note.id}#panel-diagnoses"
    page = author.get(f"/notes/{note.id}/diagnoses/find?text=back").text
    assert "<h1" in page
    assert "Low back pain" in page


def test_signing_locks_them_and_they_are_shown_wherever_the_note_is(
    author: FlaskClient, scene: Scene
) -> None:
    note = scene.note()
    add(author, note, text="Kati shula")
    add(author, note, text="Agnimandya")
    author.post(f"/notes/{note.id}/diagnoses/{diagnoses_of(note.id)[1].id}/status", data={"status": "final"})
    scene.signed()
    assert add(author, note, text="Slipped in")[0] == 409
    page = author.get(f"/notes/{note.id}").text
    sheet = author.get(f"/notes/{note.id}/print").text
    for words in ("Kati shula", "Agnimandya", "Main diagnosis"):
        assert words in page
        assert words in sheet
    assert "diagnosis-text" not in page
    found = problems_of(scene.actor, scene.patient.id)
    assert [(item.text, item.status) for item in found] == [
        ("Kati shula", "provisional"),
        ("Agnimandya", "final"),
    ]


def test_a_draft_counts_for_nobody(author: FlaskClient, scene: Scene) -> None:
    add(author, scene.note(), text="Kati shula")
    assert problems_of(scene.actor, scene.patient.id) == []


def test_nobody_else_gets_at_the_diagnoses_of_a_draft(
    author: FlaskClient, scene: Scene, sign_in: SignIn
) -> None:
    note = scene.note()
    add(author, note, text="Kati shula")
    row = diagnoses_of(note.id)[0]
    for role in (Role.PRACTITIONER, Role.THERAPIST):
        other = sign_in(somebody(scene.facility, role))
        assert other.get(f"/notes/{note.id}/diagnoses/find?text=ka").status_code == 404
        assert other.post(f"/notes/{note.id}/diagnoses", data={"text": "x"}).status_code == 404
        assert other.post(f"/notes/{note.id}/diagnoses/{row.id}/remove").status_code == 404
    desk = sign_in(somebody(scene.facility, Role.RECEPTIONIST))
    assert desk.post(f"/notes/{note.id}/diagnoses", data={"text": "x"}).status_code == 403
    elsewhere = FacilityFactory()
    outsider = actor_of(somebody(elsewhere, Role.PRACTITIONER), Role.PRACTITIONER, facility=elsewhere)
    scene.signed()
    assert problems_of(outsider, scene.patient.id) == []


def test_a_diagnosis_of_another_note_is_not_there(
    author: FlaskClient, scene: Scene, session: Session
) -> None:
    note = scene.note()
    answer = author.post(f"/notes/{note.id}/diagnoses/{2**40}/remove", headers=HTMX)
    assert answer.status_code == 404


def test_any_text_comes_back_as_it_went_in(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    words = "<script>alert(1)</script> आमवात 🙂 \u202eabc"
    add(author, note, text=words)
    assert shown(note)[0][0] == words
    page = author.get(f"/notes/{note.id}").text
    assert "<script>alert(1)" not in page


def test_seventy_thousand_codes_are_searched_by_index(scene: Scene, session: Session) -> None:
    session.add(CodeSystem(code="own", imported_at=scene.visit.starts))
    session.flush()
    session.execute(
        text(
            "INSERT INTO codes (system, code, display, search_text) "
            "SELECT 'own', 'K' || n, 'Disorder ' || n || ' of kind ' || n % 700, "
            "'kind' || n % 700 || ' word' || n % 9000 || ' n' || n || repeat(' disorder', (n % 5 = 0)::int) "
            "FROM generate_series(1, 70000) AS n"
        )
    )
    session.execute(text("ANALYZE codes, code_words"))
    for typed in ("K123", "word123", "disorder word45", "disorder kind12", "di"):
        statement = codes_statement(typed, 10)
        compiled = statement.compile(db.engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join(session.execute(text(f"EXPLAIN {compiled}".replace(":", "\\:"))).scalars())
        assert "Seq Scan" not in plan, (typed, plan)
    assert len(suggestions(scene.actor, scene.facility.id, "disorder word45")) == 10


def test_the_panel_takes_three_statements(
    author: FlaskClient, scene: Scene, count_statements: object
) -> None:
    note = scene.note()
    add(author, note, text="Kati shula")
    count_statements()  # type: ignore[operator]
    author.get(f"/notes/{note.id}/diagnoses/find?text=kati", headers=HTMX)
    assert len(count_statements()) <= 4  # type: ignore[operator]  # the session's own among them
    assert queries.get_note(scene.actor, note.id, fresh=True).status == "draft"
    assert service.undo_left(note) == 0
