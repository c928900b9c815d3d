"""What stands in the name's cell of a register, and cells that a spreadsheet has left without their value."""

from __future__ import annotations

import re

from clinic.core.i18n import gettext as _
from clinic.core.text import fold, one_line
from clinic.imports import values
from clinic.imports.kinds.base import Reader

MOST_COMMAS = 2
_SUMS = frozenset(("total", "grand total", "sub total", "subtotal", "totals", "sum", "कुल", "कुल योग", "योग"))
_RELATION = re.compile(
    r"(?<=[\s,.(])\(?(?:[sdwchfm]\s?/\s?o\b|(?:son|daughter|wife|husband|care) of\b"
    r"|(?:(?:सु)?पुत्री?|(?:धर्म)?पत्नी|पति)(?=[\s:.-])).*",
    re.IGNORECASE | re.DOTALL,
)
"""``S/o Ram Lal`` behind a name: whose son somebody is."""
_EXACT = ("file_number", "mobile", "birth", "age", "age_sex", "first_visit", "died", "emergency_phone")
_SPELLED = re.compile(r"=\s*(?:\"[^\"]*\"|[-+\d\s.,/]*)")
"""``="98450 11723"`` is a number that a spreadsheet was told to leave alone."""


def read_name(reader: Reader) -> tuple[str, str | None]:
    """The name, and as it stood there whose son, daughter or wife it is; a fault beside it for no name."""
    name = reader.text("name")
    if values.is_blank(name):
        reader.refuse("name", _("There is no name on this line."))
        return "", None
    if not any(letter.isalpha() for letter in name):
        reader.refuse("name", _("This is not a name."))
    if fold(name) in _SUMS and values.is_blank(reader.text("mobile")):
        reader.refuse("name", _("This is a sum, not a patient."))
    if name.count(",") > MOST_COMMAS or any(letter.isdigit() for letter in name):
        reader.note("name", _("Is all of this the name?"))
    # A list of our own, which has our numbers, gives back the name as it was.
    found = None if reader.text("mrn") else _RELATION.search(name)
    before = name[: found.start()].strip(" ,.(-") if found else ""
    if found is None or not any(letter.isalpha() for letter in before):
        return name, None
    relation = one_line(found[0])
    reader.note("name", _("Kept under the remarks: “%(words)s”.", words=relation[:80]))
    return before, relation


def refuse_formulas(reader: Reader) -> None:
    """Refuse formulas where only a value means something: a workbook saved by a program has them so."""
    for name in _EXACT:
        text = reader.text(name)
        if text.startswith("=") and not _SPELLED.fullmatch(text):
            reader.refuse(name, _("This is a formula without its value. Open the file in Excel and save it."))
            reader.cells = {**reader.cells, name: ""}
