"""Signatures drawn on a screen: read from what a browser sends, made anew as a small picture of ours."""

from __future__ import annotations

import base64
import binascii
import io
import warnings

from PIL import Image, ImageOps

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _

PREFIX = "data:image/png;base64,"
LONGEST = 400_000
"""Characters of what a browser sends: a canvas at three times its size stays far below."""
MOST_PIXELS = (2400, 1200)
KEPT = (720, 300)
MOST_BYTES = 64 * 1024
FEWEST_DARK = 40
"""Dark pixels below which nobody has drawn anything but a dot."""


def read_drawing(text: str, *, field: str = "drawing") -> bytes:
    """The PNG that is kept of a drawn signature: black on white, at most 720 × 300, nothing else in it.

    ``text`` is the ``data:`` address of a PNG. Raises Invalid for anything else, for one too large, and for
    an empty canvas.
    """
    refused = Invalid(
        _("The drawing could not be read. Draw it once more, or sign with your name alone."), field=field
    )
    if not text.startswith(PREFIX) or len(text) > LONGEST:
        raise refused
    try:
        raw = base64.b64decode(text[len(PREFIX) :], validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw), formats=("PNG",)) as sent:
                if sent.width > MOST_PIXELS[0] or sent.height > MOST_PIXELS[1]:
                    raise refused
                drawn = sent.convert("RGBA")
    except (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning):
        raise refused from None
    paper = Image.new("RGBA", drawn.size, "white")
    paper.alpha_composite(drawn)
    ink = paper.convert("L")
    ink.thumbnail(KEPT)
    box = ImageOps.invert(ink).getbbox()
    if box is None or sum(ink.histogram()[:128]) < FEWEST_DARK:
        raise Invalid(
            _("Nothing is drawn yet. Draw your signature, or sign with your name alone."), field=field
        )
    kept = io.BytesIO()
    ink.save(kept, format="PNG", optimize=True)
    if kept.tell() > MOST_BYTES:
        raise refused
    return kept.getvalue()


def as_address(drawing: bytes) -> str:
    """The picture as a page shows it without asking for it separately."""
    return PREFIX + base64.b64encode(drawing).decode()
