"""Zip packages, looked over before anything is unpacked: no bombs, no document types.

Office Open XML (ECMA-376 part 2, 8.1.4) forbids document type declarations, which are also what entity
bombs need.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.parsers import expat
from zipfile import ZipFile, ZipInfo

from clinic.core.i18n import gettext as _
from clinic.imports.reading.shape import Unreadable

MOST_UNPACKED = 500_000_000
SUSPECT_FROM = 50_000_000
MOST_RATIO = 200
MOST_PARTS = 5_000
# Everything but sheets and their texts is held in memory as a tree.
MOST_SMALL_PART = 20_000_000
_CHUNK = 65_536


def open_package(path: Path) -> ZipFile:
    """The zip archive at ``path``. Raises Unreadable when it is damaged."""
    try:
        return ZipFile(path)
    except Exception:
        raise damaged() from None


def unpacked_size(path: Path) -> int:
    """How many bytes the parts of the archive at ``path`` unpack to, by its own account."""
    with open_package(path) as package:
        return sum(part.file_size for part in package.infolist())


def damaged() -> Unreadable:
    """What is said of a workbook that cannot be made sense of."""
    return Unreadable(_("This Excel file is damaged. Open it in Excel and save it again as .xlsx or CSV."))


def locked() -> Unreadable:
    """What is said of a file that opens only with a password."""
    return Unreadable(_("This file is locked with a password. Save it without one, then choose it again."))


def check_package(package: ZipFile, path: Path) -> None:
    """Raises Unreadable for a workbook that would unpack to more than a register can be, or with a DTD."""
    parts = package.infolist()
    total = sum(part.file_size for part in parts)
    bomb = total > SUSPECT_FROM and total > MOST_RATIO * path.stat().st_size
    heavy = any(part.file_size > MOST_SMALL_PART and not _is_bulky(part) for part in parts)
    if total > MOST_UNPACKED or bomb or heavy or len(parts) > MOST_PARTS:
        raise Unreadable(
            _(
                "This Excel file holds far more than a register of patients. Copy the sheet with the "
                "patients into a new file, or save it as CSV."
            )
        )
    if any(part.flag_bits & 1 for part in parts):
        raise locked()
    if any(_declares_type(package, part) for part in parts):
        raise damaged()


def _is_bulky(part: ZipInfo) -> bool:
    name = part.filename.lower()
    return not name.endswith((".xml", ".rels")) or "sharedstrings" in name or "/worksheets/" in name


def _declares_type(package: ZipFile, part: ZipInfo) -> bool:
    """Whether the XML of this part has a document type declaration before its first element."""
    found: list[str] = []
    parser = expat.ParserCreate()

    def at_type(*_args: Any) -> None:
        found.append("type")

    def at_element(*_args: Any) -> None:
        found.append("element")

    parser.StartDoctypeDeclHandler = at_type
    parser.StartElementHandler = at_element
    try:
        with package.open(part) as stream:
            while not found and (chunk := stream.read(_CHUNK)):
                parser.Parse(chunk)
    except expat.ExpatError:
        pass  # A picture, or broken XML, which is refused where it is read.
    except Exception:
        raise damaged() from None
    return found[:1] == ["type"]
