"""Sheets of paper as PDF: Devanagari shaped as it is written, text that can be searched and read aloud.

Built on fpdf2 with HarfBuzz. The letters come from Noto Sans Devanagari, which has Latin too; what it lacks
is looked for in IBM Plex Sans, and what neither has is written in Latin letters, so that nothing vanishes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

import segno
from anyascii import anyascii
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos
from fpdf.fonts import Glyph, TTFFont

from clinic.core.text import clean

_VENDOR = Path(__file__).parent.parent.parent / "static" / "vendor"
_NOTO = _VENDOR / "noto-sans-devanagari-0.4.1"
_PLEX = _VENDOR / "ibm-plex-sans-5.3.0"
_FACES = {
    ("sheet", ""): _NOTO / "NotoSansDevanagari_400Regular.ttf",
    ("sheet", "B"): _NOTO / "NotoSansDevanagari_700Bold.ttf",
    ("more", ""): _PLEX / "ibm-plex-sans-latin-400-normal.woff2",
    ("more", "B"): _PLEX / "ibm-plex-sans-latin-600-normal.woff2",
    ("most", ""): _PLEX / "ibm-plex-sans-latin-ext-400-normal.woff2",
    ("most", "B"): _PLEX / "ibm-plex-sans-latin-ext-600-normal.woff2",
}
WIDTH, HEIGHT, MARGIN, FOOT = 210.0, 297.0, 16.0, 20.0
"""A4 in millimetres."""
TEXT_WIDTH = WIDTH - 2 * MARGIN
_LEADING = 1.42
_MM_PER_POINT = 25.4 / 72
_ZERO_WIDTH = 0x200B
Colour = tuple[int, int, int]
INK: Colour = (26, 27, 23)
QUIET: Colour = (84, 83, 75)
LEAF: Colour = (28, 90, 58)
DANGER: Colour = (163, 39, 27)
HAIRLINE: Colour = (200, 196, 184)
_FAINT: Colour = (222, 219, 210)
Align = Literal["L", "R", "C"]


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a text looks; ``size`` in points."""

    size: float = 9.5
    bold: bool = False
    colour: Colour = INK
    align: Align = "L"

    @property
    def height(self) -> float:
        """From one line to the next, in millimetres."""
        return self.size * _MM_PER_POINT * _LEADING


