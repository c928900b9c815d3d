"""Papers that a patient sends along with a booking."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.core.db import db
from clinic.core.files import FolderStore
from clinic.records.models import Paper, PendingUpload
from clinic.scheduling.models import Appointment, AppointmentPaper
from tests.factories import UserFactory
from tests.portal.conftest import Clinic
from tests.records.files import jpeg, pdf


@pytest.fixture(autouse=True)
def _own_store(app: Flask, tmp_path: Path) -> Iterator[None]:
    before = app.extensions["files"]
    app.extensions["files"] = FolderStore(tmp_path)
    yield
    app.extensions["files"] = before


def form(clinic: Clinic, **fields: object) -> dict[str, object]:
    return {"slot": clinic.slot(clinic.at(2)), "patient": clinic.mother.id, "submission_key": "k", **fields}


def choose(home: FlaskClient, name: str, content: bytes, key: str = "k"):
    data = {"submission_key": key, "papers_kind": "lab_report", "paper_files": (BytesIO(content), name)}
    return home.post("/portal/book/papers", data=data)


def test_a_chosen_file_waits_and_comes_with_the_booking(clinic: Clinic, home: FlaskClient) -> None:
    said = choose(home, "blood.pdf", pdf())
    assert said.status_code == 200
    assert "blood.pdf" in said.text
    answer = home.post(f"/portal/book/{clinic.service.id}", data=form(clinic, papers="1"))
    assert answer.status_code == 303
    (paper,) = db.session.scalars(select(Paper))
    (link,) = db.session.scalars(select(AppointmentPaper))
    assert (paper.source, paper.patient_id, link.paper_id) == ("booking", clinic.mother.id, paper.id)
    assert home.get(f"/portal/papers/{paper.id}").status_code == 200


def test_without_scripts_the_files_come_with_the_form_and_stay_on_another_day(
    clinic: Clinic, home: FlaskClient
) -> None:
    url = f"/portal/book/{clinic.service.id}"
    refused = home.post(
        url, data=form(clinic, paper_files=[(BytesIO(b"x"), "x.jpg"), (BytesIO(jpeg()), "y.jpg")])
    )
    assert refused.status_code == 422
    assert "x.jpg" in refused.text
    assert "form=k" in refused.text
    assert "y.jpg" in home.get(f"{url}?form=k").text
    assert list(db.session.scalars(select(Appointment))) == []
    assert home.post(url, data=form(clinic, papers="1")).status_code == 303
    assert len(list(db.session.scalars(select(Paper)))) == 1


def test_one_sees_and_drops_only_ones_own_choice(clinic: Clinic, home: FlaskClient) -> None:
    choose(home, "mine.jpg", jpeg())
    (row,) = db.session.scalars(select(PendingUpload))
    row.user_id = UserFactory().id
    db.session.commit()
    url = f"/portal/book/{clinic.service.id}"
    assert "mine.jpg" not in home.get(f"{url}?form=k").text
    home.post(url, data=form(clinic, drop_paper=str(row.id)))
    assert len(list(db.session.scalars(select(PendingUpload)))) == 1
