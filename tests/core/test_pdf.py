"""Sheets of paper: what is written on them can be seen, searched and read aloud."""

from __future__ import annotations

from datetime import UTC, datetime

import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageStat, features

from clinic.core.pdf import _FACES, MARGIN, SheetPdf, Style

MADE_AT = datetime(2026, 11, 24, tzinfo=UTC)
SCALE = 4  # pixels per point
WORD = "प्रकृति विरुद्ध क्वाथ शृंगार"


def sheet(**options: str) -> SheetPdf:
    return SheetPdf(
        **{
            "title": "Sheet", "made_at": MADE_AT, "again": "Again", "foot": "Foot",
            "page_words": "Page %(page)s of %(pages)s", **options,
        }
    )  # fmt: skip


def read(file: bytes) -> str:
    document = pypdfium2.PdfDocument(file)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def unlikeness(shaped: bool) -> float:
    """How far the picture of a word on a sheet is from the same word drawn by another shaping engine (RAQM),
    or by none: the mean difference of grey, from 0.
    """
    pdf = sheet(again="", foot="")
    pdf.put(WORD, MARGIN, MARGIN, 150, Style(size=24))
    picture = pypdfium2.PdfDocument(pdf.made())[0].render(scale=SCALE).to_pil().convert("L")
    written = picture.crop((0, 0, picture.width, picture.height // 5))
    engine = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    font = ImageFont.truetype(str(_FACES["sheet", ""]), 24 * SCALE, layout_engine=engine)
    drawn = Image.new("L", written.size, 255)
    ImageDraw.Draw(drawn).text((100, 100), WORD, font=font, fill=0)
    one, other = (ImageChops.invert(image).getbbox() for image in (written, drawn))
    assert one is not None
    assert other is not None
    size = (900, 120)
    difference = ImageChops.difference(written.crop(one).resize(size), drawn.crop(other).resize(size))
    return float(ImageStat.Stat(difference).mean[0])


@pytest.mark.parametrize(
    "text",
    [
        "महारास्नादि क्वाथ, गुनगुने पानी के साथ, खाने से पहले",
        "शृंगार क्ष त्र ज्ञ द्ध कि र्क प्रकृति विरुद्धाहार",
        "1-½-1, ₹1,25,000.50, 36.6 °C",
    ],
)
def test_text_is_found_again_as_it_was_written(text: str) -> None:
    pdf = sheet()
    pdf.flow(text)
    assert text in read(pdf.made())


def test_devanagari_looks_as_it_is_written_by_hand() -> None:
    if not features.check("raqm"):
        pytest.skip("this Pillow has no second shaping engine to compare with")
    right, wrong = unlikeness(shaped=True), unlikeness(shaped=False)
    assert right < wrong / 2


@pytest.mark.parametrize(
    ("typed", "stands"),
    [("vaṭa and taila", "vata and taila"), ("மருந்து daily", "daily"), ("soon \u202egnp.exe", "soon gnp.exe")],
)
def test_letters_no_font_has_do_not_vanish(typed: str, stands: str) -> None:
    pdf = sheet()
    pdf.flow(typed)
    said = read(pdf.made())
    assert stands in said
    assert len(said.strip().splitlines()[0]) >= len(stands)


def test_any_length_goes_on_over_pages_with_a_head_and_a_number() -> None:
    pdf = sheet()
    pdf.flow("\n".join(f"Line {number}" for number in range(1, 121)))
    file = pdf.made()
    pages = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(file)]
    assert len(pages) > 2
    assert "Again" not in pages[0]
    assert all("Again" in page for page in pages[1:])
    assert all(f"Page {number} of {len(pages)}" in page for number, page in enumerate(pages, start=1))
    assert [f"Line {number}" for number in range(1, 121)] == [
        line for page in pages for line in page.splitlines() if line.startswith("Line ")
    ]


def test_the_same_sheet_is_the_same_file() -> None:
    files = set()
    for _time in range(2):
        pdf = sheet()
        pdf.flow(WORD)
        files.add(pdf.made())
    assert len(files) == 1
