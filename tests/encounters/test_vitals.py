from __future__ import annotations

from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.core.db import unit_of_work
from clinic.encounters import queries, service
from clinic.encounters.vitals import MEASURES, Part, read_vitals
from tests.encounters.conftest import Scene, open_tab

PARTS = [part for measure in MEASURES.values() for part in measure.parts]
FLAGGED = {
    "temperature": (("37.9", None), ("38", "high")),
    "pulse": (("49", "low"), ("50", None), ("120", None), ("121", "high")),
    "systolic": (("89", "low"), ("90", None), ("139", None), ("140", "high")),
    "diastolic": (("89", None), ("90", "high")),
    "respiration": (("24", None), ("25", "high")),
    "spo2": (("93", "low"), ("94", None)),
    "glucose": (("69", "low"), ("70", None), ("250", None), ("251", "high")),
}


def by_name(part: Part) -> str:
    return part.code


@pytest.mark.parametrize("part", PARTS, ids=by_name)
def test_hard_limits_are_inclusive_and_nothing_beyond_them_is_kept(part: Part) -> None:
    step = Decimal(1).scaleb(-part.decimals)
    for good in (part.least, part.most):
        assert read_vitals({part.code: str(good)}).values == {part.column: good}
    for bad in (part.least - step, part.most + step):
        reading = read_vitals({part.code: str(bad)})
        assert reading.values == {}
        assert reading.problems[part.code]


@pytest.mark.parametrize("part", PARTS, ids=by_name)
def test_the_database_keeps_the_same_limits(part: Part, scene: Scene, session: Session) -> None:
    note = scene.note()
    step = Decimal(1).scaleb(-part.decimals)
    statement = text(
        f"INSERT INTO vital_signs (note_id, patient_id, moment, measured_at, created_at, {part.column}) "
        "VALUES (:note, :patient, 'after', now(), now(), :value)"
    )
    values = {"note": note.id, "patient": scene.patient.id}
    for value in (part.least, part.most):
        with session.begin_nested() as attempt:
            session.execute(statement, {**values, "value": value})
            attempt.rollback()
    for value in (part.least - step, part.most + step):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(statement, {**values, "value": value})


@pytest.mark.parametrize(
    ("code", "value", "direction"),
    [(code, value, direction) for code, cases in FLAGGED.items() for value, direction in cases],
)
def test_flags_begin_where_the_limits_say(code: str, value: str, direction: str | None) -> None:
    reading = read_vitals({code: value})
    assert not reading.problems
    assert list(reading.directions.values()) == ([direction] if direction else [])


def test_the_lower_pressure_is_below_the_upper() -> None:
    reading = read_vitals({"systolic": "90", "diastolic": "90"})
    assert reading.values == {"systolic_mmhg": Decimal(90)}
    assert "diastolic" in reading.problems


@pytest.mark.parametrize(
    "typed", ["14x", "1e2", "١٢٠", "-5", "12.", "NaN", "inf", "1 2 0", "9" * 500, "\u202e12", "12,345"]
)
def test_what_is_no_number_is_said_and_not_kept(typed: str) -> None:
    reading = read_vitals({"pulse": typed})
    assert reading.values == {}
    assert reading.problems["pulse"]


@pytest.mark.parametrize(("typed", "value"), [("36,7", "36.7"), (" 36.7 ", "36.7"), ("३६.७", "36.7")])
def test_commas_blanks_and_devanagari_digits_are_understood(typed: str, value: str) -> None:
    assert read_vitals({"temperature": typed}).values == {"temperature_c": Decimal(value)}


def test_body_mass_is_reckoned() -> None:
    assert read_vitals({"weight": "63.4", "height": "160"}).bmi == Decimal("24.8")


def test_half_typed_measurements_stay_as_text_and_become_numbers_when_right(
    author: FlaskClient, scene: Scene
) -> None:
    note = scene.note()
    version = open_tab(author, note)
    for typed, kept in (("1", None), ("14", None), ("148", 148), ("1480", None), ("118", 118)):
        answer = author.post(f"/notes/{note.id}/draft", data={"before-systolic": typed, "version": version})
        version = answer.json["version"]
        fresh = queries.get_note(scene.actor, note.id, fresh=True)
        assert fresh.body["vitals"]["before"]["systolic"] == typed
        row = queries.vitals_of(note.id).get("before")
        assert (row.systolic_mmhg if row else None) == kept
        assert ("Upper pressure" in answer.json["wrong"]) == (kept is None)


def test_emptied_measurements_leave_no_row(scene: Scene) -> None:
    for typed in ("72", ""):
        note = scene.note()
        with unit_of_work():
            service.save_draft(scene.actor, note, {"before-pulse": [typed]}, version=note.version)
    assert queries.vitals_of(scene.note().id) == {}


def test_a_flagged_cell_says_its_limit_in_words(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    data = {"before-systolic": "148", "before-diastolic": "96", "version": open_tab(author, note)}
    author.post(f"/notes/{note.id}/draft", data=data)
    page = author.get(f"/notes/{note.id}").text
    assert "High, limit 140/90" in page
    assert 'class="vital is-flagged"' in page
