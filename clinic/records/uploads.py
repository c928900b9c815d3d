"""Files as strangers send them, looked over by their content: what is taken, and what it has become.

A picture is decoded and written anew, so nothing is left of the file but what is seen. A PDF stays as it
came. Names and declared types decide nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import filetype

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.records import sandbox
from clinic.records.rendering import MOST_PAGES
from clinic.records.sandbox import Job, Outcome

MOST_BYTES = 10 * 1000 * 1000
MOST_AT_ONCE = 10
MOST_ON_A_BOOKING = 5
TAKEN = ".jpg,.jpeg,.png,.webp,.pdf,image/jpeg,image/png,image/webp,application/pdf"
"""What a file picker offers."""
TAKEN_ON_A_BOOKING = ".jpg,.jpeg,.png,.pdf,image/jpeg,image/png,application/pdf"
LONGEST_NAME = 120
_PICTURES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/apng": "PNG", "image/webp": "WEBP"}
_HEIC = ("image/heic", "image/heif", "image/avif")
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A file that is taken. ``data`` is what will be kept, ``thumb`` a small JPEG (empty: none could be
    drawn); ``sha256`` is of the bytes as they came.
    """

    name: str
    data: bytes = field(repr=False)
    thumb: bytes = field(repr=False)
    media_type: str
    sha256: str
    pages: int | None = None
    width: int | None = None
    height: int | None = None


def look_at(name: str, data: bytes, *, pictures: Sequence[str] = tuple(_PICTURES)) -> Looked:
    """Decode one file in the limited process. Raises Invalid with a sentence that says what is wrong with it;
    ``pictures`` are the kinds of pictures that are taken here.
    """
    job = job_of(data, pictures=pictures)
    return looked_at(name, data, sandbox.run(job))


def job_of(data: bytes, *, pictures: Sequence[str] = tuple(_PICTURES)) -> Job:
    """What the limited process has to do with a file, by its content. Raises Invalid for what is no use."""
    if not data:
        raise Invalid(_("The file is empty."), field="files")
    if len(data) > MOST_BYTES:
        raise too_large()
    if data.startswith(b"%PDF-"):
        return Job({"do": "document"}, data)
    kind = filetype.guess_mime(data[:262])
    if kind in _PICTURES and kind in pictures:
        return Job({"do": "picture", "kind": _PICTURES[kind]}, data)
    if kind in _HEIC:
        raise Invalid(
            _("HEIC photos cannot be read here. Save it as JPEG first, or take a picture of the screen."),
            field="files",
        )
    raise Invalid(_("Only pictures (JPEG, PNG) and PDF files can be added."), field="files")


def looked_at(name: str, data: bytes, outcome: Outcome) -> Looked:
    """What the limited process made of a file. Raises Invalid for what it refused."""
    said: dict[str, Any] = {}
    parts: list[bytes] = []
    for frame in outcome.frames:
        said |= frame.said
        parts += frame.parts
    is_pdf = said.get("media_type") == "application/pdf"
    if outcome.refused and not is_pdf:
        raise Invalid(_REFUSED.get(outcome.refused, _REFUSED["damaged"])(), field="files")
    # A PDF that opens, and whose first page cannot be drawn in the time there is, has no small picture.
    kept, thumb = (data, b"".join(parts)) if is_pdf else (parts[0], parts[1])
    return Looked(
        name=clean_name(name),
        data=kept,
        thumb=thumb,
        media_type=str(said["media_type"]),
        sha256=hashlib.sha256(data).hexdigest(),
        pages=said.get("pages"),
        width=said.get("width"),
        height=said.get("height"),
    )


def draw_pages(data: bytes, first: int, last: int) -> dict[int, bytes]:
    """Pages ``first`` to ``last`` of a PDF as JPEG; those that cannot be drawn are missing."""
    outcome = sandbox.run(Job({"do": "pages", "first": first, "last": last}, data))
    return {int(frame.said["page"]): frame.parts[0] for frame in outcome.frames if "page" in frame.said}


def clean_name(name: str) -> str:
    """What the file is called, as text to be shown: no folders, no controls, no change of direction."""
    last = re.split(r"[/\\]", one_line(_DIRECTION.sub("", name[-4096:])))[-1].strip(". ")
    if len(last) > LONGEST_NAME:
        stem, dot, ending = last.rpartition(".")
        ending = ending[:8] if dot and stem else ""
        last = (stem or last)[: LONGEST_NAME - 9].strip() + (f".{ending}" if ending else "")
    return last or _("Paper")


def too_large() -> Invalid:
    """What is said of a file with too many bytes."""
    return Invalid(_("A file has at most %(max)s MB.", max=MOST_BYTES // 1_000_000), field="files")


_REFUSED: dict[str, Callable[[], str]] = {
    "damaged": lambda: _("This file is damaged and cannot be opened."),
    "locked": lambda: _("This PDF is locked with a password. Save it without one, and add it again."),
    "pixels": lambda: _("This picture is too large. Save it smaller, and add it again."),
    "pages": lambda: _("This PDF has more than %(max)s pages. Add it in parts.", max=MOST_PAGES),
    sandbox.KILLED: lambda: _("This file cannot be opened safely, so it was not added."),
}
