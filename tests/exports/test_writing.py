from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from clinic.core.cells import plain
from clinic.core.errors import Invalid
from clinic.core.text import clean
from clinic.exports.columns import Cell, Column
from clinic.exports.writing import LONGEST_EXCEL_TEXT, csv_chunks, excel_file

COLUMNS = (Column("First", lambda row: row[0]), Column("Second", lambda row: row[1]))
KEPT = st.text(max_size=60).map(clean)
"""Text as the database can hold it."""
STARTS = "=+-@\t\r'"


def as_csv(rows: Sequence[Sequence[Cell | None]]) -> list[list[str]]:
    """What a program reads from the CSV of these rows, the heading left out."""
    whole = b"".join(csv_chunks(COLUMNS, [rows])).decode("utf-8-sig")
    return list(csv.reader(StringIO(whole, newline="")))[1:]


def beat() -> None:
    """Nobody waits for a sign of life."""


@given(KEPT, st.sampled_from(["", *STARTS, "''", "'="]))
def test_no_cell_of_a_csv_begins_like_a_formula_and_every_text_comes_back(text: str, start: str) -> None:
    ((first, second),) = as_csv([(start + text, text)])
    assert not first.startswith(tuple(STARTS.replace("'", "")))
    assert (plain(first), plain(second)) == (start + text, text)


@settings(deadline=None)
@given(st.lists(st.tuples(KEPT, KEPT), max_size=5))
def test_a_csv_gives_back_every_text(rows: list[tuple[str, str]]) -> None:
    assert [[plain(cell) for cell in row] for row in as_csv(rows)] == [list(row) for row in rows]


def test_a_csv_is_marked_as_utf_8_and_ends_its_lines_as_spreadsheets_do() -> None:
    whole = b"".join(csv_chunks(COLUMNS, [[("आयु", 5), (None, Decimal("12.50"))]]))
    assert whole == b"\xef\xbb\xbfFirst,Second\r\n" + "आयु,5\r\n,12.50\r\n".encode()


def test_a_csv_comes_in_pieces() -> None:
    pieces = list(csv_chunks(COLUMNS, ([(number, "x")] for number in range(1001))))
    assert len(pieces) == 6
    assert b"".join(pieces).count(b"\r\n") == 1002


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(KEPT, KEPT), min_size=1, max_size=4))
def test_excel_gives_back_every_text_and_takes_none_for_a_formula(rows: list[tuple[str, str]]) -> None:
    with excel_file("List", COLUMNS, [rows], alive=beat) as file:
        sheet = load_workbook(file).active
        found = [list(row) for row in sheet.iter_rows(min_row=2, max_col=2, max_row=len(rows) + 1)]
    assert [[unescape(cell.value or "") for cell in row] for row in found] == [list(row) for row in rows]
    assert {cell.data_type for row in found for cell in row if cell.value} <= {"s", "inlineStr"}


@pytest.mark.parametrize(
    "text",
    ["=1+1", "https://example.com", "mailto:a@b.in", "internal:A1", "+919845011723", "007", "'x", "_x0041_"],
)
def test_excel_keeps_what_looks_like_something_else_as_text(text: str) -> None:
    with excel_file("List", COLUMNS, [[(text, 7)]], alive=beat) as file:
        sheet = load_workbook(file).active
    assert (unescape(sheet["A2"].value), sheet["A2"].hyperlink) == (text, None)
    assert (sheet["B2"].value, sheet["B2"].data_type) == (7, "n")


def test_excel_has_a_bold_heading_that_stays_and_filters() -> None:
    with excel_file("Patients", COLUMNS, [[("a", 1)], [("b", Decimal("2.50"))]], alive=beat) as file:
        sheet = load_workbook(file).active
    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == ("Patients", "A2", "A1:B3")
    assert sheet["A1"].font.bold
    assert sheet["B3"].value == 2.5


def test_a_text_too_long_for_excel_is_refused_rather_than_cut() -> None:
    with pytest.raises(Invalid):
        excel_file("List", COLUMNS, [[("x" * (LONGEST_EXCEL_TEXT + 1), 1)]], alive=beat)
    with excel_file("List", COLUMNS, [[("x" * LONGEST_EXCEL_TEXT, 1)]], alive=beat) as file:
        assert len(load_workbook(file).active["A2"].value) == LONGEST_EXCEL_TEXT


def test_a_long_excel_file_gives_signs_of_life() -> None:
    beats: list[int] = []
    excel_file("List", COLUMNS, [[("a", 1)], [("b", 2)]], alive=lambda: beats.append(1)).close()
    assert len(beats) == 2
