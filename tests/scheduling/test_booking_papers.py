"""Papers that come with a booking: in the record with the visit, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.files import FolderStore, Store
from clinic.records import keeping, sweep
from clinic.records.models import Paper, PendingUpload
from clinic.records.uploads import look_at
from clinic.scheduling.models import Appointment, AppointmentPaper
from clinic.scheduling.service import book
from tests.factories import UserFactory, grant, practitioner_at
from tests.records.files import jpeg, pdf, png
from tests.scheduling.conftest import Clinic
from tests.scheduling.test_booking_pages import filled


@pytest.fixture(autouse=True)
def store(app: Flask, tmp_path: Path) -> Iterator[Store]:
    before = app.extensions["files"]
    app.extensions["files"] = FolderStore(tmp_path)
    yield app.extensions["files"]
    app.extensions["files"] = before


def send(desk: FlaskClient, clinic: Clinic, *files: tuple[str, bytes], **changes: str):
    data = {**filled(clinic, **changes), "paper_files": [(BytesIO(data), name) for name, data in files]}
    return desk.post("/appointments/new", data=data)


def rows(model: type) -> list:  # type: ignore[type-arg]
    return list(db.session.scalars(select(model)))


def test_files_sent_with_the_booking_are_in_the_record_and_at_the_visit(
    clinic: Clinic, desk: FlaskClient
) -> None:
    answer = send(desk, clinic, ("a.pdf", pdf()), ("b.png", png()), papers_kind="prescription")
    (visit,) = rows(Appointment)
    assert answer.status_code == 303
    assert {paper.kind for paper in rows(Paper)} == {"prescription"}
    assert {paper.source for paper in rows(Paper)} == {"booking"}
    assert [link.appointment_id for link in rows(AppointmentPaper)] == [visit.id, visit.id]
    assert rows(PendingUpload) == []
    assert "Prescription" in desk.get(f"/appointments/{visit.reference}").text


def test_a_taken_slot_keeps_the_files_for_the_next_try(clinic: Clinic, desk: FlaskClient) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    db.session.commit()
    taken = send(desk, clinic, ("letter.pdf", pdf()))
    assert taken.status_code == 409
    assert "letter.pdf" in taken.text
    assert rows(Paper) == []
    count = re.search(r'name="papers" value="(\d)"', taken.text)
    assert count
    other = re.search(r'name="slot" value="([^"]+)"', taken.text.split("callout-danger", 1)[1])
    assert other
    assert (
        desk.post("/appointments/new", data=filled(clinic, slot=other[1], papers=count[1])).status_code == 303
    )
    assert [paper.file_name for paper in rows(Paper)] == ["letter.pdf"]


def test_a_file_that_is_refused_is_named_and_nothing_is_booked(clinic: Clinic, desk: FlaskClient) -> None:
    answer = send(desk, clinic, ("good.jpg", jpeg()), ("bad.jpg", b"<svg/>"))
    assert answer.status_code == 422
    assert "bad.jpg" in answer.text
    assert "good.jpg" in answer.text
    assert "Back pain since Diwali" in answer.text
    assert rows(Appointment) == []
    six = send(desk, clinic, *[(f"{n}.jpg", jpeg(str(n))) for n in range(6)], submission_key="form-2")
    assert "at most 5 files" in six.text
    assert len([row for row in rows(PendingUpload) if row.form_key == "form-2"]) == 5


def test_a_chosen_file_is_taken_away_again(clinic: Clinic, desk: FlaskClient, store: Store) -> None:
    send(desk, clinic, ("a.jpg", jpeg()), action="look")
    (row,) = rows(PendingUpload)
    answer = desk.post("/appointments/new", data=filled(clinic, papers="1", drop_paper=str(row.id)))
    assert answer.status_code == 200
    assert rows(PendingUpload) == rows(Appointment) == []
    assert list(store.keys()) == []


def test_when_the_booking_fails_at_its_end_nothing_of_it_is_there(
    clinic: Clinic, desk: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    send(desk, clinic, ("a.jpg", jpeg()), action="look", slot="")

    def crash(*_anything: object) -> None:
        raise RuntimeError("the process dies here")

    monkeypatch.setattr("clinic.scheduling.service.papers.attach", crash)
    assert desk.post("/appointments/new", data=filled(clinic, papers="1")).status_code == 500
    assert rows(Appointment) == rows(Paper) == []
    assert len(rows(PendingUpload)) == 1
    assert sweep.let_go_of_pending() == 0
    with time_machine.travel(clock.now() + timedelta(minutes=61), tick=False):
        assert sweep.let_go_of_pending() == 1
    assert list(store.keys()) == []


def test_a_process_that_dies_before_the_row_leaves_a_file_for_the_sweep(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), keeping.put([(look_at("a.jpg", jpeg()), "clean")]):
        raise KeyboardInterrupt
    assert list(store.keys()) == []  # an error takes it out again; a kill cannot
    store.put("papers/ab/cdef/original.jpg", jpeg(), content_type="image/jpeg")
    assert [kept.key for kept in sweep.orphans()] == ["papers/ab/cdef/original.jpg"]
    assert sweep.let_go_of_orphans() == 0
    with time_machine.travel(clock.now() + timedelta(minutes=61), tick=False):
        assert sweep.let_go_of_orphans() == 1
    assert list(store.keys()) == []


def test_the_same_form_sent_twice_adds_its_files_once(clinic: Clinic, desk: FlaskClient) -> None:
    first = send(desk, clinic, ("a.jpg", jpeg()))
    second = desk.post("/appointments/new", data=filled(clinic, papers="1"))
    assert first.location == second.location
    assert len(rows(Paper)) == len(rows(AppointmentPaper)) == 1


def test_a_therapist_sees_what_came_with_their_own_session_and_nothing_else(
    clinic: Clinic, desk: FlaskClient, sign_in: Callable[..., FlaskClient]
) -> None:
    user = grant(UserFactory(name="Latha"), Role.THERAPIST, facility=clinic.facility)
    other = grant(UserFactory(name="Suresh"), Role.THERAPIST, facility=clinic.facility)
    practitioner_at(clinic.facility, other)
    clinic.vaidya.user_id = user.id
    db.session.commit()
    send(desk, clinic, ("a.jpg", jpeg()))
    (paper,) = rows(Paper)
    assert sign_in(user).get(f"/papers/{paper.id}/file").status_code == 200
    assert sign_in(other).get(f"/papers/{paper.id}/file").status_code == 404


def test_booking_without_files_asks_nothing_about_them(
    clinic: Clinic, desk: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    count_statements()
    assert desk.post("/appointments/new", data=filled(clinic)).status_code == 303
    assert not [
        statement for statement in count_statements() if "papers" in statement or "uploads" in statement
    ]
