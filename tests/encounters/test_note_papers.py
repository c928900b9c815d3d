"""Papers attached to a note: put on and off while it is a draft, and kept once it is signed."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.files import FolderStore
from clinic.encounters.models import Note, NotePaper
from clinic.records.models import Paper
from tests.encounters.conftest import Scene, SignIn, somebody
from tests.factories import PatientFactory
from tests.records.files import jpeg


@pytest.fixture(autouse=True)
def _own_store(app: Flask, tmp_path: Path) -> Iterator[None]:
    before = app.extensions["files"]
    app.extensions["files"] = FolderStore(tmp_path)
    yield
    app.extensions["files"] = before


def attached() -> list[int]:
    return list(db.session.scalars(select(NotePaper.paper_id)))


def add(author: FlaskClient, note: Note, text: str = "Report", htmx: bool = False):
    data = {"kind": "lab_report", "files": (BytesIO(jpeg(text)), "report.jpg")}
    return author.post(f"/notes/{note.id}/papers", data=data, headers={"HX-Request": "true"} if htmx else {})


def test_new_files_come_into_the_record_and_onto_the_note(scene: Scene, author: FlaskClient) -> None:
    note = scene.note()
    shown = add(author, note, htmx=True)
    assert shown.status_code == 200
    assert "Lab report" in shown.text
    (paper,) = db.session.scalars(select(Paper))
    assert attached() == [paper.id]
    assert f"/papers/{paper.id}" in author.get(f"/notes/{note.id}").text
    author.post(f"/notes/{note.id}/papers/{paper.id}/detach")
    assert attached() == []
    author.post(f"/notes/{note.id}/papers", data={"paper": str(paper.id)})
    assert attached() == [paper.id]
    assert "Choose a paper" in author.post(f"/notes/{note.id}/papers", headers={"HX-Request": "true"}).text


def test_once_signed_nothing_is_attached_or_taken_off_not_even_by_sql(
    scene: Scene, author: FlaskClient
) -> None:
    add(author, scene.note())
    (paper,) = db.session.scalars(select(Paper))
    note_id = scene.signed().id
    assert author.post(f"/notes/{note_id}/papers/{paper.id}/detach").status_code == 303
    add(author, db.session.get_one(Note, note_id), "Another")
    assert attached() == [paper.id]
    assert paper.title in author.get(f"/notes/{note_id}").text
    for change in (
        delete(NotePaper).where(NotePaper.note_id == note_id),
        insert(NotePaper).values(note_id=note_id, paper_id=paper.id),
        delete(Paper).where(Paper.id == paper.id),
    ):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(change)


def test_the_printed_note_names_its_papers(scene: Scene, author: FlaskClient) -> None:
    add(author, scene.note(), "Report of the knee")
    (paper,) = db.session.scalars(select(Paper))
    note_id = scene.signed().id

    def sheet() -> str:
        return author.get(f"/notes/{note_id}/print").text.partition("sheet-papers")[2].partition("</ul>")[0]

    assert paper.title in sheet()
    assert "entered in error" not in sheet()
    author.post(f"/papers/{paper.id}/remove", data={"why": "Somebody else's knee"})
    assert "entered in error" in sheet()


def test_nobody_else_attaches_and_no_paper_of_another_patient_is_attached(
    scene: Scene, author: FlaskClient, sign_in: SignIn
) -> None:
    add(author, scene.note())
    note = scene.note()
    other = sign_in(somebody(scene.facility, Role.PRACTITIONER))
    assert add(other, note, "Other").status_code == 404
    (paper,) = db.session.scalars(select(Paper))
    db.session.execute(delete(NotePaper))
    stranger = PatientFactory(facility_id=scene.facility.id)
    db.session.execute(
        insert(Paper).values(
            {
                **{
                    c.name: getattr(paper, c.name)
                    for c in Paper.__table__.columns
                    if c.name not in ("id", "stem")
                },
                "stem": "papers/xx/x",
                "patient_id": stranger.id,
            }
        )
    )
    db.session.commit()
    foreign = db.session.scalar(select(Paper.id).where(Paper.patient_id == stranger.id))
    author.post(f"/notes/{note.id}/papers", data={"paper": str(foreign)})
    assert attached() == []
