"""One way to call each reader, and what it says when it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from clinic.core.errors import Invalid
from clinic.imports import values
from clinic.imports.values import Order

REFUSED = object()
TODAY = date(2026, 7, 31)
FIRST_VISIT = date(2022, 6, 1)

READERS: dict[str, Callable[[str], Any]] = {
    "is_blank": values.is_blank,
    "guess_order": lambda text: values.guess_order([text, text]),
    "read_day": lambda text: values.read_day(
        text, order=Order.DAY_FIRST, today=TODAY, field="first_visit_on"
    ),
    "read_day, month first": lambda text: values.read_day(
        text, order=Order.MONTH_FIRST, today=TODAY, field="first_visit_on", latest=date(2030, 1, 1)
    ),
    "read_birth": lambda text: values.read_birth(
        text, order=Order.DAY_FIRST, counted_from=FIRST_VISIT, today=TODAY
    ),
    "read_phones": values.read_phones,
    "read_sex": values.read_sex,
    "read_prakriti": values.read_prakriti,
    "read_blood_group": values.read_blood_group,
    "read_allergies": values.read_allergies,
    "read_contact": values.read_contact,
    "read_postal_code": values.read_postal_code,
    "read_postal_code abroad": lambda text: values.read_postal_code(text, country="GB"),
    "read_email": values.read_email,
    "read_yes_no": values.read_yes_no,
    "read_minutes": values.read_minutes,
    "read_money": values.read_money,
    "read_time": values.read_time,
    "read_moment": lambda text: values.read_moment(text, Order.DAY_FIRST, TODAY),
}


def refusal(reader: Callable[[str], Any], text: str) -> str:
    """The sentence with which the text is refused, or what was read instead."""
    try:
        return f"(read as {reader(text)!r})"
    except Invalid as fault:
        return fault.message


def value_or_refused(reader: str, text: str) -> Any:
    """What the reader of that name makes of the text; REFUSED where it refuses."""
    try:
        return READERS[reader](text)
    except Invalid:
        return REFUSED
