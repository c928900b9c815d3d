"""Excel workbooks: what a cell shows, which sheet is read, and what must not be believed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from clinic.imports.reading import Line
from tests.imports.reading.files import read, refusal, repacked, rows, saved, sheet_xml, workbook

SHEET = "xl/worksheets/sheet1.xml"
HEAD = ["Name", "Mobile", "Seen"]
HEAD_XML = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>Mobile</t></is></c></row>'
)
PLAIN = workbook(("Patients", [HEAD, ["Asha", 9845011723, "x"]]))


def with_sheet(data: str, **around: str) -> bytes:
    return repacked(PLAIN, {SHEET: sheet_xml(HEAD_XML + data, **around)})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9845011723.0, "9845011723"),
        (919845011723, "919845011723"),
        (1e21, "1000000000000000000000"),
        (36.6, "36.6"),
        (0.0000001, "0.0000001"),
        (-12, "-12"),
        (date(2018, 8, 18), "2018-08-18"),
        (datetime.fromisoformat("2018-08-18"), "2018-08-18"),
        (datetime.fromisoformat("2018-08-18 10:30"), "2018-08-18 10:30"),
        (datetime.fromisoformat("2018-08-18 10:29:59.999700"), "2018-08-18 10:30"),
        (datetime.fromisoformat("2018-08-18 10:30:05"), "2018-08-18 10:30:05"),
        (time(10, 30), "10:30"),
        (timedelta(hours=26, minutes=5), "26:05"),
        (True, "yes"),
        (False, "no"),
        ("#N/A", "#N/A"),
        ("  रीता \n शर्मा ", "रीता \n शर्मा"),
        ("'=1", "=1"),
        ("a_x000D_\nb", "a\nb"),
        (None, ""),
    ],
)
def test_a_value_is_read_as_what_it_shows(tmp_path: Path, value: Any, text: str) -> None:
    table = [HEAD, ["Asha", "1", value]]
    assert rows(tmp_path / "file", workbook(("Patients", table))) == [("Asha", "1", text)]


def test_dates_of_a_workbook_counting_from_1904_are_the_same(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(HEAD)
    book.active.append(["Asha", "1", date(2018, 8, 18)])
    assert rows(tmp_path / "file", saved(book))[0][2] == "2018-08-18"


def test_numbers_that_a_program_wrote_with_a_point_or_exponent_are_whole(tmp_path: Path) -> None:
    data = '<row r="2"><c r="A2"><v>9845011723.0</v></c><c r="B2"><v>9.845011723E9</v></c></row>'
    assert rows(tmp_path / "file", with_sheet(data)) == [("9845011723", "9845011723")]


def test_a_formula_gives_its_saved_value_and_without_one_its_text(tmp_path: Path) -> None:
    data = (
        '<row r="2"><c r="A2" t="str"><f>A1&amp;"x"</f><v>Asha</v></c><c r="B2"><f>1+1</f><v></v></c></row>'
        '<row r="3"><c r="A3"><v>7</v></c></row>'
        '<row r="5"><c r="A5" t="str"><f>IF(1,"")</f><v></v></c><c r="B5"><f>6*7</f><v>42</v></c></row>'
        '<row r="6"><c r="A6"><f t="array" ref="A6">SUM(1)</f><v>1</v></c>'
        '<c r="B6"><f t="array" ref="B6">SUM(2)</f></c></row>'
    )
    assert rows(tmp_path / "file", with_sheet(data)) == [
        ("Asha", "=1+1"),
        ("7", ""),
        ("", "42"),
        ("1", "=SUM(2)"),
    ]


def test_text_that_only_looks_like_a_formula_is_text(tmp_path: Path) -> None:
    data = '<row r="2"><c r="A2" t="inlineStr"><is><t>=not one</t></is></c></row>'
    assert rows(tmp_path / "file", with_sheet(data)) == [("=not one", "")]


def test_rows_have_the_numbers_that_excel_shows(tmp_path: Path) -> None:
    table = [["Prana Ayurveda"], [], HEAD, ["Asha", 1], [], ["Ravi", 2, "x"]]
    shape, lines = read(tmp_path / "file", workbook(("Patients", table)))
    assert (shape.header_row, shape.rows) == (3, 2)
    assert lines == [Line(4, ("Asha", "1", "")), Line(6, ("Ravi", "2", "x"))]


def test_a_row_of_noughts_is_not_blank(tmp_path: Path) -> None:
    table = [HEAD, [0, False, None], [0.0, None, None]]
    assert rows(tmp_path / "file", workbook(("P", table))) == [("0", "no", ""), ("0", "", "")]


def test_a_merged_title_is_passed_over(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page["A1"] = "Patients 2018"
    page.merge_cells("A1:C1")
    for row in (HEAD, ["Asha", 1, "x"]):
        page.append(row)
    shape, lines = read(tmp_path / "file", saved(book))
    assert (shape.header_row, lines) == (2, [Line(3, ("Asha", "1", "x"))])


def test_the_sheet_with_the_most_known_headings_is_read(tmp_path: Path) -> None:
    content = workbook(
        ("Cover", [["Clinic"], ["2018"]]), ("List", [HEAD, ["Asha", 1]]), ("Prices", [["Name", "Fee"]])
    )
    shape, lines = read(tmp_path / "file", content)
    assert (shape.sheet, shape.sheets) == ("List", ("Cover", "List", "Prices"))
    assert lines[0].cells == ("Asha", "1", "")


def test_a_sheet_can_be_chosen(tmp_path: Path) -> None:
    content = workbook(("One", [HEAD, ["Asha", 1]]), ("Two", [HEAD, ["Ravi", 2]]))
    assert rows(tmp_path / "file", content, sheet="Two") == [("Ravi", "2", "")]


def test_a_hidden_sheet_is_neither_read_nor_chosen(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Name", "x"])
    hidden = book.create_sheet("Hidden")
    hidden.append(HEAD)
    hidden.sheet_state = "hidden"
    content = saved(book)
    assert read(tmp_path / "file", content)[0].sheets == ("Sheet",)
    with pytest.raises(Exception, match="no sheet called “Hidden”"):
        read(tmp_path / "file", content, sheet="Hidden")


def test_a_workbook_of_empty_sheets_is_empty(tmp_path: Path) -> None:
    assert "empty" in refusal(tmp_path / "file", workbook(("One", []), ("Two", [[None, " "]])))


def test_a_column_without_a_heading_is_kept_when_it_has_data(tmp_path: Path) -> None:
    shape, lines = read(
        tmp_path / "file", workbook(("P", [["Name", "Mobile"], ["Asha", 1, "x"], ["Ravi", 2]]))
    )
    assert shape.headings == ("Name", "Mobile", "Column 3")
    assert lines[0].cells == ("Asha", "1", "x")
    assert not any(line.fault for line in lines)


def test_cells_far_to_the_right_are_overlong(tmp_path: Path) -> None:
    data = '<row r="2"><c r="A2"><v>1</v></c><c r="XFD2"><v>2</v></c></row>'
    shape, lines = read(tmp_path / "file", with_sheet(data))
    assert len(shape.headings) == 200
    assert lines[0].fault == "overlong"


def test_a_declared_size_is_not_believed(tmp_path: Path) -> None:
    data = '<row r="3"><c r="A3"><v>7</v></c></row>'
    for size in ("A1:XFD1048576", "A1", "A1:A1"):
        content = with_sheet(data, before=f'<dimension ref="{size}"/>')
        assert read(tmp_path / "file", content)[1] == [Line(3, ("7", ""))]


def test_reading_ends_after_a_thousand_blank_rows(tmp_path: Path) -> None:
    near = '<row r="1001"><c r="A1001"><v>7</v></c></row>'
    far = '<row r="1048576"><c r="A1048576"><v>8</v></c></row>'
    assert read(tmp_path / "file", with_sheet(near + far))[1] == [Line(1001, ("7", ""))]


def test_formatted_blank_rows_are_not_read(tmp_path: Path) -> None:
    data = '<row r="2"><c r="A2"><v>7</v></c></row>' + "<row/>" * 100_000
    assert rows(tmp_path / "file", with_sheet(data)) == [("7", "")]


ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    data = '<row r="2"><c r="A2" t="inlineStr"><is><t>&c;</t></is></c></row>'
    assert "damaged" in refusal(tmp_path / "file", with_sheet(data, prolog=ENTITIES))


def test_a_document_type_after_a_long_comment_is_found(tmp_path: Path) -> None:
    prolog = f"<!--{'x' * 200_000}-->{ENTITIES}"
    assert "damaged" in refusal(tmp_path / "file", with_sheet("", prolog=prolog))


def test_a_file_of_another_machine_is_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Asha")
    data = '<row r="2"><c r="A2" t="inlineStr"><is><t>&s;</t></is></c></row>'
    prolog = f'<!DOCTYPE x [<!ENTITY s SYSTEM "file://{secret}">]>'
    assert "damaged" in refusal(tmp_path / "file", with_sheet(data, prolog=prolog))


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    content = repacked(PLAIN, {SHEET: sheet_xml(HEAD_XML + " " * 60_000_000)})
    assert len(content) < 200_000
    assert "far more" in refusal(tmp_path / "file", content)


def test_a_swollen_style_sheet_is_refused(tmp_path: Path) -> None:
    assert "far more" in refusal(
        tmp_path / "file", repacked(PLAIN, {"xl/styles.xml": b"<a>" + b" " * 21_000_000 + b"</a>"})
    )


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (SHEET, b"<worksheet><sheetData><row>"),
        (SHEET, sheet_xml('<row r="x"><c r="A1"/></row>')),
        (SHEET, sheet_xml('<row r="1"><c r="A1" t="s"><v>99999</v></c></row>')),
        (SHEET, sheet_xml('<row r="1"><c r="A1"><v>NaN?</v></c></row>')),
        (SHEET, sheet_xml('<row r="1"><c r="A1" s="x"><v>1</v></c></row>')),
        (SHEET, None),
        ("xl/styles.xml", b"\x89PNG"),
        ("xl/workbook.xml", b"<workbook"),
        ("[Content_Types].xml", None),
        ("xl/_rels/workbook.xml.rels", None),
    ],
)
def test_broken_parts_are_refused_in_words(tmp_path: Path, part: str, content: bytes | None) -> None:
    path = tmp_path / "file"
    assert refusal(path, repacked(PLAIN, {part: content}))


def test_a_sheet_that_breaks_on_its_way_is_refused_then(tmp_path: Path) -> None:
    good = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(2, 20_000))
    content = repacked(PLAIN, {SHEET: sheet_xml(HEAD_XML + good + "<row></c>")})
    assert "damaged" in refusal(tmp_path / "file", content)
