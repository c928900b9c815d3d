"""Postal codes and e-mail addresses."""

from __future__ import annotations

import re

from clinic.accounts.service import parse_email
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.imports.values.blank import is_blank, within
from clinic.patients.details import PIN_CODE

_LABEL = re.compile(r"^(?:pin|पिन)[\s-]?(?:code|कोड|no)?[\s.:=-]*", re.IGNORECASE)
_DECIMALS = re.compile(r"\.0+$")


def read_postal_code(text: str, *, country: str = "IN", field: str = "postal_code") -> str | None:
    """A PIN code as six digits, from ``56 0001``, ``560-001`` or ``560001.0``; None for an empty cell.

    Outside India the code as it stands. Raises Invalid.
    """
    if is_blank(text):
        return None
    if country != "IN":
        code = one_line(text)
        if len(code) > 20:
            raise Invalid(_("At most %(max)d characters.", max=20), field=field)
        return code
    code = _DECIMALS.sub("", _LABEL.sub("", within(text, 60, field=field)))
    code = re.sub(r"[\s.-]", "", code)
    if not PIN_CODE.fullmatch(code):
        raise Invalid(_("A PIN code has 6 digits, the first is not 0."), field=field)
    return code


def read_email(text: str, *, field: str = "email") -> str | None:
    """An e-mail address in lower case; None for an empty cell. Raises Invalid."""
    if is_blank(text):
        return None
    address = within(text, 320, field=field)
    if address.lower().startswith("mailto:"):
        address = address[len("mailto:") :]
    return parse_email(address.strip(" <>,;"), field=field)
