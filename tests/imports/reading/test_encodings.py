"""Names arrive as they were written, in whatever encoding."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from tests.imports.reading.files import faults, read, rows

HINDI = "Name,Mobile,Note\nरीता शर्मा,9845011723,ठीक\nJosé Müller,9845011724,“late”\n"
LATIN = "Name,Mobile,Note\nJosé Müller,9845011724,“late”\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (HINDI.encode(), "utf-8"),
        (codecs.BOM_UTF8 + HINDI.encode(), "utf-8"),
        (codecs.BOM_UTF16_LE + HINDI.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + HINDI.encode("utf-16-be"), "utf-16-be"),
        (HINDI.encode("utf-16-le"), "utf-16-le"),
        (HINDI.encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_hindi_names_are_read_in_every_unicode_encoding(
    tmp_path: Path, content: bytes, encoding: str
) -> None:
    shape, lines = read(tmp_path / "file", content)
    assert shape.encoding == encoding
    assert shape.headings == ("Name", "Mobile", "Note")
    assert [line.cells[0] for line in lines] == ["रीता शर्मा", "José Müller"]
    assert [line.cells[2] for line in lines] == ["ठीक", "“late”"]


def test_text_that_is_not_utf_8_is_read_as_windows_1252(tmp_path: Path) -> None:
    shape, lines = read(tmp_path / "file", LATIN.encode("windows-1252"))
    assert shape.encoding == "windows-1252"
    assert lines[0].cells == ("José Müller", "9845011724", "“late”")


def test_a_late_broken_character_decides_as_well_as_an_early_one(tmp_path: Path) -> None:
    content = b"Name,Mobile\n" + b"Asha,9845011723\n" * 70_000 + "José,1\n".encode("windows-1252")
    shape, lines = read(tmp_path / "file", content)
    assert (shape.encoding, lines[-1].cells[0], lines[-1].fault) == ("windows-1252", "José", None)


def test_a_few_broken_bytes_do_not_turn_hindi_names_into_nonsense(tmp_path: Path) -> None:
    content = HINDI.encode() * 20 + b"Ren\xe9e,9845011725,\n" * 2
    shape, lines = read(tmp_path / "file", content)
    assert shape.encoding == "utf-8"
    assert lines[0].cells[0] == "रीता शर्मा"
    assert (lines[-1].cells[0], lines[-1].fault) == ("Ren\ufffde", "unreadable")
    assert [line.number for line in lines if line.fault] == [61, 62]


def test_a_file_cut_inside_a_character_marks_its_last_line(tmp_path: Path) -> None:
    content = HINDI.encode() + "रीता,9845011723,ठी".encode()[:-1]
    assert faults(tmp_path / "file", content) == {4: "unreadable"}


def test_bytes_that_windows_1252_does_not_have_mark_their_line(tmp_path: Path) -> None:
    content = b"Name,Mobile\nJos\xe9,1\nAs\x81ha,2\nRen\xe9,3\n"
    assert faults(tmp_path / "file", content) == {3: "unreadable"}


def test_half_a_surrogate_in_utf_16_marks_its_line(tmp_path: Path) -> None:
    content = "\ufeffName,Mobile\nAsha,1\n".encode("utf-16-le") + b"\x00\xd8" + ",2\n".encode("utf-16-le")
    assert faults(tmp_path / "file", content) == {3: "unreadable"}


def test_nuls_are_left_out(tmp_path: Path) -> None:
    assert rows(tmp_path / "file", b"Name,Mobile\nAs\0ha,98\x00450\n\0\0,\0\n") == [("Asha", "98450")]


def test_a_byte_order_mark_before_a_quoted_heading_is_no_part_of_it(tmp_path: Path) -> None:
    shape, _lines = read(tmp_path / "file", codecs.BOM_UTF8 + b'"Name","Mobile"\n"Asha","1"\n')
    assert shape.headings == ("Name", "Mobile")
