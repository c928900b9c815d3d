"""What kind of file this is, told by its content: names lie."""

from __future__ import annotations

import re
from mmap import ACCESS_READ, mmap
from pathlib import Path

from clinic.core.i18n import gettext as _
from clinic.imports.reading.packages import check_package, damaged, locked, open_package
from clinic.imports.reading.shape import MOST_BYTES, Unreadable

_HEAD = 65_536
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")
_ARCHIVES = (b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf\x27\x1c", b"BZh", b"\xfd7zXZ")
_MARKUP = re.compile(r"\s*<(!doctype|html|head|meta|body|table|style|\?xml|workbook|!--)", re.IGNORECASE)
_JSON = re.compile(r"\s*(\{\s*\"|\[\s*\{)")


def kind_of(path: Path, name: str = "") -> str:
    """``csv`` or ``xlsx``, whatever its ``name`` ends in. Raises Unreadable with what to do about a file
    that is neither."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise Unreadable(
            _(
                "This file is larger than %(limit)d MB. Split it into smaller files.",
                limit=MOST_BYTES // 1_000_000,
            )
        )
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xfe\xff") and size <= _HEAD:
        raise nothing_in_it()
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _package_kind(path)
    if head.startswith(_OLE):
        raise _ole(path)
    _refuse_other(head, name)
    return "csv"


def nothing_in_it() -> Unreadable:
    """What is said of a file without a single filled row."""
    return Unreadable(_("This file is empty."))


def no_table() -> Unreadable:
    """What is said of a file whose text is none."""
    return Unreadable(_("This is no table. A register can be read from a CSV or Excel file (.xlsx)."))


def _package_kind(path: Path) -> str:
    with open_package(path) as package:
        names = {name.lower() for name in package.namelist()}
        if "xl/workbook.xml" in names:
            check_package(package, path)
            return "xlsx"
        if "xl/workbook.bin" in names:
            raise Unreadable(
                _("This is a binary Excel file (.xlsb). Open it in Excel and save it as .xlsx or CSV.")
            )
        if "mimetype" in names and "content.xml" in names:
            raise Unreadable(
                _("This is an OpenDocument file (.ods). Open it in LibreOffice and save it as .xlsx or CSV.")
            )
        if "word/document.xml" in names:
            raise Unreadable(_("This is a Word document. Put its table into a sheet and save that as CSV."))
        if any(name.startswith("xl/") for name in names):
            raise damaged()
    raise Unreadable(_("This is a ZIP file. Unpack it, then choose the register inside."))


def _ole(path: Path) -> Unreadable:
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        encrypted = content.find("EncryptedPackage".encode("utf-16-le")) >= 0
        document = content.find("WordDocument".encode("utf-16-le")) >= 0
    if encrypted:
        return locked()
    if document:
        return Unreadable(_("This is a Word document. Put its table into a sheet and save that as CSV."))
    return Unreadable(_("This is an old Excel file (.xls). Open it in Excel and save it as .xlsx or CSV."))


def _refuse_other(head: bytes, name: str) -> None:
    if head.startswith(b"%PDF") or b"%PDF-" in head[:1024]:
        raise Unreadable(_("This is a PDF. A register can be read from a CSV or Excel file (.xlsx)."))
    if head.startswith(_IMAGES) or head[4:8] == b"ftyp" or _is_bitmap_or_webp(head):
        raise Unreadable(_("This is a picture. A register can be read from a CSV or Excel file (.xlsx)."))
    if head.startswith(_ARCHIVES):
        raise Unreadable(_("This is a packed file. Unpack it, then choose the register inside."))
    text = head[:4096].replace(b"\0", b"").decode("latin-1").lstrip("ï»¿þÿ")
    if _MARKUP.match(text):
        if name.lower().endswith((".xls", ".xlsx")):
            raise Unreadable(
                _("This is a web page named like an Excel file. Open it in Excel and save it as .xlsx.")
            )
        raise Unreadable(_("This is a web page. Open it in Excel and save it as .xlsx or CSV."))
    if _JSON.match(text):
        raise Unreadable(_("This is a JSON file. A register can be read from a CSV or Excel file (.xlsx)."))
    if text.startswith("{\\rtf"):
        raise Unreadable(_("This is a Word document. Put its table into a sheet and save that as CSV."))


def _is_bitmap_or_webp(head: bytes) -> bool:
    return (head[:2] == b"BM" and head[6:10] == bytes(4)) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
