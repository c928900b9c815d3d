"""Measurements outside a note: typed, limited, corrected, never overwritten, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.encounters import queries, service
from clinic.encounters.models import VitalSigns
from clinic.encounters.models.retraction import NoteRetraction
from clinic.encounters.service.measuring import record_vitals
from clinic.encounters.vitals_rows import series_of
from clinic.encounters.vitals_shown import chart_data, latest_flags
from clinic.encounters.vitals_typed import read_typed
from tests.encounters.conftest import READY, Scene, somebody, version_on
from tests.factories import FacilityFactory, PatientFactory, actor_of

SignIn = Callable[..., FlaskClient]
ROW = "INSERT INTO vital_signs (patient_id, facility_id, measured_at, created_at, recorded_by, {columns}) "


def measured(scene: Scene, **typed: str) -> VitalSigns:
    """A row of the scene's patient by its practitioner, just now."""
    with unit_of_work():
        return record_vitals(scene.actor, scene.patient.id, typed, measured_at=clock.now())


def rows_of(scene: Scene) -> list[VitalSigns]:
    db.session.expire_all()
    return list(db.session.scalars(select(VitalSigns).order_by(VitalSigns.id)))


def test_a_row_of_boxes_becomes_one_row_with_who_and_when(author: FlaskClient, scene: Scene) -> None:
    answer = author.post(
        f"/patients/{scene.patient.id}/vitals",
        data={
            "systolic": "148/96",
            "pulse": "82",
            "height": "5'5\"",
            "weight": "137 lb",
            "temperature": "98.6 F",
        },
    )
    assert answer.status_code == 303
    (row,) = rows_of(scene)
    assert (row.systolic_mmhg, row.diastolic_mmhg, row.pulse_per_min) == (148, 96, 82)
    assert [float(value or 0) for value in (row.height_cm, row.weight_kg, row.temperature_c)] == [
        165.1,
        62.1,
        37.0,
    ]
    assert (row.recorded_by, row.facility_id, row.note_id) == (scene.user.id, scene.facility.id, None)
    page = author.get(f"/patients/{scene.patient.id}/vitals").text
    assert "High, limit 140/90" in page
    assert "22.8" in page, "the body mass index is reckoned"
    assert "Undo" in page
    assert "Undo" not in author.get(f"/patients/{scene.patient.id}/vitals").text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"systolic": "320/90"}, "From 50 to 300"),
        ({"systolic": "80/120"}, "Must be below the upper pressure"),
        ({"spo2": "ninety"}, "A number, please"),
        ({"temperature": "98.6"}, "In Fahrenheit write 98.6 F"),
        ({"height": "9'40\""}, "Write the height in centimetres"),
        ({}, "Write at least one measurement."),
        ({"pulse": "70", "measured_on": "2999-01-01", "measured_time": "10:00"}, "still to come"),
        ({"pulse": "70", "measured_on": "2020-01-01", "measured_time": "10:00"}, "At most 7 days back"),
        ({"pulse": "70", "measured_time": "25:00"}, "Write the time as 10:18."),
    ],
)
def test_what_cannot_be_is_refused_beside_its_box_and_stays_typed(
    author: FlaskClient, scene: Scene, typed: dict[str, str], words: str
) -> None:
    answer = author.post(f"/patients/{scene.patient.id}/vitals", data=typed)
    assert answer.status_code == 422
    assert words in answer.text.replace("&#39;", "'")
    for value in typed.values():
        assert f'value="{value}"'.replace('"9\'40""', "") in answer.text.replace("&#39;", "'").replace(
            "&#34;", '"'
        )
    assert rows_of(scene) == []


def test_the_same_row_sent_twice_is_one(author: FlaskClient, scene: Scene) -> None:
    for _time in range(3):
        author.post(f"/patients/{scene.patient.id}/vitals", data={"pulse": "72"})
    assert len(rows_of(scene)) == 1


def test_a_correction_is_a_new_row_and_the_old_stays_struck_through(
    author: FlaskClient, scene: Scene
) -> None:
    old = measured(scene, pulse="172").id
    where = f"/patients/{scene.patient.id}/vitals/{old}/correct"
    assert 'value="172"' in author.get(where).text
    assert author.post(where, data={"pulse": "72"}).status_code == 422, "without a reason"
    assert author.post(where, data={"pulse": "72", "reason": "Mistyped"}).status_code == 303
    first, second = rows_of(scene)
    assert (first.pulse_per_min, first.error_reason, first.error_by) == (172, "Mistyped", scene.user.id)
    assert (second.pulse_per_min, second.supersedes_id) == (72, first.id)
    assert second.measured_at == first.measured_at
    page = author.get(f"/patients/{scene.patient.id}/vitals").text
    assert "<s>172</s>" in page
    assert "Entered in error: Mistyped" in page
    assert author.post(where, data={"pulse": "73", "reason": "Again"}).status_code == 404


