"""Whatever the file: a table comes back as it was written, anything else gives lines or a sentence."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from clinic.core.text import clean
from clinic.imports.reading import Shape, Unreadable, look, read_lines
from tests.imports.reading.files import is_known, read, repacked, workbook

HEADINGS = ("Name", "Mobile", "Age", "Seen")
SETTINGS = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FEW = settings(SETTINGS, max_examples=40)
MARKS = st.sampled_from(list("\"',;|\t \n\r=+-@#'"))


def tables(*characters: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    cell = st.text(st.one_of(MARKS, *characters), max_size=8) | st.sampled_from(["", "9845011723"])
    return st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=8)
    )


ANY = tables(st.characters(exclude_categories=["Cs", "Cc"]))
INDIAN = tables(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E)
    | st.characters(min_codepoint=0x900, max_codepoint=0xD7F)
)
WESTERN = tables(st.characters(codec="cp1252", exclude_categories=["Cc"]))


def neutralised(cell: str) -> str:
    """The cell as our own exports write it."""
    return f"'{cell}" if cell.startswith(tuple("=+-@\t\r'")) else cell


def text_of(table: Sequence[Sequence[str]], *, delimiter: str, end: str, quoting: int) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(HEADINGS[: len(table[0])])
    writer.writerows([neutralised(cell) for cell in row] for row in table)
    return buffer.getvalue()


def as_kept(table: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    kept = [tuple(clean(cell).strip() for cell in row) for row in table]
    return [row for row in kept if any(row)]


def must_come_back(path: Path, content: bytes, table: Sequence[Sequence[str]]) -> Shape:
    shape, lines = read(path, content)
    assert shape.headings == HEADINGS[: len(table[0])]
    assert [line.cells for line in lines] == as_kept(table)
    assert not any(line.fault for line in lines)
    return shape


def is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


DELIMITERS = st.sampled_from(",;\t|")
ENDS = st.sampled_from(["\r\n", "\n", "\r"])


@SETTINGS
@given(
    table=ANY,
    delimiter=DELIMITERS,
    end=ENDS,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_any_table_as_csv_comes_back(
    tmp_path: Path, table: list[list[str]], delimiter: str, end: str, encoding: str, quoting: int
) -> None:
    if any(mark in cell for row in table for cell in row for mark in "\r\n"):
        quoting = csv.QUOTE_ALL  # The writer leaves a line break unquoted that is not its own.
    content = text_of(table, delimiter=delimiter, end=end, quoting=quoting).encode(encoding)
    assert must_come_back(tmp_path / "file", content, table).delimiter == delimiter


@FEW
@given(table=INDIAN, delimiter=DELIMITERS, end=ENDS, encoding=st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_any_indian_table_in_utf_16_without_its_mark_comes_back(
    tmp_path: Path, table: list[list[str]], delimiter: str, end: str, encoding: str
) -> None:
    content = text_of(table, delimiter=delimiter, end=end, quoting=csv.QUOTE_ALL).encode(encoding)
    assert must_come_back(tmp_path / "file", content, table).encoding == encoding


@FEW
@given(table=WESTERN, delimiter=DELIMITERS, end=ENDS)
def test_any_western_table_in_windows_1252_comes_back(
    tmp_path: Path, table: list[list[str]], delimiter: str, end: str
) -> None:
    text = text_of(table, delimiter=delimiter, end=end, quoting=csv.QUOTE_ALL)
    content = text.encode("windows-1252")
    assume(text.isascii() or not is_utf8(content))
    must_come_back(tmp_path / "file", content, table)


@FEW
@given(table=ANY)
def test_any_table_as_a_workbook_comes_back(tmp_path: Path, table: list[list[str]]) -> None:
    assume(not any(mark in cell for row in table for cell in row for mark in "\ufffe\uffff"))
    rows = [[neutralised(cell) for cell in row] for row in table]
    must_come_back(tmp_path / "file", workbook(("P", [HEADINGS[: len(table[0])], *rows])), table)


def must_be_read_or_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        shape = look(path, name="register", known=is_known)
        lines = list(read_lines(path, shape))
    except Unreadable:
        return
    assert shape.rows in (None, len(lines))
    numbers = [line.number for line in lines]
    assert numbers == sorted(set(numbers))
    for line in lines:
        beyond = len(line.cells) - len(shape.headings)
        assert beyond == 0 or (beyond > 0 and line.fault == "overlong")
        assert all(cell == clean(cell).strip() for cell in line.cells)


PIECES = st.sampled_from(
    [b'"', b'"', b",", b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xfe", b"a", b"1", b"\xe0\xa4\xa4",
     b"\xe0\xa4", b";", b"\t", b"|", b" ", b"'", b"=", b"Name,Mobile\n", b"Name\0", b"sep=;\n",
     b"\xef\xbb\xbf", b"\x81", b"\x1a"]
)  # fmt: skip


@SETTINGS
@given(content=st.binary(max_size=300) | st.lists(PIECES, max_size=60).map(b"".join))
def test_any_bytes_give_lines_or_a_sentence(tmp_path: Path, content: bytes) -> None:
    must_be_read_or_refused(tmp_path / "file", content)


BOOK = workbook(("P", [HEADINGS, ["Asha", 9845011723, "=1+1", True], ["Ravi", 2.5, None, "x"]]), ("Q", []))
with ZipFile(io.BytesIO(BOOK)) as _package:
    PARTS = {name: _package.read(name) for name in _package.namelist()}
XML = st.sampled_from(
    [b"<", b">", b"/>", b'"', b"&a;", b"<row>", b"</c>", b'r="Z9"', b"-1", b"1E999", b"\xff", b"x",
     b"9" * 5000, b""]
)  # fmt: skip


@FEW
@given(data=st.data())
def test_a_workbook_with_any_damage_gives_lines_or_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(PARTS)))
    part = PARTS[name]
    start = data.draw(st.integers(0, len(part)))
    end = data.draw(st.integers(start, min(len(part), start + 30)))
    damaged = part[:start] + data.draw(XML | st.binary(max_size=5)) + part[end:]
    must_be_read_or_refused(tmp_path / "file", repacked(BOOK, {name: damaged}))


@FEW
@given(start=st.integers(0, len(BOOK)), junk=st.binary(max_size=8), cut=st.booleans())
def test_a_package_with_any_damage_gives_lines_or_a_sentence(
    tmp_path: Path, start: int, junk: bytes, cut: bool
) -> None:
    content = BOOK[:start] + junk + (b"" if cut else BOOK[start + len(junk) :])
    must_be_read_or_refused(tmp_path / "file", content)
