"""Small files for tests, drawn on the spot."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from fpdf import FPDF
from PIL import Image, ImageDraw


@cache
def jpeg(text: str = "Report", size: tuple[int, int] = (240, 320)) -> bytes:
    """A picture with a word in it; each word is another file."""
    out = BytesIO()
    _drawn(text, size).save(out, "JPEG")
    return out.getvalue()


@cache
def png(text: str = "Report", size: tuple[int, int] = (240, 320)) -> bytes:
    """The same without loss."""
    out = BytesIO()
    _drawn(text, size).save(out, "PNG")
    return out.getvalue()


@cache
def photo_of_a_phone(turned: int = 6) -> bytes:
    """A JPEG as a phone writes it: lying on its side, with a place and a maker beside the picture."""
    exif = Image.Exif()
    exif[0x0112] = turned
    exif[0x010F] = "Maker<script>alert(1)</script>"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (12.0, 58.0, 33.0)
    out = BytesIO()
    _drawn("Phone", (320, 240)).save(out, "JPEG", exif=exif, comment=b"<script>comment</script>")
    return out.getvalue()


@cache
def pdf(pages: int = 2, text: str = "Report") -> bytes:
    """A document of so many pages."""
    document = FPDF()
    document.set_font("helvetica", size=20)
    for number in range(1, pages + 1):
        document.add_page()
        document.cell(text=f"{text} {number}")
    return bytes(document.output())


@cache
def locked_pdf() -> bytes:
    """A document that opens with a password only."""
    document = FPDF()
    document.set_encryption(owner_password="o", user_password="u")
    document.set_font("helvetica", size=20)
    document.add_page()
    document.cell(text="Locked")
    return bytes(document.output())


def _drawn(text: str, size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", size, "white")
    drawing = ImageDraw.Draw(image)
    drawing.text((20, 30), text, fill="black")
    drawing.rectangle((20, 80, size[0] - 20, 90), fill="#1c5a3a")
    return image
