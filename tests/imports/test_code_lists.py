"""Code lists brought in: good ones, broken ones, the same one twice; by page and by command."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import Workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db
from clinic.encounters.models import Code, CodeSystem, CodeWord
from clinic.imports.code_lists import guess_columns, read_codes
from clinic.imports.models import CodeUpload
from tests.factories import UserFactory, grant

GOOD = "Code,Name,Hindi,Synonyms\nE11,Type 2 diabetes,मधुमेह,NIDDM\nM54.5,Low back pain,कमर दर्द,\n"
BROKEN = (
    "Sr No,NAMC Code,NAMC term,English Name\n"
    "1,AAA-1,vātavyādhi,Vata disorder\n"
    "2,not a code,x,Something\n"
    "3,AAA-1,again,Twice\n"
    "4,AAB-2.1,,\n"
    "5,,x,No code\n"
    "6,aab-3.1,amavata,Amavata\n"
)


@pytest.fixture
def admin(sign_in: Callable[..., FlaskClient], session: Session) -> FlaskClient:
    user = grant(UserFactory(), Role.ADMIN)
    session.commit()
    return sign_in(user)


def send(
    client: FlaskClient, data: bytes | str, *, system: str = "icd10", name: str = "list.csv", **more: str
):  # type: ignore[no-untyped-def]
    content = data.encode() if isinstance(data, str) else data
    form = {"system": system, "licence": "WHO, licence no. 1", "list_version": "2019", **more}
    return client.post(
        "/settings/code-lists/",
        data={**form, "file": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
    )


def agree(client: FlaskClient, location: str, **more: str) -> None:
    page = client.get(location).text
    columns = re.findall(r'type="hidden" name="column" value="([^"]*)"', page)
    form = {"column": columns, "whole": "1"} if "part" not in more else {"column": columns}
    assert client.post(location, data=form).status_code == 303


def codes(system: str = "icd10") -> dict[str, tuple[str, bool]]:
    db.session.expire_all()
    return {
        row.code: (row.display, row.active)
        for row in db.session.scalars(select(Code).where(Code.system == system))
    }


def test_a_list_is_looked_at_and_then_comes_in(admin: FlaskClient) -> None:
    answer = send(admin, GOOD)
    assert answer.status_code == 303
    preview = admin.get(answer.location).text
    for words in ("Type 2 diabetes", "मधुमेह", "Bring in 2 codes"):
        assert words in preview
    assert codes() == {}
    agree(admin, answer.location)
    assert codes() == {"E11": ("Type 2 diabetes", True), "M54.5": ("Low back pain", True)}
    system = db.session.get_one(CodeSystem, "icd10")
    assert (system.list_version, system.licence) == ("2019", "WHO, licence no. 1")
    assert db.session.scalars(select(CodeUpload)).all() == []
    assert "WHO, licence no. 1" in admin.get("/settings/code-lists/").text
    assert (
        db.session.scalar(select(AuditEvent.detail).where(AuditEvent.action == "codes.imported"))["new"] == 2
    )


def test_the_second_time_nothing_is_added_twice_and_what_is_gone_is_retired(admin: FlaskClient) -> None:
    agree(admin, send(admin, GOOD).location)
    agree(admin, send(admin, GOOD).location)
    assert len(codes()) == 2
    newer = "Code,Name\nE11,Diabetes type 2\nJ45,Asthma\n"
    preview = admin.get(answer := send(admin, newer).location).text
    counts = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", preview)
    assert dict(counts) | {"New": "1", "Changed": "1", "Retired": "1"} == dict(counts)
    agree(admin, answer)
    assert codes() == {
        "E11": ("Diabetes type 2", True),
        "M54.5": ("Low back pain", False),
        "J45": ("Asthma", True),
    }
    assert "back" not in set(db.session.scalars(select(CodeWord.word)))
    agree(admin, send(admin, GOOD).location, part="1")
    assert codes()["M54.5"] == ("Low back pain", True)
    assert codes()["J45"] == ("Asthma", True)


def test_refused_lines_are_named_with_their_reason_and_the_rest_comes_in(admin: FlaskClient) -> None:
    answer = send(admin, BROKEN, system="namaste")
    preview = admin.get(answer.location).text
    for words in (
        "they look like A-1, AAA-2.1",
        "This code stands further up already.",
        "There is no name.",
        "There is no code.",
    ):
        assert words in preview
    agree(admin, answer.location)
    assert codes("namaste") == {"AAA-1": ("Vata disorder", True), "AAB-3.1": ("Amavata", True)}


def test_a_refused_line_retires_nothing(admin: FlaskClient) -> None:
    agree(admin, send(admin, GOOD).location)
    agree(admin, send(admin, "Code,Name\nE11,\nM54.5,Low back pain\n").location)
    assert codes()["E11"] == ("Type 2 diabetes", True)


def test_a_workbook_is_read_too(admin: FlaskClient) -> None:
    book = Workbook()
    assert book.active is not None
    for line in (("SK00", "Wind pattern"), ("SP9Z", "Other pattern"), ("SA00", "No TM2")):
        book.active.append(line)
    file = io.BytesIO()
    book.save(file)
    answer = send(admin, file.getvalue(), system="tm2", name="tm2.xlsx")
    agree(admin, answer.location)
    assert set(codes("tm2")) == {"SK00", "SP9Z"}


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"PK\x03\x04broken", b"\xff\xfe"])
def test_what_is_no_list_is_refused_beside_the_file(data: bytes, admin: FlaskClient) -> None:
    answer = send(admin, data)
    assert answer.status_code == 422
    assert "file-error" in answer.text or "error-summary" in answer.text
    assert db.session.scalars(select(CodeUpload)).all() == []


def test_a_list_without_a_licence_is_not_taken(admin: FlaskClient) -> None:
    answer = send(admin, GOOD, licence=" ")
    assert answer.status_code == 422
    assert "licence-error" in answer.text
    assert send(admin, "Code,Name\nX1,Own words\n", system="own", licence="").status_code == 303


def test_columns_nobody_can_guess_are_asked_for(admin: FlaskClient) -> None:
    location = send(admin, "Alpha,Beta\nfoo,bar\n", system="own", licence="").location
    assert "Which column holds the codes" in admin.get(location).text
    assert admin.post(location, data={"column": ["", ""]}).status_code == 422
    mapped = admin.get(f"{location}?column=code&column=display&whole=1").text
    assert "Bring in 1 codes" in mapped
    admin.post(location, data={"column": ["code", "display"], "whole": "1"})
    assert codes("own") == {"foo": ("bar", True)}


def test_a_file_can_be_let_go(admin: FlaskClient) -> None:
    location = send(admin, GOOD).location
    admin.post(f"{location}/discard")
    assert admin.get(location).status_code == 404
    assert codes() == {}


def test_lists_are_an_administrators(sign_in: Callable[..., FlaskClient], session: Session) -> None:
    for role in (Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.RECEPTIONIST):
        user = grant(UserFactory(), role)
        session.commit()
        client = sign_in(user)
        assert client.get("/settings/code-lists/").status_code == 403
        assert send(client, GOOD).status_code == 403


def test_codes_without_a_heading_are_known_by_their_shape() -> None:
    sample = [["1", "E11", "Type 2 diabetes"], ["2", "M54.5", "Low back pain"]]
    assert guess_columns(("Column 1", "Column 2", "Column 3"), sample, "icd10") == ("", "code", "display")


@pytest.mark.parametrize(
    ("system", "code", "fits"),
    [
        ("icd10", "A00", True), ("icd10", "A00.12", True), ("icd10", "A00.123", False),
        ("icd10", "A0", False),
        ("namaste", "AAA-1.2.3", True), ("namaste", "ABCDE-1", False), ("namaste", "AAA-", False),
        ("tm2", "SK0Z", True), ("tm2", "SU00", False), ("tm2", "SK00.1", False),
    ],
)  # fmt: skip
def test_shapes_of_codes(system: str, code: str, fits: bool) -> None:
    found = read_codes(f"Code,Name\n{code},Name\n".encode(), name="a.csv", system=system)
    assert bool(found.lines) is fits


def test_the_command_does_the_same(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text(BROKEN, encoding="utf-8")
    run = app.test_cli_runner().invoke
    dry = run(args=["import-codes", "namaste", str(file), "--licence", "Test", "--dry-run"])
    assert "2 new, 0 changed, 0 as they were, 0 retired, 4 refused." in dry.output
    assert codes("namaste") == {}
    done = run(args=["import-codes", "namaste", str(file), "--licence", "Test"])
    assert done.exit_code == 0
    assert len(codes("namaste")) == 2
    refused = run(args=["import-codes", "namaste", str(file)])
    assert refused.exit_code == 1
    assert "licence" in refused.output
