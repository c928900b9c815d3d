"""Records of delimited text: a slip in one costs that one, never the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinic.imports.reading import LONGEST_CELL, Line
from tests.imports.reading.files import faults, read, rows

HEAD = "Name,Mobile,Note\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = "Name,Mobile,Note\nAsha,9845011723,x\nRavi,9845011724,\n".replace(",", delimiter)
    shape, lines = read(tmp_path / "file", text)
    assert shape.delimiter == delimiter
    assert lines[1].cells == ("Ravi", "9845011724", "")


def test_the_delimiter_is_found_without_known_headings_among_other_marks(tmp_path: Path) -> None:
    text = "".join(f"Rao, Asha {n};98450{n:05d};36,6;Bengaluru|KA\n" for n in range(40))
    shape, lines = read(tmp_path / "file", text)
    assert (shape.delimiter, shape.header_row) == (";", None)
    assert shape.headings == ("Column 1", "Column 2", "Column 3", "Column 4")
    assert lines[0] == Line(1, ("Rao, Asha 0", "9845000000", "36,6", "Bengaluru|KA"))


def test_known_headings_decide_over_even_commas(tmp_path: Path) -> None:
    text = "Name;Mobile\n" + "Rao, Asha;1\n" * 30
    assert read(tmp_path / "file", text)[0].delimiter == ";"


def test_a_single_column_is_not_split(tmp_path: Path) -> None:
    shape, lines = read(tmp_path / "file", "Name\nRao, Asha\n\nSingh; Ravi\n")
    assert (shape.delimiter, shape.headings) == (None, ("Name",))
    assert lines == [Line(2, ("Rao, Asha",)), Line(4, ("Singh; Ravi",))]


def test_the_first_line_may_declare_the_delimiter_and_is_no_row(tmp_path: Path) -> None:
    shape, lines = read(tmp_path / "file", "sep=;\r\nA,B;C,D\r\n1,2;3,4\r\n")
    assert (shape.delimiter, shape.headings) == (";", ("A,B", "C,D"))
    assert lines == [Line(2, ("1,2", "3,4"))]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_known(tmp_path: Path, end: str) -> None:
    text = end.join(["Name,Mobile,Note", "Asha,1,x", "", 'Ravi,2,"a', 'b"', "Mira,3,"])
    _shape, lines = read(tmp_path / "file", text)
    assert lines == [
        Line(2, ("Asha", "1", "x")),
        Line(4, ("Ravi", "2", "a\nb")),
        Line(5, ("Mira", "3", "")),
    ]


def test_quoted_cells_keep_delimiters_line_breaks_and_doubled_quotes(tmp_path: Path) -> None:
    text = HEAD + '"Rao, Asha",1,"said ""no""\nand left"\nRavi,2,\n'
    _shape, lines = read(tmp_path / "file", text)
    assert lines == [Line(2, ("Rao, Asha", "1", 'said "no"\nand left')), Line(3, ("Ravi", "2", ""))]


def test_a_row_that_stops_early_is_torn_where_rows_carry_their_empty_cells(tmp_path: Path) -> None:
    shape, lines = read(tmp_path / "file", HEAD + "Asha,1,\nRavi,98450\nMira,3,x\n")
    assert shape.pads
    assert lines[1] == Line(3, ("Ravi", "98450", ""), "torn")
    assert [line.fault for line in lines] == [None, "torn", None]


def test_short_rows_are_whole_where_empty_cells_at_the_end_are_left_out(tmp_path: Path) -> None:
    shape, lines = read(tmp_path / "file", HEAD + "Asha,1\nRavi\nMira,3,x\n")
    assert not shape.pads
    assert lines[1] == Line(3, ("Ravi", "", ""))


def test_one_short_row_of_hundreds_is_torn_even_without_empty_cells(tmp_path: Path) -> None:
    assert faults(tmp_path / "file", HEAD + "Asha,1,x\n" * 100 + "Ravi,98\n") == {102: "torn"}


def test_a_blank_column_at_the_end_still_tells_a_torn_row(tmp_path: Path) -> None:
    shape, lines = read(tmp_path / "file", "Name,Mobile,\nAsha,9845011723,\nRavi,9845\nMira,9845011725,\n")
    assert shape.headings == ("Name", "Mobile")
    assert lines[1] == Line(3, ("Ravi", "9845"), "torn")


def test_an_unclosed_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    text = HEAD + 'Asha,1,x\n"Ravi,2,y\n' + "Mira,3,z\n" * 60 + '"Tara, K",4,q\n'
    _shape, lines = read(tmp_path / "file", text)
    assert lines[1].fault == "torn"
    assert lines[2] == Line(4, ("Mira", "3", "z"))
    assert lines[-1] == Line(64, ("Tara, K", "4", "q"))
    assert len(lines) == 63


def test_an_unclosed_quote_before_another_quoted_row_costs_its_own_line_only(tmp_path: Path) -> None:
    text = HEAD + '"Asha","1","x"\n"Ravi","2","y\n"Mira","3","z"\n'
    _shape, lines = read(tmp_path / "file", text)
    assert [(line.cells, line.fault) for line in lines] == [
        (("Asha", "1", "x"), None),
        (("Ravi", "2", "y"), "torn"),
        (("Mira", "3", "z"), None),
    ]


def test_an_unclosed_quote_that_another_line_happens_to_close_is_torn(tmp_path: Path) -> None:
    lines = read(tmp_path / "file", HEAD + 'Asha,"1,x\nRavi",2,y\nMira,3,\n')[1]
    assert [(line.number, line.fault) for line in lines] == [(2, "torn"), (3, None), (4, None)]


def test_an_unclosed_quote_on_the_last_line_is_torn(tmp_path: Path) -> None:
    assert faults(tmp_path / "file", HEAD + 'Asha,1,x\nRavi,2,"y') == {3: "torn"}


def test_a_note_of_more_lines_than_any_has_is_torn_and_its_neighbours_stay(tmp_path: Path) -> None:
    text = HEAD + 'Asha,1,"' + "line\n" * 60 + '"\nRavi,2,y\n'
    lines = read(tmp_path / "file", text)[1]
    assert (lines[0].number, lines[0].fault) == (2, "torn")
    assert lines[-1].cells == ("Ravi", "2", "y")


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ('"Asha" ,1,x', ("Asha", "1", "x")),
        ("Asha,5'6\",x", ("Asha", "5'6\"", "x")),
        ('"5"6" tall",1,x', ('56" tall"', "1", "x")),
        ('Asha, "1, 2", x', ("Asha", "1, 2", "x")),
    ],
)
def test_a_benign_slip_with_quotes_is_forgiven(tmp_path: Path, row: str, cells: tuple[str, ...]) -> None:
    _shape, lines = read(tmp_path / "file", HEAD + f"{row}\nRavi,2,\n")
    assert lines[0] == Line(2, cells)
    assert lines[1].cells == ("Ravi", "2", "")


def test_a_slip_with_quotes_that_leaves_too_few_cells_is_torn_in_any_file(tmp_path: Path) -> None:
    text = HEAD + 'Asha,1\n"Ravi" Rao,2\nMira\n'
    assert faults(tmp_path / "file", text) == {3: "torn"}


def test_a_note_over_two_lines_may_have_blank_cells_after_it(tmp_path: Path) -> None:
    lines = read(tmp_path / "file", HEAD + 'Asha,1,"a\nb",,\nRavi,2,\n')[1]
    assert lines == [Line(2, ("Asha", "1", "a\nb")), Line(3, ("Ravi", "2", ""))]


def test_cells_beyond_the_headings_are_overlong_and_kept_unless_blank(tmp_path: Path) -> None:
    _shape, lines = read(tmp_path / "file", HEAD + "Asha,1,x, ,\nRavi,2,y,,z\n")
    assert lines == [Line(2, ("Asha", "1", "x")), Line(3, ("Ravi", "2", "y", "", "z"), "overlong")]


def test_a_cell_far_beyond_the_headings_makes_a_line_overlong(tmp_path: Path) -> None:
    _shape, lines = read(tmp_path / "file", HEAD + ",,,," + "," * 60 + "x\n")
    assert lines == [Line(2, ("", "", ""), "overlong")]


def test_a_cell_beyond_the_limit_is_overlong(tmp_path: Path) -> None:
    text = HEAD + f'Asha,1,{"x" * 1_000_000}\nRavi,2,"{"y" * 500_000}"\nMira,3,{"z" * LONGEST_CELL}\n'
    _shape, lines = read(tmp_path / "file", text)
    assert [line.fault for line in lines] == ["overlong", "overlong", None]
    assert all(len(line.cells[2]) == LONGEST_CELL for line in lines if line.number != 3)
    assert [line.cells[0] for line in lines] == ["Asha", "Ravi", "Mira"]


def test_ten_thousand_columns_are_cut_to_what_a_register_can_have(tmp_path: Path) -> None:
    many = "Name,Mobile," + ",".join(f"h{n}" for n in range(9_998))
    shape, lines = read(tmp_path / "file", f"{many}\n{many}\n1,2\n")
    assert len(shape.headings) == 200
    assert [(len(line.cells), line.fault) for line in lines] == [(250, "overlong"), (200, None)]


def test_formulas_and_markup_are_plain_text(tmp_path: Path) -> None:
    text = HEAD + '=1+1,@SUM(A1),<b>x</b>\n"=HYPERLINK(""http://x"")",+1,-2\n'
    assert rows(tmp_path / "file", text) == [
        ("=1+1", "@SUM(A1)", "<b>x</b>"),
        ('=HYPERLINK("http://x")', "+1", "-2"),
    ]


def test_the_apostrophe_that_made_a_formula_harmless_is_taken_off_once(tmp_path: Path) -> None:
    text = "Name,Mobile,Age,a,b,c,d\n'=1,'+91,'-,'@x,''q','n,\"'\tz\"\n"
    assert rows(tmp_path / "file", text) == [("=1", "+91", "-", "@x", "'q'", "'n", "z")]


def test_blank_rows_count_but_do_not_come(tmp_path: Path) -> None:
    lines = read(tmp_path / "file", "\n" + HEAD + ",,\n  \nAsha,1,\n\x1a")[1]
    assert lines == [Line(5, ("Asha", "1", ""))]
