"""What one line says about a service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import partial

from anyascii import anyascii

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import fold, one_line
from clinic.imports import values
from clinic.imports.kinds.base import Context, Reader, Reading
from clinic.imports.values.blank import word

LONGEST_NAME, LONGEST_CODE, LONGEST_TEXT = 120, 40, 1000
USUAL_MINUTES = 30
HIGHEST_FEE = Decimal(10_000_000)
MOST_EQUIPMENT = 6
YES_OR_NO = ("online_booking", "needs_confirmation", "in_person", "online", "same_sex", "active")
BOUNDS = {
    "buffer_before": (0, 240, 5),
    "buffer_after": (0, 240, 5),
    "therapists": (0, 6, 1),
    "capacity": (1, 200, 1),
    "notice_minutes": (0, 43_200, 1),
    "horizon_days": (1, 730, 1),
    "change_minutes": (0, 43_200, 1),
}
"""Whole numbers: the smallest, the largest, and the step."""
_WHOLE = re.compile(r"(\d{1,5})\s?(min|mins|minutes?|days?|मिनट|दिन)?\.?")


def read_service(cells: Mapping[str, str], context: Context) -> Reading:
    """Read a line: what is wrong stands beside its field. A code that is not there is made of the name;
    ``made`` says so.
    """
    reader = Reader(cells, context)
    name, code = _name(reader), reader.line("code", LONGEST_CODE)
    minutes = reader.take("minutes", _read_minutes)
    fee = reader.take("fee", _read_fee)
    reading = reader.reading
    reading.values = {
        "code": code or code_of(name),
        "made": code is None,
        "name": name,
        "name_hi": reader.line("name_hi", LONGEST_NAME),
        "minutes": minutes,
        "fee": None if fee is None else f"{fee:.2f}",
        "hue": reader.take("hue", _read_hue),
        "room_kind": reader.line("room_kind", LONGEST_CODE),
        "note_template": reader.line("note_template", LONGEST_CODE),
        "before_you_come": _text(reader, "before_you_come"),
        "before_you_come_hi": _text(reader, "before_you_come_hi"),
        "equipment": _equipment(reader),
        **{field: reader.take(field, partial(_read_whole, field=field)) for field in BOUNDS},
        **{field: _yes_or_no(reader, field) for field in YES_OR_NO},
    }
    if reading.values["in_person"] == reading.values["online"] == "no":
        reader.refuse("in_person", _("Choose in person, online, or both."))
    wrong = {fault["field"] for fault in reading.faults}
    if minutes is None and "minutes" not in wrong:
        reader.note("minutes", _("Nothing is said: %(num)d minutes for a new one.", num=USUAL_MINUTES))
    if fee is None and "fee" not in wrong:
        reader.note("fee", _("Nothing is said: no fee for a new one."))
    reading.name = fold(name) or None
    return reading


def code_of(name: str) -> str:
    """A short code made of a name, in ASCII: ``abhyanga-60-min``."""
    letters = re.sub(r"[^a-z0-9]+", "-", anyascii(name).lower())
    return letters[:LONGEST_CODE].strip("-") or "service"


def _name(reader: Reader) -> str:
    name = one_line(reader.text("name"))
    if values.is_blank(name):
        reader.refuse("name", _("There is no name on this line."))
        return ""
    if len(name) > LONGEST_NAME:
        reader.refuse("name", _("At most %(max)d characters.", max=LONGEST_NAME))
    return name


def _text(reader: Reader, name: str) -> str | None:
    text = reader.text(name)
    if values.is_blank(text):
        return None
    if len(text) > LONGEST_TEXT:
        reader.refuse(name, _("At most %(max)d characters.", max=LONGEST_TEXT))
        return None
    return text


def _read_minutes(text: str) -> int | None:
    minutes = values.read_minutes(text)
    if minutes is not None and not 5 <= minutes <= 720:
        raise Invalid(_("A visit lasts 5 to 720 minutes."), field="minutes")
    return minutes


def _read_fee(text: str) -> Decimal | None:
    fee = values.read_money(text, field="fee")
    if fee is not None and fee >= HIGHEST_FEE:
        raise Invalid(_("A fee is from 0 to 9,999,999."), field="fee")
    return fee


def _read_hue(text: str) -> int | None:
    if values.is_blank(text):
        return None
    number = word(text)
    if number not in tuple("12345678"):
        raise Invalid(_("A colour is a number from 1 to 8."), field="hue")
    return int(number)


def _read_whole(text: str, *, field: str) -> int | None:
    if values.is_blank(text):
        return None
    low, high, step = BOUNDS[field]
    found = _WHOLE.fullmatch(word(text))
    number = int(found[1]) if found else None
    if number is None or not low <= number <= high:
        raise Invalid(_("A whole number from %(low)s to %(high)s.", low=low, high=high), field=field)
    if number % step:
        raise Invalid(_("In steps of five."), field=field)
    return number


def _equipment(reader: Reader) -> str | None:
    """Kinds with commas between them, as they are kept: ``dhara stand, dhara stand``."""
    text = one_line(reader.text("equipment"))
    if values.is_blank(text):
        return None
    kinds = [kind.strip() for kind in re.split(r"[,;+]", text) if kind.strip()]
    if len(kinds) > MOST_EQUIPMENT:
        reader.refuse("equipment", _("At most 6 pieces of equipment."))
        return None
    if any(len(kind) > LONGEST_CODE for kind in kinds):
        reader.refuse("equipment", _("At most %(max)d characters.", max=LONGEST_CODE))
        return None
    return ", ".join(kinds) or None


def _yes_or_no(reader: Reader, name: str) -> str | None:
    value = reader.take(name, lambda cell: values.read_yes_no(cell, field=name))
    return None if value is None else "yes" if value else "no"
