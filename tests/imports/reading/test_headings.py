"""Which row is the heading, and what columns are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports.reading.files import read


def test_titles_above_the_heading_are_passed_over(tmp_path: Path) -> None:
    text = "Prana Ayurveda,,\n\nPatients of 2018,,\nName,Mobile,Note\nAsha,1,x\n"
    shape, lines = read(tmp_path / "file", text)
    assert (shape.header_row, shape.rows) == (4, 1)
    assert (lines[0].number, lines[0].cells) == (5, ("Asha", "1", "x"))


def test_the_row_with_the_most_known_headings_wins(tmp_path: Path) -> None:
    shape, _lines = read(tmp_path / "file", "Name,Mobile,x\nName,Mobile,Age\nAsha,1,2\n")
    assert shape.header_row == 2


def test_one_known_word_does_not_make_a_heading_of_several_columns(tmp_path: Path) -> None:
    shape, _lines = read(tmp_path / "file", "Asha,1\nName,2\nRavi,3\n")
    assert shape.header_row is None


def test_a_first_row_of_words_is_a_heading_even_if_none_is_known(tmp_path: Path) -> None:
    shape, lines = read(tmp_path / "file", "Who,Phone,\nAsha,1,2\n")
    assert (shape.header_row, shape.headings) == (1, ("Who", "Phone", "Column 3"))
    assert lines[0].cells == ("Asha", "1", "2")


def test_without_a_heading_the_first_row_is_a_patient(tmp_path: Path) -> None:
    shape, lines = read(tmp_path / "file", "Asha,9845011723,\nRavi,9845011724,x\n")
    assert (shape.header_row, shape.headings) == (None, ("Column 1", "Column 2", "Column 3"))
    assert [line.number for line in lines] == [1, 2]


@pytest.mark.parametrize(
    ("row", "headings"),
    [
        ("Name,Mobile,Mobile", ("Name", "Mobile", "Mobile (2)")),
        ("Name,Mobile,Mobile,Mobile (2)", ("Name", "Mobile", "Mobile (3)", "Mobile (2)")),
        ("Name,,Mobile", ("Name", "Column 2", "Mobile")),
        ("Name,,Mobile,Column 2", ("Name", "Column 2 (2)", "Mobile", "Column 2")),
        ('" Name\n(full) ",Mobile,Age', ("Name (full)", "Mobile", "Age")),
        ("Name,Mobile,,", ("Name", "Mobile")),
    ],
)
def test_headings_are_unique_and_never_blank(tmp_path: Path, row: str, headings: tuple[str, ...]) -> None:
    shape, _lines = read(tmp_path / "file", f"{row}\nAsha,1\n")
    assert shape.headings == headings


def test_a_heading_alone_is_a_register_without_patients(tmp_path: Path) -> None:
    shape, lines = read(tmp_path / "file", "Name,Mobile\n")
    assert (shape.rows, lines) == (0, [])


def test_hindi_headings_are_known_as_any(tmp_path: Path) -> None:
    shape, _lines = read(tmp_path / "file", "सूची,\nनाम,मोबाइल\nरीता,1\n")
    assert (shape.header_row, shape.headings) == (2, ("नाम", "मोबाइल"))
