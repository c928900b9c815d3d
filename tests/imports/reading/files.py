"""Register files as somebody would choose them, and what reading them gives."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

from clinic.imports.reading import Line, Shape, Unreadable, look, read_lines

KNOWN = {"name", "mobile", "age", "seen", "नाम", "मोबाइल"}


def is_known(heading: str) -> bool:
    return heading.casefold() in KNOWN


def read(path: Path, content: bytes | str, *, sheet: str | None = None) -> tuple[Shape, list[Line]]:
    """The shape and lines of a file with this content."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    shape = look(path, name="register.csv", known=is_known, sheet=sheet)
    assert Shape.from_json(shape.to_json()) == shape
    return shape, list(read_lines(path, shape))


def rows(path: Path, content: bytes | str, *, sheet: str | None = None) -> list[tuple[str, ...]]:
    return [line.cells for line in read(path, content, sheet=sheet)[1]]


def faults(path: Path, content: bytes | str) -> dict[int, str]:
    """The faults by row number."""
    return {line.number: line.fault for line in read(path, content)[1] if line.fault}


def refusal(path: Path, content: bytes | str, *, name: str = "register.csv") -> str:
    """The sentence with which the file is refused."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(Unreadable) as refused:
        list(read_lines(path, look(path, name=name, known=is_known)))
    assert refused.value.field == "file"
    return refused.value.message


def workbook(*sheets: tuple[str, Sequence[Sequence[Any]]]) -> bytes:
    """A workbook with these sheets, saved by openpyxl."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, table in sheets:
        page = book.create_sheet(title)
        for row in table:
            page.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def repacked(content: bytes, changes: dict[str, bytes | None]) -> bytes:
    """The package with some parts replaced, added, or with None left out."""
    buffer = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(buffer, "w", ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part not in changes:
                new.writestr(part, old.read(part))
        for part, data in changes.items():
            if data is not None:
                new.writestr(part, data)
    return buffer.getvalue()


def sheet_xml(data: str, *, before: str = "", prolog: str = "") -> bytes:
    """A worksheet part with this inside ``sheetData``."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"{before}<sheetData>{data}</sheetData></worksheet>"
    ).encode()