def test_a_row_can_be_taken_back_for_a_minute_by_who_wrote_it(author: FlaskClient, scene: Scene) -> None:
    row = measured(scene, pulse="72").id
    author.post(f"/patients/{scene.patient.id}/vitals/{row}/undo")
    assert rows_of(scene)[0].error_reason == "Taken back at once"
    late = measured(scene, pulse="75")
    db.session.execute(text("SELECT 1"))
    with unit_of_work() as session:
        session.execute(text("ALTER TABLE vital_signs DISABLE TRIGGER vital_signs_kept"))
        session.execute(
            text(
                "UPDATE vital_signs SET created_at = created_at - interval '2 min', "
                "measured_at = measured_at - interval '2 min' WHERE id = :id"
            ),
            {"id": late.id},
        )
        session.execute(text("ALTER TABLE vital_signs ENABLE TRIGGER vital_signs_kept"))
    author.post(f"/patients/{scene.patient.id}/vitals/{late.id}/undo")
    assert rows_of(scene)[1].error_at is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE vital_signs SET pulse_per_min = 60",
        "UPDATE vital_signs SET measured_at = measured_at - interval '1 day'",
        "UPDATE vital_signs SET pulse_per_min = 60, error_at = now(), error_reason = 'x'",
        "DELETE FROM vital_signs",
        "TRUNCATE vital_signs",
    ],
)
def test_not_even_sql_overwrites_or_removes_a_measurement(
    scene: Scene, session: Session, statement: str
) -> None:
    measured(scene, pulse="72")
    with pytest.raises(IntegrityError):
        session.execute(text(statement))
    session.rollback()
    assert rows_of(scene)[0].pulse_per_min == 72


def test_a_mark_of_error_is_never_taken_off(scene: Scene, session: Session) -> None:
    measured(scene, pulse="72")
    session.execute(text("UPDATE vital_signs SET error_at = now(), error_reason = 'x'"))
    session.commit()
    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE vital_signs SET error_at = NULL, error_reason = NULL"))
    session.rollback()


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        ("pulse_per_min", "300"),
        ("systolic_mmhg, diastolic_mmhg", "90, 120"),
        ("source, pulse_per_min", "'rumour', 70"),
        ("moment, pulse_per_min", "'before', 70"),
        ("note_id", "NULL"),
    ],
)
def test_the_database_keeps_the_limits_too(scene: Scene, session: Session, columns: str, values: str) -> None:
    ids = f"{scene.patient.id}, {scene.facility.id}, now(), now(), {scene.user.id}"
    with pytest.raises(IntegrityError):
        session.execute(text(ROW.format(columns=columns) + f"VALUES ({ids}, {values})"))
    session.rollback()
    later = ids.replace("now(), now()", "now() + interval '1 hour', now()")
    with pytest.raises(IntegrityError, match="not_in_the_future"):
        session.execute(text(ROW.format(columns="pulse_per_min") + f"VALUES ({later}, 70)"))
    session.rollback()


def test_outsiders_and_the_desk_see_no_measurements(scene: Scene, sign_in: SignIn) -> None:
    row = measured(scene, systolic="150", diastolic="95").id
    elsewhere = FacilityFactory()
    outsiders = [
        somebody(scene.facility, Role.RECEPTIONIST),
        somebody(elsewhere, Role.PRACTITIONER),
        somebody(scene.facility, Role.THERAPIST),
    ]
    db.session.commit()
    for user in outsiders:
        client = sign_in(user)
        for path in ("", f"/{row}/correct"):
            assert client.get(f"/patients/{scene.patient.id}/vitals{path}").status_code in (403, 404)
        assert client.post(f"/patients/{scene.patient.id}/vitals", data={"pulse": "70"}).status_code in (
            403,
            404,
        )
    desk = sign_in(outsiders[0])
    page = desk.get(f"/patients/{scene.patient.id}").text
    assert "150/95" not in page
    assert "/vitals" not in page
    assert len(rows_of(scene)) == 1


def test_another_patients_row_is_not_reached_through_ones_own(author: FlaskClient, scene: Scene) -> None:
    other = PatientFactory(facility_id=scene.facility.id)
    db.session.commit()
    row = measured(scene, pulse="72").id
    assert author.get(f"/patients/{other.id}/vitals/{row}/correct").status_code == 404
    strike = author.post(f"/patients/{other.id}/vitals/{row}/strike", data={"reason": "x"})
    assert strike.status_code == 404


