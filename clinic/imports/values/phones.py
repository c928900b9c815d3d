"""Telephone numbers as a register writes them: any spelling, two in a cell, landlines among them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.phones import HOME_REGION, parse_mobile
from clinic.core.text import clean
from clinic.imports.values.blank import is_blank, plain, within, word

LONGEST = 200
FEWEST_DIGITS = 5
"""Fewer digits are not taken for a telephone number: ``Ward 12``."""
MOST_PARTS = 6
"""A number stands in at most so many parts: ``+91 98 22 01 11 11`` has six."""

_SCIENTIFIC = re.compile(r"(?<![\d.])(\d)(?:[.,](\d{1,14}))?\s?e\s?\+?\s?(\d{1,2})(?!\d)", re.IGNORECASE)
_DECIMALS = re.compile(r"(?<=\d{10})\.0+(?!\d)")
_BETWEEN = re.compile(r"[/,;&|\n\t]|[^\W\d_][^\d+(/,;&|\n\t]*")
_LETTER_INSIDE = re.compile(r"\d[^\W\d_]\d")
_FOREIGN_PREFIX = re.compile(r"00(?!0|91)\d{9}")
_NUMBER_MARKS = " -.()"
_LABELS = frozenset(
    word(name)
    for name in (
        "m", "mob", "mobile", "mo", "cell", "ph", "phone", "p",
        "tel", "telephone", "t", "no", "nos", "number", "num",
        "contact", "whatsapp", "wa", "w", "h", "home", "o", "off", "office", "r", "res", "resi", "l", "ll",
        "landline", "or", "and", "alt", "alternate", "personal",
        "primary", "sms", "call", "मो", "मोबाइल", "फोन",
        "फोन नं", "नं", "नंबर", "दूरभाष", "या", "और", "घर", "दुकान",
    )
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Phones:
    """``mobile`` in E.164; ``other`` as it was given, a landline or a second number."""

    mobile: str | None
    other: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Number:
    """One number of a cell: E.164, the way it stood there, and whether messages reach it."""

    e164: str
    given: str
    landline: bool = False
    doubtful: bool = False


@dataclass(frozen=True, kw_only=True)
class Unread:
    """Digits of a cell that are no number, as they stood there, and what is wrong with them."""

    given: str
    fault: Invalid


def read_phones(text: str, *, field: str = "mobile") -> Phones | None:
    """The numbers in a cell; None for an empty one. The first mobile counts, all the rest is ``other``, also
    what could not be read.

    Raises Invalid when no number can be read, with a sentence about the first.
    """
    if is_blank(text):
        return None
    within(text, LONGEST, field=field)
    lines = (plain(line) for line in clean(text).split("\n"))
    cell = "\n".join(line for line in lines if line)
    numbers, unread, words = find_numbers(cell, field=field)
    if not numbers and _LETTER_INSIDE.search(cell):
        raise Invalid(_("A letter stands inside this number."), field=field)
    if not numbers:
        raise unread[0].fault if unread else Invalid(_("This is not a telephone number."), field=field)
    mobile = next((number for number in numbers if not number.landline), None)
    others = [number for number in numbers if number is not mobile]
    return Phones(
        mobile=mobile.e164 if mobile else None,
        other=", ".join([*(number.given for number in others), *(one.given for one in unread)]) or None,
        note=_note(mobile, others, unread, words),
    )


def _note(mobile: Number | None, others: list[Number], unread: list[Unread], words: list[str]) -> str | None:
    notes = []
    if mobile is None:
        notes.append(_("A landline: messages cannot reach it."))
    elif len(others) > 1:
        notes.append(_("The other numbers are kept as they are; messages go to the first mobile."))
    elif others:
        notes.append(_("A second number is kept as it is; messages go to the first mobile."))
    if mobile is not None and mobile.doubtful:
        notes.append(_("This may be a landline; messages could not reach it."))
    if unread:
        notes.append(_("Another number in this cell could not be read; it is kept as it is."))
    if words:
        notes.append(_("Only the number was read, not “%(words)s”.", words=" ".join(words)))
    return " ".join(notes) or None


def find_numbers(cell: str, *, field: str) -> tuple[list[Number], list[Unread], list[str]]:
    """The different numbers of a cell in order, others that are none, and words that are no labels.

    ``cell`` is plain text of at most some hundred characters. Raises Invalid for a number that the
    spreadsheet has shortened.
    """
    cell = _DECIMALS.sub("", _SCIENTIFIC.sub(lambda found: _expanded(found, field), cell))
    words = [part for part in (_unlabelled(found[0]) for found in _BETWEEN.finditer(cell)) if part]
    numbers: dict[str, Number] = {}
    unread: list[Unread] = []
    for piece in _pieces(cell):
        try:
            for number in _numbers_in(piece, field):
                numbers.setdefault(number.e164, number)
        except Invalid as fault:
            unread.append(Unread(given=piece.strip(_NUMBER_MARKS), fault=fault))
    return list(numbers.values()), unread, words


def refuse_shortened(text: str, *, field: str) -> None:
    """Raises Invalid when a number in the text has lost digits to the spreadsheet (``9.845E+09``)."""
    _SCIENTIFIC.sub(lambda found: _expanded(found, field), plain(text))


def _expanded(found: re.Match[str], field: str) -> str:
    """``9.845011723E+09`` with all its digits is a number; with fewer the rest is lost."""
    digits = found[1] + (found[2] or "")
    if len(digits) != int(found[3]) + 1:
        raise Invalid(
            _("The spreadsheet has shortened this number: format the column as text and type it again."),
            field=field,
        )
    return digits


def _unlabelled(between: str) -> str:
    said = between.strip(" -.:()[],;/&|\n\t")
    parts = [part for part in re.split(r"[\s.:()\[\]-]+", said) if part and word(part) not in _LABELS]
    return said if parts else ""


def _pieces(cell: str) -> list[str]:
    """The cell cut where a number ends; a country code cut off from its number is not one."""
    if len(re.sub(r"\D", "", cell)) == 10 and not re.search(r"[^\W\d_]", cell):
        return [cell]
    return [
        piece
        for piece in (part.strip() for part in _BETWEEN.split(cell))
        if re.sub(r"\D", "", piece) not in ("", "0", "91", "091", "0091")
    ]


def _numbers_in(piece: str, field: str) -> list[Number]:
    """The number of a piece, or those that stand side by side with blanks between them."""
    try:
        return [read_number(piece, field=field)]
    except Invalid:
        if len(re.sub(r"\D", "", piece)) < 2 * FEWEST_DIGITS + 6:
            raise
        numbers = _side_by_side(piece.split(), field)
        if numbers is None:
            raise
        return numbers


def _side_by_side(parts: list[str], field: str) -> list[Number] | None:
    """All parts as numbers, each of the fewest parts that make one; None where some are left over."""
    behind: list[list[Number] | None] = [None] * len(parts) + [[]]
    for start in range(len(parts) - 1, -1, -1):
        for end in range(start + 1, min(start + MOST_PARTS, len(parts)) + 1):
            rest = behind[end]
            if rest is None:
                continue
            with suppress(Invalid):
                behind[start] = [read_number(" ".join(parts[start:end]), field=field), *rest]
                break
    return behind[0]


def read_number(text: str, *, field: str) -> Number:
    """One number without words around it. Raises Invalid as ``clinic.core.phones.parse_mobile`` does."""
    given = text.strip(_NUMBER_MARKS.replace("(", "").replace(")", "") + ":'\"[]*#_=")
    given = given.removesuffix("(").removesuffix("()").removeprefix(")").strip()
    digits = re.sub(r"\D", "", given)
    international = given.lstrip("( [").startswith("+")
    if not international and _FOREIGN_PREFIX.match(digits):
        international, digits = True, digits[2:]
    if international and not digits.startswith("91"):
        return Number(e164=parse_mobile("+" + digits, field=field), given=given)
    local = _without_prefixes(digits, international=international)
    landline = _landline(local)
    if landline and (local[:1] not in "6789" or _stands_apart(given, landline)):
        return Number(e164="+91" + local, given=given, landline=True)
    mobile = parse_mobile(local if len(local) == 10 else "+" * international + digits, field=field)
    doubtful = landline is not None and digits.startswith("0") and given.isdigit()
    return Number(e164=mobile, given=given, doubtful=doubtful)


def _without_prefixes(digits: str, *, international: bool) -> str:
    """The ten digits of an Indian number, or all if there are not ten behind what is dialled before them."""
    prefixes = ("91", "910") if international else ("0", "91", "091", "910", "0091", "00910")
    for prefix in prefixes:
        if len(digits) == 10 + len(prefix) and digits.startswith(prefix):
            return digits.removeprefix(prefix)
    return digits


def _landline(local: str) -> phonenumbers.PhoneNumber | None:
    """The number if it belongs to a landline in India or cannot be a mobile for another reason (1800 …)."""
    try:
        number = phonenumbers.parse(local, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    kind = phonenumbers.number_type(number)
    reachable = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return None if kind in reachable else number


def _stands_apart(given: str, number: phonenumbers.PhoneNumber) -> bool:
    """Whether the area code was written as one: ``080-4123 0000``, not ``80412 30000``.

    Only so are mobiles of the 6, 7 and 8 series told from landlines of the same digits.
    """
    groups = re.findall(r"\d+", given)
    if groups and groups[0] in ("91", "0091", "091", "0"):
        groups = groups[1:]
    if not groups:
        return False
    area = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL).split()[0].removeprefix("0")
    return len(groups) > 1 and groups[0].removeprefix("0") == area
