"""A prescription as a sheet of A4: what Indian rules want on it, and what a patient needs to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from flask_babel import force_locale

from clinic.core import clock
from clinic.core.i18n import gettext as _
from clinic.core.pdf import (
    DANGER,
    FOOT,
    HEIGHT,
    INK,
    LEAF,
    MARGIN,
    QUIET,
    TEXT_WIDTH,
    WIDTH,
    SheetPdf,
    Style,
)
from clinic.prescriptions.sheet import Sheet, SheetLine

BODY = Style(size=9.5)
STRONG = Style(size=9.5, bold=True)
SMALL = Style(size=8, colour=QUIET)
LABEL = Style(size=7.5, bold=True, colour=QUIET)
NAME = Style(size=11, bold=True)
DOSING = Style(size=12, bold=True)
NUMBER_X, NAME_X, DOSE_X, FOR_X = MARGIN, MARGIN + 8, MARGIN + 82, MARGIN + 146
NAME_W, DOSE_W, FOR_W = DOSE_X - NAME_X - 4, FOR_X - DOSE_X - 4, WIDTH - MARGIN - FOR_X
QR, LABEL_W = 22.0, 26.0


def prescription_pdf(sheet: Sheet, *, made_at: datetime | None = None) -> bytes:
    """The sheet as a PDF file, its labels in the language of the sheet.

    ``made_at`` is the file's date; the same sheet with the same date gives the same bytes.
    """
    with force_locale(sheet.locale):
        pdf = SheetPdf(
            title=_("Prescription %(reference)s", reference=sheet.reference),
            made_at=made_at or clock.now(),
            again=" · ".join(
                filter(None, (sheet.patient_name, sheet.mrn, sheet.reference, sheet.written_on))
            ),
            foot=" · ".join(filter(None, (sheet.clinic_name, sheet.reference))),
            page_words=_("Page %(page)s of %(pages)s", page="%(page)s", pages="%(pages)s"),
            across=_across(sheet),
        )
        _letterhead(pdf, sheet)
        _patient(pdf, sheet)
        _why(pdf, sheet)
        _medicines(pdf, _("Medicines"), sheet.general)
        _medicines(pdf, _("Ayurvedic medicines"), sheet.ayurvedic)
        _diet(pdf, sheet)
        for label, text in (
            (_("Tests"), "; ".join(sheet.tests)),
            (_("Advice"), sheet.advice),
            (_("Come again"), sheet.review_on),
            (_("In spite of a warning"), "\n".join(sheet.overrides)),
        ):
            _beside(pdf, label, text)
        _signature(pdf, sheet)
        return pdf.made()


def _joined(*texts: str) -> str:
    return " · ".join(text for text in texts if text)


def _across(sheet: Sheet) -> str:
    """What nobody may overlook."""
    if sheet.is_draft:
        return _("DRAFT, not signed")
    return _("No longer valid") if sheet.withdrawn else ""


def _letterhead(pdf: SheetPdf, sheet: Sheet) -> None:
    half = TEXT_WIDTH / 2
    left = pdf.put(sheet.clinic_name, MARGIN, MARGIN - 4, half, Style(size=15, bold=True, colour=LEAF))
    for text in (sheet.clinic_address, _joined(sheet.clinic_phone, sheet.clinic_email)):
        left = pdf.put(text, MARGIN, left, half - 4, SMALL)
    x, right = MARGIN + half, MARGIN - 4
    right = pdf.put(sheet.practitioner_name, x, right, half, Style(size=12, bold=True, align="R"))
    aside = Style(size=8.5, colour=QUIET, align="R")
    right = pdf.put(sheet.qualification, x, right, half, aside)
    if sheet.registration:
        number = _("Registration no. %(number)s", number=sheet.registration)
        right = pdf.put(number, x, right, half, Style(size=8.5, align="R"))
    right = pdf.put(sheet.practitioner_phone, x, right, half, aside)
    y = max(left, right) + 2
    pdf.hairline(y, LEAF)
    pdf.set_xy(MARGIN, y + 3)
    y = pdf.get_y()
    pdf.put(_("Prescription"), MARGIN, y, half, Style(size=13, bold=True))
    if sheet.withdrawn:
        pdf.put(sheet.withdrawn, MARGIN + 40, y + 1, TEXT_WIDTH - 90, Style(size=9, bold=True, colour=DANGER))
    said = _joined(sheet.reference, sheet.written_on)
    pdf.put(said, MARGIN + half, y + 1, half, Style(size=9.5, align="R"))
    pdf.set_xy(MARGIN, y + 8)


def _patient(pdf: SheetPdf, sheet: Sheet) -> None:
    y = pdf.get_y()
    wide, narrow = TEXT_WIDTH * 0.6, TEXT_WIDTH * 0.4
    left = pdf.put(sheet.patient_name, MARGIN, y, wide - 4, Style(size=12, bold=True))
    left = pdf.put(", ".join(filter(None, (sheet.patient_facts, sheet.mrn))), MARGIN, left, wide - 4, BODY)
    right = pdf.put(sheet.patient_address, MARGIN + wide, y + 0.6, narrow, Style(size=8.5, align="R"))
    right = pdf.put(sheet.patient_phone, MARGIN + wide, right, narrow, Style(size=8.5, align="R"))
    y = max(left, right) + 2
    if sheet.allergies:
        words = _("Allergies: %(list)s", list=sheet.allergies)
        y = pdf.put(words, MARGIN, y, TEXT_WIDTH, Style(size=9.5, bold=True, colour=DANGER)) + 1
    pdf.hairline(y)
    pdf.set_xy(MARGIN, y + 3)


def _why(pdf: SheetPdf, sheet: Sheet) -> None:
    _beside(pdf, _("Diagnosis"), "; ".join(sheet.diagnoses))
    _beside(pdf, _("Measured"), sheet.vitals)
    pdf.set_y(pdf.get_y() + 1)


def _beside(pdf: SheetPdf, label: str, text: str) -> None:
    """A text with its label to the left of it."""
    if not text:
        return
    pdf.room(2 * BODY.height)
    y = pdf.get_y()
    below = pdf.put(label, MARGIN, y + 0.5, LABEL_W - 2, LABEL)
    page = pdf.page_no()
    pdf.set_y(y)
    pdf.flow(text, BODY, x=MARGIN + LABEL_W)
    if pdf.page_no() == page:
        pdf.set_y(max(pdf.get_y(), below) + 1)


def _medicines(pdf: SheetPdf, title: str, lines: Sequence[SheetLine]) -> None:
    if not lines:
        return
    first = _row_height(pdf, lines[0])
    pdf.room(14 + first)
    y = pdf.get_y() + 1
    pdf.put(f"Rx  {title}", MARGIN, y, DOSE_X - MARGIN, Style(size=10.5, bold=True, colour=LEAF))
    pdf.put(_("How to take it"), DOSE_X, y + 0.8, DOSE_W, LABEL)
    pdf.put(_("For how long"), FOR_X, y + 0.8, FOR_W, LABEL)
    pdf.hairline(y + 6, INK)
    pdf.set_xy(MARGIN, y + 7.5)
    for line in lines:
        _row(pdf, line)


def _name_column(line: SheetLine) -> list[tuple[str, Style]]:
    what = " ".join(filter(None, (line.form, line.strength)))
    brand = _("Brand: %(name)s", name=line.brand) if line.brand else ""
    return [(line.name, NAME), (what, BODY), (brand, SMALL), (line.substitution, SMALL)]


def _dose_column(line: SheetLine) -> list[tuple[str, Style]]:
    taken_with = _("with %(what)s", what=line.anupana) if line.anupana else ""
    return [
        (line.dosing, DOSING),
        (line.plain, BODY),
        (", ".join(filter(None, (line.sevana_kala, taken_with))), BODY),
        (line.route, SMALL),
        (line.instructions, BODY),
    ]


def _for_column(line: SheetLine) -> list[tuple[str, Style]]:
    total = _("Total: %(quantity)s", quantity=line.quantity) if line.quantity else ""
    return [(line.duration, STRONG), (total, BODY)]


def _height(pdf: SheetPdf, texts: Iterable[tuple[str, Style]], width: float) -> float:
    return sum(pdf.height_of(text, width, style) for text, style in texts)


def _row_height(pdf: SheetPdf, line: SheetLine) -> float:
    return 4 + max(
        _height(pdf, _name_column(line), NAME_W),
        _height(pdf, _dose_column(line), DOSE_W),
        _height(pdf, _for_column(line), FOR_W),
    )


def _row(pdf: SheetPdf, line: SheetLine) -> None:
    """One medicine, kept together on its page; one that is longer than a page flows below itself."""
    height = _row_height(pdf, line)
    columns = ((NAME_X, NAME_W, _name_column), (DOSE_X, DOSE_W, _dose_column), (FOR_X, FOR_W, _for_column))
    if height > HEIGHT - FOOT - MARGIN - 10:
        pdf.flow(f"{line.number}.", NAME)
        for _x, _width, column in columns:
            for text, style in column(line):
                pdf.flow(text, style, x=NAME_X)
    else:
        pdf.room(height)
        top = pdf.get_y()
        pdf.put(f"{line.number}.", NUMBER_X, top, 8, NAME)
        for x, width, column in columns:
            y = top
            for text, style in column(line):
                y = pdf.put(text, x, y, width, style)
        pdf.set_xy(MARGIN, top + height - 4)
    pdf.hairline(pdf.get_y() + 1.5)
    pdf.set_xy(MARGIN, pdf.get_y() + 4)


def _diet(pdf: SheetPdf, sheet: Sheet) -> None:
    """What to eat and what to leave, side by side."""
    keep, avoid = "\n".join(sheet.pathya), "\n".join(sheet.apathya)
    if not keep and not avoid:
        return
    half = TEXT_WIDTH / 2 - 4
    height = max(pdf.height_of(keep, half, BODY), pdf.height_of(avoid, half, BODY)) + 8
    if height > HEIGHT / 2:
        _text(pdf, _("Good for you (pathya)"), keep)
        _text(pdf, _("Better left (apathya)"), avoid)
        return
    pdf.room(height)
    y = pdf.get_y() + 1
    for x, title, text in (
        (MARGIN, _("Good for you (pathya)"), keep),
        (MARGIN + half + 8, _("Better left (apathya)"), avoid),
    ):
        if text:
            pdf.put(text, x, pdf.put(title, x, y, half, LABEL) + 0.5, half, BODY)
    pdf.set_xy(MARGIN, y + height)


def _text(pdf: SheetPdf, title: str, text: str) -> None:
    if not text:
        return
    pdf.room(12)
    pdf.set_y(pdf.get_y() + 1)
    pdf.flow(title, LABEL)
    pdf.flow(text, BODY)
    pdf.set_y(pdf.get_y() + 2)


def _signature(pdf: SheetPdf, sheet: Sheet) -> None:
    """Who signed and when, and how a third person checks the paper; kept together at the end."""
    pdf.room(QR + 10)
    y = pdf.get_y() + 4
    if sheet.verify_url and not sheet.is_draft:
        pdf.qr(sheet.verify_url, MARGIN, y, QR)
        x = MARGIN + QR + 4
        below = pdf.put(_("Is this paper true?"), x, y, 60, LABEL)
        words = _("Scan the code, or type it at %(address)s", address=_place(sheet.verify_url))
        below = pdf.put(words, x, below, 62, SMALL)
        pdf.put(sheet.verify_code, x, below + 0.5, 62, STRONG)
    x, width = MARGIN + TEXT_WIDTH / 2 + 8, TEXT_WIDTH / 2 - 8
    if sheet.is_draft:
        pdf.put(_("Not signed"), x, y + 8, width, Style(size=11, bold=True, colour=DANGER, align="R"))
        return
    y = pdf.put(sheet.signature_name, x, y, width, Style(size=13, bold=True, align="R"))
    aside = Style(size=8.5, colour=QUIET, align="R")
    if sheet.registration:
        number = _("Registration no. %(number)s", number=sheet.registration)
        y = pdf.put(number, x, y, width, aside)
    y = pdf.put(_("Signed electronically, %(when)s", when=sheet.signed_at), x, y, width, aside)
    if sheet.valid_until:
        pdf.put(_("Valid until %(day)s", day=sheet.valid_until), x, y, width, aside)


def _place(url: str) -> str:
    """Where a code is typed in: the address without the code itself."""
    return url.rsplit("/", 1)[0].removeprefix("https://").removeprefix("http://")
