"""A patient's record as one ZIP: a page to read and print, and the same as JSON."""

from __future__ import annotations

import re
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from clinic.core.i18n import gettext as _
from clinic.exports.record import Record, as_json


def bundle(record: Record, html: str) -> bytes:
    """``record.html`` and ``record.json``, zipped; both are UTF-8."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("record.html", html.encode())
        archive.writestr("record.json", as_json(record).encode())
    return file.getvalue()


def file_name(record: Record, ending: str) -> str:
    """``record-SU-10001-2026-11-25.zip``: the number and the day it was taken, in letters any disk takes."""
    number = re.sub(r"[^A-Za-z0-9]+", "-", str(record["patient"]["mrn"])).strip("-") or "patient"
    return f"record-{number}-{record['taken_at']:%Y-%m-%d}.{ending}"


def explain(left_out: list[Record]) -> str:
    """One sentence about what is not in it; empty when nothing is missing."""
    if not left_out:
        return ""
    return _("Not in it: %(parts)s", parts=" ".join(str(item["why"]) for item in left_out))
