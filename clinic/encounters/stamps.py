"""Which version of a note a page shows, and what stood in each field then.

The form carries it as one word: the version, then a few bytes per field. When two tabs meet, the server can
tell what was typed in this tab from what merely still stands in it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import blake2s

from clinic.encounters.layout import Body, Layout, flat

BYTES = 3
LONGEST = 2000


@dataclass(frozen=True)
class Stamp:
    """What a page was drawn from. ``prints`` holds some bytes per field; empty when only the version is
    known.
    """

    version: int
    prints: bytes = b""


def stamp_of(layout: Layout, version: int, body: Body) -> str:
    """The word a form showing ``body`` carries."""
    return f"{version}-{base64.urlsafe_b64encode(_prints(layout, body)).decode()}"


def read_stamp(text: str) -> Stamp:
    """The stamp in a form; version 0, which no note has, when it makes no sense."""
    number, _dash, rest = text.strip()[:LONGEST].partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return Stamp(0)
    try:
        return Stamp(int(number), base64.urlsafe_b64decode(rest))
    except (binascii.Error, ValueError):
        return Stamp(int(number))


def typed_here(layout: Layout, stamp: Stamp, body: Body) -> set[str]:
    """The form names whose text is not what the page was drawn with; all of them when the stamp does not
    say.
    """
    names = list(flat(layout, body))
    prints = _prints(layout, body)
    if len(stamp.prints) != len(prints):
        return set(names)
    return {
        name
        for at, name in enumerate(names)
        if prints[at * BYTES : (at + 1) * BYTES] != stamp.prints[at * BYTES : (at + 1) * BYTES]
    }


def _prints(layout: Layout, body: Body) -> bytes:
    return b"".join(
        blake2s(f"{name}\0{text}".encode(), digest_size=BYTES).digest()
        for name, text in flat(layout, body).items()
    )