class SheetPdf(FPDF):
    """An A4 document. ``again`` stands at the head of every page but the first, ``foot`` below each beside
    the page's number (``page_words`` with ``%(page)s`` and ``%(pages)s`` in it); ``across`` goes across it.
    """

    def __init__(
        self, *, title: str, made_at: datetime, again: str, foot: str, page_words: str, across: str = ""
    ) -> None:
        super().__init__(format="A4")
        self._again, self._foot, self._page_words, self._across = again, foot, page_words, across
        self._has_further_fonts = False
        self._broken: dict[tuple[str, float, Style], list[str]] = {}
        for (family, style), path in _FACES.items():
            if family == "sheet":
                self.add_font(family, style, str(path))
        self.set_text_shaping(True)
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(True, FOOT)
        self.set_title(title)
        self.set_creator("Sutra")
        self.set_creation_date(made_at)
        self.set_line_width(0.2)
        self.add_page()

    def header(self) -> None:
        if self._across:
            self._write_across()
        if self.page_no() > 1 and self._again:
            style = Style(size=8, colour=QUIET)
            self.put(self._again, MARGIN, MARGIN - 6, TEXT_WIDTH, style)
            self.hairline(MARGIN + 1)
            self.set_y(MARGIN + 4)

    def footer(self) -> None:
        style = Style(size=7.5, colour=QUIET)
        y = HEIGHT - 12
        self.put(self._foot, MARGIN, y, TEXT_WIDTH - 30, style)
        words = self._page_words.replace("%(page)s", str(self.page_no())).replace("%(pages)s", "{nb}")
        self._pen(style)
        # The number of pages is filled in at the end: the text is placed by about how wide it will be.
        width = self.get_string_width(words.replace("{nb}", str(self.page_no())))
        self.set_xy(WIDTH - MARGIN - width, y)
        self.cell(width, style.height, words)

    def _write_across(self) -> None:
        style = Style(size=46, bold=True, colour=_FAINT, align="C")
        x, y = self.get_x(), self.get_y()
        with self.rotation(38, WIDTH / 2, HEIGHT / 2):
            self.put(self._across, 0, HEIGHT / 2 - 10, WIDTH, style)
        self.set_xy(x, y)

    # Writing -----------------------------------------------------------------------------------------------

    def lines_of(self, text: str, width: float, style: Style = Style()) -> list[str]:
        """``text`` broken into the lines it takes at ``width`` millimetres."""
        known = self._broken.get((text, width, style))
        if known is not None:
            return known
        said = self._printable(text)
        lines: list[str] = []
        if said:
            self._pen(style)
            broken = self.multi_cell(
                width, style.height, said, dry_run=True, output=MethodReturnValue.LINES, align="L"
            )
            lines = [str(line) for line in broken] if isinstance(broken, list) else []
        self._broken[text, width, style] = lines
        return lines

    def height_of(self, text: str, width: float, style: Style = Style()) -> float:
        """How many millimetres ``text`` takes at ``width``."""
        return len(self.lines_of(text, width, style)) * style.height

    def put(self, text: str, x: float, y: float, width: float, style: Style = Style()) -> float:
        """Write ``text`` into the column at (x, y), not looking at the end of the page; gives the y below."""
        with _on_this_page(self):
            for line in self.lines_of(text, width, style):
                self._line(line, x, y, width, style)
                y += style.height
        return y

    def flow(self, text: str, style: Style = Style(), *, x: float = MARGIN, width: float = 0) -> None:
        """Write ``text`` from where the pen stands, over as many pages as it takes."""
        width = width or WIDTH - MARGIN - x
        for line in self.lines_of(text, width, style):
            self.room(style.height)
            y = self.get_y()
            self._line(line, x, y, width, style)
            self.set_xy(MARGIN, y + style.height)

    def room(self, height: float) -> None:
        """Begin a new page where ``height`` millimetres are not left on this one."""
        if self.get_y() + height > HEIGHT - FOOT and height < HEIGHT - FOOT - MARGIN - 10:
            self.add_page()

    def hairline(
        self, y: float, colour: Colour = HAIRLINE, *, x: float = MARGIN, width: float = TEXT_WIDTH
    ) -> None:
        """A thin line across the column."""
        self.set_draw_color(*colour)
        self.line(x, y, x + width, y)

    def qr(self, data: str, x: float, y: float, size: float) -> None:
        """A QR code as black squares, ``size`` millimetres wide with no margin."""
        rows: Sequence[Sequence[int]] = list(segno.make(data, error="m", micro=False).matrix)
        dot = size / len(rows)
        self.set_fill_color(0, 0, 0)
        for down, row in enumerate(rows):
            across = 0
            while across < len(row):
                run = 0
                while across + run < len(row) and row[across + run]:
                    run += 1
                if run:
                    self.rect(x + across * dot, y + down * dot, run * dot, dot, style="F")
                across += run or 1

    def made(self) -> bytes:
        """The finished file."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                _name_silent_glyphs(font)
        return bytes(self.output())

    # Inside ------------------------------------------------------------------------------------------------

    def _pen(self, style: Style) -> None:
        self.set_font("sheet", "B" if style.bold else "", style.size)
        self.set_text_color(*style.colour)

    def _line(self, text: str, x: float, y: float, width: float, style: Style) -> None:
        """One line, with its text beside it for readers: shaped letters stand in the order they are drawn."""
        self._pen(style)
        self.set_xy(x, y)
        said = text.encode("utf-16-be").hex().upper()
        self._out(f"/Span <</ActualText <FEFF{said}>>> BDC")
        self.cell(width, style.height, text, align=style.align, new_x=XPos.LMARGIN, new_y=YPos.TOP)
        self._out("EMC")

    def _printable(self, text: str) -> str:
        """``text`` in letters the fonts have; further fonts are loaded once one of their letters comes."""
        text = unicodedata.normalize("NFC", clean(text)).replace("\t", " ").strip()
        if text.isascii():
            return text
        out = []
        usual, further = _letters("sheet"), _letters("more") | _letters("most")
        for letter in text:
            if letter == "\n" or letter in usual:
                out.append(letter)
            elif letter in further:
                self._take_further_fonts()
                out.append(letter)
            elif unicodedata.category(letter) not in ("Cf", "Mn", "Cc"):
                out.append(_in_latin(letter))
        return "".join(out)

    def _take_further_fonts(self) -> None:
        if self._has_further_fonts:
            return
        for (family, style), path in _FACES.items():
            if family != "sheet":
                self.add_font(family, style, str(path))
        self.set_fallback_fonts(["more", "most"])
        self._has_further_fonts = True


@contextmanager
def _on_this_page(sheet: SheetPdf) -> Iterator[None]:
    """Whatever is written here begins no new page."""
    sheet.set_auto_page_break(False)
    try:
        yield
    finally:
        sheet.set_auto_page_break(True, FOOT)


@cache
def _letters(family: str) -> frozenset[str]:
    """What a family can write."""
    with TTFont(_FACES[family, ""], lazy=True) as font:
        return frozenset(chr(code) for code in font.getBestCmap())


@cache
def _in_latin(letter: str) -> str:
    """A letter no face has, in Latin letters; a box in words where there is no such thing."""
    return anyascii(letter) or "[?]"


def _name_silent_glyphs(font: TTFFont) -> None:
    """Give the second glyph of a cluster a text of no width.

    A cluster of several glyphs (a vowel sign before its consonant) has its text on the first one, and fpdf2
    leaves the others without: readers then take the glyph's number for a letter.
    """
    subset = font.subset
    subset._char_id_per_glyph = {
        Glyph(glyph.glyph_id, (_ZERO_WIDTH,), glyph.glyph_name, glyph.glyph_width)
        if glyph is not None and glyph.unicode == ()
        else glyph: number
        for glyph, number in subset._char_id_per_glyph.items()
    }
