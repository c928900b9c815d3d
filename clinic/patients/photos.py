"""A patient's photo from a phone: looked at by its content, made small, everything else left out."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _

MOST_BYTES = 8 * 1000 * 1000
MOST_PIXELS = 50_000_000
SIDE = 512
_HEIC = (b"heic", b"heix", b"heif", b"hevc", b"mif1", b"msf1", b"avif")
_KNOWN = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
_DAMAGED = (
    OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip
"""What comes of a file that is cut off or forged, in the picture or in what the camera wrote beside it."""


@dataclass(frozen=True)
class Photo:
    """A JPEG of ours, at most 512 by 512 pixels, with nothing in it but the picture."""

    jpeg: bytes
    width: int
    height: int


def read_photo(data: bytes, *, field: str = "photo") -> Photo:
    """The photo in a file of at most 8 MB and 50 million pixels; name and declared type do not matter.

    Raises Invalid with a sentence for what is no JPEG or PNG, or too large.
    """
    if not data:
        raise Invalid(_("Choose a photo."), field=field)
    if len(data) > MOST_BYTES:
        raise Invalid(_("A photo has at most %(max)s MB.", max=MOST_BYTES // 1_000_000), field=field)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        raise Invalid(
            _("HEIC photos cannot be read here. Save it as JPEG first, or take a picture of the screen."),
            field=field,
        )
    kind = next((name for start, name in _KNOWN.items() if data.startswith(start)), None)
    if kind is None:
        raise Invalid(_("Choose a photo in JPEG or PNG format."), field=field)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return _small(data, kind, field)
    except _DAMAGED as failure:
        raise Invalid(_("This photo is damaged. Choose another one."), field=field) from failure


def _small(data: bytes, kind: str, field: str) -> Photo:
    with Image.open(BytesIO(data), formats=(kind,)) as opened:
        if opened.width * opened.height > MOST_PIXELS:  # known from the head of the file, before any decoding
            raise Invalid(_("This photo is too large. Choose a smaller one."), field=field)
        opened.draft("RGB", (SIDE * 2, SIDE * 2))
        upright = ImageOps.exif_transpose(opened).convert("RGBA")
    upright.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    flat = Image.new("RGB", upright.size, "white")
    flat.paste(upright, mask=upright.getchannel("A"))
    out = BytesIO()
    flat.save(out, "JPEG", quality=82, optimize=True)
    return Photo(jpeg=out.getvalue(), width=flat.width, height=flat.height)
