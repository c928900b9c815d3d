"""Content decides what a file is, and what it is not is said in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinic.imports.reading import MOST_BYTES, look
from tests.imports.reading.files import is_known, refusal, repacked, rows, workbook

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
NOTHING = b"PK\x05\x06" + b"\0" * 18
PATIENTS = workbook(("Patients", [["Name", "Mobile"], ["Asha", "9845011723"]]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "empty"),
        (b"\0" * 4096, "empty"),
        (b",,,\n,,,\n", "empty"),
        (OLE + "Workbook".encode("utf-16-le"), "old Excel file (.xls)"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
        (OLE + "WordDocument".encode("utf-16-le"), "Word"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "picture"),
        (b"\0\0\0\x18ftypheic", "picture"),
        (b"BM\x36\x10\0\0\0\0\0\0\x36", "picture"),
        (b"\x1f\x8b\x08\0", "packed"),
        (b"<!DOCTYPE html><table><tr><td>Name</td></tr></table>", "web page"),
        ("\ufeff<html><body>".encode("utf-16-le"), "web page"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "web page"),
        (b'{"resourceType": "Bundle"}', "JSON"),
        (b"{\\rtf1\\ansi Name}", "Word"),
        (bytes(range(32)) * 40, "no table"),
        (NOTHING, "ZIP"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (PATIENTS[: len(PATIENTS) // 2], "damaged"),
    ],
)
def test_what_is_no_register_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refusal(tmp_path / "file", content)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("xl/workbook.bin", ".xlsb"),
        ("word/document.xml", "Word"),
        ("notes/readme.txt", "ZIP"),
    ],
)
def test_other_packages_are_told_apart(tmp_path: Path, part: str, words: str) -> None:
    assert words in refusal(tmp_path / "file", repacked(NOTHING, {part: b"", "a.xml": b"<a/>"}))


def test_an_opendocument_sheet_is_named(tmp_path: Path) -> None:
    parts = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}
    assert "OpenDocument" in refusal(tmp_path / "file", repacked(NOTHING, parts))


def test_a_web_page_named_like_an_excel_file_is_called_that(tmp_path: Path) -> None:
    assert "named like an Excel file" in refusal(tmp_path / "file", "<table>", name="Register.XLS")


def test_a_workbook_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    assert rows(tmp_path / "register.csv", PATIENTS) == [("Asha", "9845011723")]


def test_a_file_beyond_the_limit_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(Exception, match="larger than 50 MB"):
        look(path, name="register.csv", known=is_known)