def test_what_was_measured_in_a_draft_is_for_its_author_alone(scene: Scene, sign_in: SignIn) -> None:
    note = scene.note()
    with unit_of_work():
        service.save_draft(scene.actor, note, {"before-pulse": ["88"]}, version=note.version)
    colleague = somebody(scene.facility, Role.PRACTITIONER)
    db.session.commit()
    others = actor_of(colleague, Role.PRACTITIONER, facility=scene.facility)
    assert [row.values for row in series_of(scene.actor, scene.patient.id).rows] != []
    assert series_of(others, scene.patient.id).rows == []


def test_flags_of_the_last_day_are_told_until_a_better_one(scene: Scene) -> None:
    with unit_of_work():
        for hours, pressure in ((30, "190/100"), (5, "150/95")):
            when = clock.now() - timedelta(hours=hours)
            record_vitals(scene.actor, scene.patient.id, {"systolic": pressure}, measured_at=when)
    (flag,) = latest_flags(scene.patient.id)
    assert (flag.value, flag.words) == ("150/95", "High, limit 140/90")
    measured(scene, systolic="128/82")
    assert latest_flags(scene.patient.id) == []


def test_two_thousand_measurements_are_one_statement_and_a_page_of_them(
    author: FlaskClient, scene: Scene, session: Session
) -> None:
    session.execute(
        text(
            "INSERT INTO vital_signs "
            "(patient_id, facility_id, measured_at, created_at, recorded_by, pulse_per_min) "
            "SELECT :patient, :facility, now() - n * interval '1 hour', now(), :user, 60 + n % 40 "
            "FROM generate_series(1, 2000) n"
        ),
        {"patient": scene.patient.id, "facility": scene.facility.id, "user": scene.user.id},
    )
    session.commit()
    author.get(f"/patients/{scene.patient.id}/vitals?range=all")
    page = author.get(f"/patients/{scene.patient.id}/vitals?range=all").text
    assert page.count('scope="row"') == 50
    assert page.count("after=") == 1
    assert len(page) < 250_000
    assert session.scalar(select(func.count()).select_from(VitalSigns)) == 2000


@pytest.mark.parametrize("text_typed", ["१२०/८०", "120 / 80", "120-80", "120 80"])
def test_a_pressure_in_one_go_is_two_numbers(app: object, text_typed: str) -> None:
    reading = read_typed({"systolic": text_typed})
    assert {name: int(value) for name, value in reading.values.items()} == {
        "systolic_mmhg": 120,
        "diastolic_mmhg": 80,
    }


def test_a_note_takes_over_what_was_measured_that_day_and_keeps_what_was_typed(
    author: FlaskClient, scene: Scene
) -> None:
    row = measured(scene, systolic="148/96", pulse="82")
    note = scene.note()
    page = author.get(f"/notes/{note.id}").text
    assert "148/96, 82" in page
    data = {"version": version_on(page), "before-pulse": "90", "note-plan": "Rest."}
    assert author.post(f"/notes/{note.id}/vitals/{row.id}", data=data).status_code == 303
    kept = queries.vitals_of(note.id)["before"]
    assert (kept.systolic_mmhg, kept.diastolic_mmhg, kept.pulse_per_min) == (148, 96, 90)
    page = author.get(f"/notes/{note.id}").text
    assert 'value="148"' in page
    assert "Rest." in page
    assert "Take over" not in page


def test_what_a_note_took_over_stands_once_in_the_lines(author: FlaskClient, scene: Scene) -> None:
    row = measured(scene, systolic="148/96")
    note = scene.note()
    version = version_on(author.get(f"/notes/{note.id}").text)
    author.post(f"/notes/{note.id}/vitals/{row.id}", data={"version": version})
    series = series_of(scene.actor, scene.patient.id)
    assert len(series.rows) == 2
    (drawn,) = chart_data(series)
    assert drawn["numbers"] == [[148.0], [96.0]]


def test_what_was_measured_in_a_note_entered_in_error_does_not_count(scene: Scene) -> None:
    note = scene.saved()
    with unit_of_work():
        service.save_draft(scene.actor, note, {"before-systolic": ["190"], **READY}, version=note.version)
    note = queries.get_note(scene.actor, note.id, fresh=True)
    with unit_of_work():
        service.sign(scene.actor, note, version=note.version)
    assert [flag.value for flag in latest_flags(scene.patient.id)] == ["190/–"]
    with unit_of_work() as session:
        session.add(
            NoteRetraction(
                note_id=note.id,
                number=1,
                kind="entered_in_error",
                reason="x",
                author_id=scene.user.id,
                author_name="x",
            )
        )
    assert latest_flags(scene.patient.id) == []
    assert series_of(scene.actor, scene.patient.id).rows == []
