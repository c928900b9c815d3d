"""Telephone numbers: kept in E.164, shown as people write them."""

from __future__ import annotations

import re

import phonenumbers

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _

HOME_REGION = "IN"


def parse_mobile(text: str, *, field: str = "mobile") -> str:
    """A mobile number as E.164 (``+919845011723``).

    Without a country code it is Indian: 10 digits, the first from 6 to 9; ``0`` or ``91`` before it are
    forgiven. Raises Invalid with a sentence about what is wrong.
    """
    digits = re.sub(r"\D", "", text)
    if text.strip().startswith("+") and not digits.startswith("91"):
        return _foreign(text, field)
    local = digits
    if text.strip().startswith("+") or len(digits) == 12:
        local = digits.removeprefix("91")
    elif len(digits) == 11:
        local = digits.removeprefix("0")
    if len(local) != 10:
        raise Invalid(_("A mobile number has 10 digits, this has %(count)d.", count=len(local)), field=field)
    if local[0] not in "6789" or not local.isascii():
        raise Invalid(_("An Indian mobile number begins with 6, 7, 8 or 9."), field=field)
    return "+91" + local


def parse_telephone(text: str, *, field: str) -> str:
    """A number somebody can be called on, as E.164: a mobile, or a landline in India with its area code.

    Raises Invalid with a sentence about the mobile it is not.
    """
    try:
        return parse_mobile(text, field=field)
    except Invalid:
        try:
            number = phonenumbers.parse(text, HOME_REGION)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or number.country_code != 91 or not phonenumbers.is_valid_number(number):
            raise
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _foreign(text: str, field: str) -> str:
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        raise Invalid(_("This is not a telephone number."), field=field) from None
    if not phonenumbers.is_valid_number(number):
        raise Invalid(_("No telephone has this number; check the country code and the digits."), field=field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def show(number: str | None) -> str:
    """An E.164 number as people write it.

    ``98450 11723`` or ``080 4123 0000`` at home, ``+44 20 7946 0958`` from abroad.
    """
    if not number or not number.startswith("+"):
        return number or ""
    if number.startswith("+91") and len(number) == 13:
        return _landline(number) or f"{number[3:8]} {number[8:]}"
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def show_mobile(number: str | None) -> str:
    """A number that is known to be a mobile: ``71223 30792``, where an area code would look the same."""
    if number and number.startswith("+91") and len(number) == 13:
        return f"{number[3:8]} {number[8:]}"
    return show(number)


def _landline(number: str) -> str | None:
    """``080 4123 0000``; None for a mobile. No area code begins with 9: most are not looked up."""
    if number[3] == "9":
        return None
    parsed = phonenumbers.parse(number, None)
    if phonenumbers.number_type(parsed) != phonenumbers.PhoneNumberType.FIXED_LINE:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)


def country_code(number: str) -> str:
    """The calling code of an E.164 number, without the plus; empty if there is none."""
    try:
        return str(phonenumbers.parse(number, None).country_code)
    except phonenumbers.NumberParseException:
        return ""
