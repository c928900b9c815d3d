"""A patient's record as one ZIP: a page to read and print, and the same as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from clinic.core import clock
from clinic.exports.record import Record, as_json


def bundle(record: Record, html: str, *, pictures: Mapping[str, bytes]) -> bytes:
    """``record.html`` and ``record.json``, zipped; both are UTF-8. ``pictures`` lie beside them, by name:
    ``photo.jpg``, and signatures that were drawn.
    """
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("record.html", html.encode())
        archive.writestr("record.json", as_json(record).encode())
        for name, picture in pictures.items():
            archive.writestr(name, picture)
    return file.getvalue()


def file_name(record: Record, ending: str) -> str:
    """``record-SU-10001-2026-11-25.zip``: the number, and the clinic's day it was taken on, in
    letters any disk takes.
    """
    number = re.sub(r"[^A-Za-z0-9]+", "-", str(record["patient"]["mrn"])).strip("-") or "patient"
    day = record["taken_at"].astimezone(clock.zone(record["facility"]["zone"])).date()
    return f"record-{number}-{day.isoformat()}.{ending}"
