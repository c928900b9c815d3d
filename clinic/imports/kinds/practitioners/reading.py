"""What one line says about a practitioner."""

from __future__ import annotations

import re
from collections.abc import Mapping

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.imports import values
from clinic.imports.kinds.base import Context, Reader, Reading
from clinic.imports.kinds.people import bare
from clinic.imports.values.blank import word

LONGEST: Mapping[str, int] = {
    "specialization": 120,
    "qualification": 200,
    "licence_number": 60,
    "registration_number": 60,
    "line": 200,
    "city": 100,
    "state": 100,
    "postal_code": 20,
    "country": 60,
}
"""Texts kept as they stand, and how long they may be."""
LONGEST_NAME, LONGEST_PHONE, MOST_YEARS = 120, 40, 80
_YEARS = re.compile(r"(\d{1,3})(?:\.\d+)?\s?\+?\s?(?:y|yr|yrs|year|years|वर्ष|साल)?\s?[.+]?(?:\s?experience)?")


def read_practitioner(cells: Mapping[str, str], context: Context) -> Reading:
    """Read a line: what is wrong stands beside its field."""
    reader = Reader(cells, context)
    name = _name(reader)
    reading = reader.reading
    reading.values = {
        "name": name,
        "sex": reader.take("sex", values.read_sex),
        **{field: reader.line(field, most) for field, most in LONGEST.items()},
        "experience_years": reader.take("experience_years", _read_years),
        "default_minutes": reader.take("default_minutes", _read_minutes),
        "phone": reader.take("phone", _read_phone),
        "email": reader.take("email", values.read_email),
        "active": _yes_or_no(reader, "active"),
    }
    if _yes_or_no(reader, "verified") == "yes":
        reader.note("verified", _("Comes in unverified all the same: an administrator looks at the licence."))
    reading.name = bare(name) or None
    return reading


def _name(reader: Reader) -> str:
    name = one_line(reader.text("name"))
    if values.is_blank(name):
        reader.refuse("name", _("There is no name on this line."))
        return ""
    if not any(letter.isalpha() for letter in name):
        reader.refuse("name", _("This is not a name."))
    if len(name) > LONGEST_NAME:
        reader.refuse("name", _("At most %(max)d characters.", max=LONGEST_NAME))
    return name


def _read_years(text: str) -> int | None:
    if values.is_blank(text):
        return None
    found = _YEARS.fullmatch(word(text)) if len(text) <= 40 else None
    if found is None or int(found[1]) > MOST_YEARS:
        raise Invalid(_("Years of experience go from 0 to 80."), field="experience_years")
    return int(found[1])


def _read_minutes(text: str) -> int | None:
    minutes = values.read_minutes(text, field="default_minutes")
    if minutes is not None and not 5 <= minutes <= 480:
        raise Invalid(_("A visit lasts 5 to 480 minutes."), field="default_minutes")
    return minutes


def _read_phone(text: str) -> str | None:
    """The number as it stands there, once it is one; a spreadsheet's 9.845E+09 as what it means."""
    phones = values.read_phones(text, field="phone")
    if phones is None:
        return None
    stands = one_line(text)
    if len(stands) > LONGEST_PHONE:
        raise Invalid(_("At most %(max)d characters.", max=LONGEST_PHONE), field="phone")
    if phones.mobile is None or phones.mobile[-10:] in re.sub(r"\D", "", word(stands)):
        return stands
    return phones.mobile


def _yes_or_no(reader: Reader, name: str) -> str | None:
    value = reader.take(name, lambda cell: values.read_yes_no(cell, field=name))
    return None if value is None else "yes" if value else "no"
