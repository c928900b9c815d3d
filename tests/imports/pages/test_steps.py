"""Bringing in a file over its pages: every step, with scripts and without."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.db import db
from clinic.imports import service
from clinic.imports.models import SILENT, ImportState
from clinic.patients.models import Patient
from tests.factories import (
    PatientFactory,
)
from tests.imports.conftest import Clinic
from tests.imports.pages.browser import HTMX, REGISTER, Send, columns, post_file, press, state, text_of
from tests.notifications.providers import closed_port


def test_a_register_comes_in_and_goes_out_again_without_scripts(
    desk: FlaskClient, clinic: Clinic, send: Send
) -> None:
    import_id = send()
    page = f"/imports/{import_id}"
    shown = desk.get(page)
    assert "Say what each column is" in text_of(shown)
    assert "Kusum Lokhande" in text_of(shown), "some cells of each column stand beside it"
    press(desk, import_id, "columns", **columns(clinic.row(import_id)))
    assert "Looking at every line" in text_of(desk.get(page))
    service.carry_on(import_id)
    assert "1 line can come in" in text_of(desk.get(page))
    assert "There is no such day in the calendar." in text_of(desk.get(page))

    answer = desk.post(f"{page}/lines/3", data={"cell-birth": "28/02/1980", "show": "refused"})
    assert (answer.status_code, answer.location) == (303, f"{page}?show=refused&after=2")
    assert "2 lines can come in" in text_of(desk.get(page))
    answer = desk.post(f"{page}/lines/4", data={"decision": "add"})
    assert answer.status_code == 303
    press(desk, import_id, "leave-out", field="postal_code")
    service.carry_on(import_id)
    assert "4 lines can come in" in text_of(desk.get(page))
    press(desk, import_id, "leave-out", field="postal_code", leave="no")
    service.carry_on(import_id)

    press(desk, import_id, "commit")
    assert "Bringing in" in text_of(desk.get(page))
    service.carry_on(import_id)
    assert "3 lines are in" in text_of(desk.get(page))
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 3
    rest = desk.get(f"{page}/refused.csv")
    assert rest.headers["Content-Disposition"].startswith("attachment")
    assert rest.headers["Cache-Control"] == "no-store"
    [_headings, line] = csv.reader(io.StringIO(rest.data.decode("utf-8-sig")))
    assert line == ["4", "Sopan Jadhav", "33", "9822055004", "5600",
                    "PIN code: A PIN code has 6 digits, the first is not 0."]  # fmt: skip
    press(desk, import_id, "undo")
    service.carry_on(import_id)
    assert "Taken back. Everything is as it was before." in text_of(desk.get(page))
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 0
    press(desk, import_id, "go-on")
    service.carry_on(import_id)
    press(desk, import_id, "stop")
    assert state(import_id) == ImportState.CANCELLED
    assert "Put aside" in text_of(desk.get(page))
    press(desk, import_id, "go-on")
    service.carry_on(import_id)
    assert "3 lines can come in" in text_of(desk.get(page)), "what was mended and decided is still so"


def test_every_step_is_a_page_and_a_part_of_it(desk: FlaskClient, clinic: Clinic, send: Send) -> None:
    import_id = send()
    for _step in range(3):
        for headers in ({}, HTMX):
            answer = desk.get(f"/imports/{import_id}", headers=headers)
            assert answer.status_code == 200
            assert ("<html" in answer.text) == (not headers)
            assert 'id="import"' in answer.text
        if state(import_id) == ImportState.MAPPING:
            press(desk, import_id, "columns", **columns(clinic.row(import_id)))
        service.carry_on(import_id)


def test_with_scripts_a_mended_line_comes_back_alone_with_the_sums(desk: FlaskClient, preview: Send) -> None:
    import_id = preview()
    answer = desk.post(
        f"/imports/{import_id}/lines/3", data={"cell-birth": "28/02/1980", "show": "all"}, headers=HTMX
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert answer.text.count('id="line-') == 1
    assert 'id="import-summary"' in answer.text
    assert "2 lines can come in" in text_of(answer)
    again = desk.post(f"/imports/{import_id}/lines/3", data={"cell-birth": "99/99/1980"}, headers=HTMX)
    assert "There is no such day in the calendar." in text_of(again)
    assert 'value="99/99/1980"' in again.text, "what was typed stays"


def test_all_that_wait_are_decided_at_once(desk: FlaskClient, preview: Send, clinic: Clinic) -> None:
    import_id = preview()
    press(desk, import_id, "decide", decision="leave")
    assert clinic.line(import_id, 4).decision == "leave"
    assert "none waits for you" in text_of(desk.get(f"/imports/{import_id}"))


def test_an_import_stays_where_somebody_worked_on_a_record(
    desk: FlaskClient, preview: Send, session: Session
) -> None:
    import_id = preview()
    press(desk, import_id, "commit")
    service.carry_on(import_id)
    kusum = session.scalars(select(Patient).where(Patient.name == "Kusum Lokhande")).one()
    kusum.version += 1
    session.commit()
    answer = desk.post(f"/imports/{import_id}/undo")
    assert answer.status_code == 409
    assert "This import stays" in text_of(answer)
    assert f"/patients/{kusum.id}" in answer.text
    assert state(import_id) == ImportState.DONE


def test_without_the_queue_a_file_is_taken_and_its_page_says_that_it_waits(
    desk: FlaskClient, app: Flask, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = redis.Redis(host="127.0.0.1", port=closed_port(), retry=None)
    monkeypatch.setitem(app.extensions, "redis", away)
    monkeypatch.setitem(app.extensions, "queue_left_alone_until", 0.0)
    answer = post_file(desk, REGISTER.encode())
    assert answer.status_code == 303
    import_id = int(answer.location.rsplit("/", 1)[1])
    assert "It waits for its turn" not in text_of(desk.get(f"/imports/{import_id}"))
    clinic.row(import_id).beat_at = clock.now() - SILENT * 2
    db.session.commit()
    assert "It waits for its turn and goes on by itself." in text_of(desk.get(f"/imports/{import_id}"))
    service.carry_on(import_id)
    press(desk, import_id, "columns", **columns(clinic.row(import_id)))
    service.carry_on(import_id)
    assert "1 line can come in" in text_of(desk.get(f"/imports/{import_id}"))


def test_the_preview_takes_as_many_statements_for_25_lines_as_for_5(
    desk: FlaskClient, preview: Send, count_statements: Callable[[], list[str]]
) -> None:
    counts = {}
    for lines in (5, 25):
        rows = [f"Person{n} Family{n},{9_800_000_000 + n * 7},5{n % 2}" for n in range(lines - 3)]
        rows += ["PERSON0 Family0,9800000000,50", "Person1 Family1,9800000007,", "Kusum,12,50"]
        import_id = preview("\n".join(["Name,Mobile,Age", *rows]))
        for show in ("all", "duplicate"):
            desk.get(f"/imports/{import_id}?show={show}")
            db.session.expunge_all()
            count_statements()
            desk.get(f"/imports/{import_id}?show={show}")
            counts[lines, show] = len(count_statements())
    assert counts[5, "all"] == counts[25, "all"]
    assert counts[5, "duplicate"] == counts[25, "duplicate"]
    assert max(counts.values()) <= 12, counts
    assert "Same person: fill in" in text_of(desk.get(f"/imports/{import_id}?show=duplicate"))


def test_audit_and_log_name_lines_by_number_and_nobody_by_name(
    desk: FlaskClient, clinic: Clinic, preview: Send, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    known = PatientFactory(facility_id=clinic.facility.id, name="Kusum Lokhande", mobile="+919822055001")
    session.commit()
    known_id = known.id
    import_id = preview()
    desk.post(f"/imports/{import_id}/lines/3", data={"cell-birth": "28/02/1980"})
    desk.post(f"/imports/{import_id}/decide", data={"decision": "fill"})
    desk.get(f"/imports/{import_id}")
    press(desk, import_id, "commit")
    service.carry_on(import_id)
    desk.get(f"/imports/{import_id}/refused.csv")
    press(desk, import_id, "undo")
    service.carry_on(import_id)
    events = session.scalars(select(AuditEvent).where(AuditEvent.subject_type == "import")).all()
    assert {event.action for event in events} == {
        "import.received", "import.mapped", "import.viewed", "import.line_mended", "import.lines_decided",
        "import.started", "import.brought_in", "import.refused_taken", "import.undo_started",
        "import.taken_back",
    }  # fmt: skip
    viewed = next(event for event in events if event.action == "import.viewed")
    assert viewed.detail == {"kind": "patients", "ids": [known_id]}
    told = repr([event.detail for event in session.scalars(select(AuditEvent))]) + "".join(
        capsys.readouterr()
    )
    for word in ("Kusum", "Mira", "98220", "1980", "411001", "register.csv"):
        assert word not in told, word
