"""What may be sent as a file, and what is said where it may not."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from clinic.core.db import db
from clinic.imports import service
from clinic.imports.models import Import, ImportState
from clinic.imports.reading import MOST_BYTES
from tests.imports.conftest import Clinic
from tests.imports.pages.browser import HTMX, REGISTER, Send, post_file, press, text_of
from tests.imports.reading.files import workbook


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["without scripts", "with"])
def test_no_file_and_an_empty_one_are_said_beside_the_field(
    desk: FlaskClient, headers: dict[str, str]
) -> None:
    nothing = desk.post("/imports", data={"kind": "patients"}, headers=headers)
    assert nothing.status_code == 422
    assert "Choose a file." in nothing.text
    assert 'id="file-error"' in nothing.text
    empty = desk.post(
        "/imports", data={"kind": "patients", "file": (io.BytesIO(b""), "empty.csv")}, headers=headers
    )
    assert (empty.status_code, "The file is empty." in empty.text) == (422, True)
    assert 'aria-describedby="file-hint file-error"' in empty.text


@pytest.mark.parametrize("kind", ["", "cars", "practitioners\x00"])
def test_a_list_that_does_not_exist_is_not_taken(desk: FlaskClient, kind: str) -> None:
    answer = post_file(desk, REGISTER.encode(), kind=kind)
    assert answer.status_code == 422
    assert db.session.scalar(select(func.count()).select_from(Import)) == 0


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "register.csv", "This is a PDF."),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "register.xlsx", "This is a picture."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "register.xls",
            "This is an old Excel file (.xls).",
        ),
        (b" \n \n", "register.csv", "This file is empty."),
    ],
)
def test_a_file_that_is_no_table_is_named_and_what_to_do_is_said(
    desk: FlaskClient, send: Send, content: bytes, name: str, sentence: str
) -> None:
    import_id = send(content, name=name)
    shown = desk.get(f"/imports/{import_id}")
    assert shown.status_code == 200
    assert sentence in text_of(shown)
    assert "This file could not be read" in text_of(shown)
    assert "Choose another file" in text_of(shown)


def test_a_sheet_that_is_not_there_is_not_read(desk: FlaskClient, send: Send, clinic: Clinic) -> None:
    book = workbook(
        ("Notes", [["a", "b"], ["c", "d"]]),
        ("Register", [["Name", "Mobile"], ["Kusum Lokhande", "9822055001"]]),
    )
    import_id = send(book, name="register.xlsx")
    answer = desk.post(f"/imports/{import_id}/sheet", data={"sheet": "Third"})
    assert answer.status_code == 422
    assert "There is no such sheet." in text_of(answer)
    press(desk, import_id, "sheet", sheet="Register")
    service.carry_on(import_id)
    assert (clinic.row(import_id).shape or {})["sheet"] == "Register"
    press(desk, import_id, "sheet", sheet="Notes")
    service.carry_on(import_id)
    assert (clinic.row(import_id).shape or {})["sheet"] == "Notes"


def test_a_file_above_the_limit_of_forms_is_taken(desk: FlaskClient, send: Send, clinic: Clinic) -> None:
    line = b"Kusum Lokhande,9822055001," + b"x" * 4_000 + b"\n"
    content = b"Name,Mobile,Remarks\n" + line * (11 * 1024 * 1024 // len(line) + 1)
    assert len(content) > 11 * 1024 * 1024
    import_id = send(content)
    assert clinic.row(import_id).state == ImportState.MAPPING
    assert clinic.row(import_id).total == content.count(b"\n") - 1


@pytest.mark.parametrize(("size", "status"), [(MOST_BYTES + 1, 422), (MOST_BYTES + 3 * 1024 * 1024, 413)])
def test_a_file_above_its_own_limit_is_answered_with_a_sentence(
    desk: FlaskClient, size: int, status: int
) -> None:
    answer = post_file(desk, b"x" * size)
    assert answer.status_code == status
    assert "50 MB" in text_of(answer)
    assert "10 MB" not in text_of(answer)
    assert db.session.scalar(select(func.count()).select_from(Import)) == 0
