"""Large files: read in a stream, or refused with the limit in words."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from clinic.imports.reading import MOST_ROWS, Unreadable, csv_files, look, read_lines, register
from tests.imports.reading.files import is_known, refusal, workbook

HEAD = "Name,Mobile,Age,City,Note\n"


def test_memory_stays_flat_over_twenty_thousand_rows(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(HEAD + 'रीता शर्मा,9845011723,34,Bengaluru,"a, b"\n' * 20_000, "utf-8")
    shape = look(path, name="register.csv", known=is_known)
    tracemalloc.start()
    try:
        count = sum(1 for _line in read_lines(path, shape))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == shape.rows == 20_000
    assert peak < 1_000_000


def test_as_many_rows_as_are_allowed_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("Name,Mobile\n" + "a,1\n" * MOST_ROWS)
    assert look(path, name="register.csv", known=is_known).rows == MOST_ROWS


def test_a_million_short_rows_are_refused_with_the_limit(tmp_path: Path) -> None:
    assert "2,00,000 rows" in refusal(tmp_path / "file", "Name\n" + "a\n" * 1_000_000)


def test_more_rows_than_a_spreadsheet_has_are_refused_even_if_blank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "MOST_RECORDS", 1_000)
    assert "2,00,000 rows" in refusal(tmp_path / "file", "Name,Mobile\n" + "\n" * 1_000)


def test_a_workbook_with_too_many_rows_is_refused_while_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(workbook(("P", [["Name"], *([n] for n in range(100))])))
    shape = look(path, name="register.xlsx", known=is_known)
    monkeypatch.setattr(register, "MOST_ROWS", 99)
    lines = read_lines(path, shape)
    assert len([next(lines) for _ in range(99)]) == 99
    with pytest.raises(Unreadable):
        next(lines)


def test_a_quote_on_every_line_does_not_take_forever(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("Name,Mobile,Age\n" + 'a,"b\n' * 20_001)
    lines = list(read_lines(path, look(path, name="register.csv", known=is_known)))
    assert [line.number for line in lines] == list(range(2, 2 + len(lines)))


def test_one_line_of_twenty_megabytes_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("Name,Mobile\n" + "a,b " * 5_000_000 + "\nAsha,1\n")
    first, second = read_lines(path, look(path, name="register.csv", known=is_known))
    assert (first.number, first.fault) == (2, "overlong")
    assert (second.number, second.cells, second.fault) == (3, ("Asha", "1"), None)
