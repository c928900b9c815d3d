"""The data types of FHIR R4 that several resources share, read strictly: a wrong shape is refused by name."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from clinic.core.text import one_line

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_OLD_NAMES = ("maiden", "old")
_COUNTRIES = {
    "IND": "IN",
    "INDIA": "IN",
    "BHARAT": "IN",
    "USA": "US",
    "UNITED STATES": "US",
    "UNITED STATES OF AMERICA": "US",
}


class Refused(Exception):
    """A resource cannot be taken; ``reason`` says why and repeats nothing that identifies anybody."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address as it came; ``country`` is a code of two letters where the words allow it."""

    line: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


def text_of(holder: dict[str, Any], name: str) -> str:
    """A string, tidied to one line; empty when it is missing."""
    value = holder.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"{name} is not text")
    return one_line(value)


def items_of(holder: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects; empty when it is missing."""
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Refused(f"{name} is not a list of objects")
    return value


def dict_of(holder: dict[str, Any], name: str) -> dict[str, Any]:
    """An object; empty when it is missing."""
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(f"{name} is not an object")
    return value


def resource_id(resource: dict[str, Any]) -> str:
    """The logical id, which every resource of an export has."""
    value = resource.get("id")
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Refused("id is missing or not a FHIR id")
    if resource.get("modifierExtension"):
        raise Refused("modifierExtension changes the meaning in a way not known here")
    return value


def identifiers_of(resource: dict[str, Any]) -> list[tuple[str, str]]:
    """The business identifiers as (system, value), each once; those without a system name nobody."""
    pairs = (
        (text_of(item, "system"), text_of(item, "value"))
        for item in items_of(resource, "identifier")
        if text_of(item, "use") != "old"
    )
    return list(dict.fromkeys(pair for pair in pairs if all(pair) and len(pair[0]) + len(pair[1]) < 1000))


def human_name(resource: dict[str, Any], *, prefix: bool = False) -> str:
    """The name in use: official before usual before any other, former names only where there is no other."""
    order = {"official": 0, "usual": 1, "": 2, "temp": 3, "nickname": 4, "anonymous": 5}
    names = items_of(resource, "name")
    ranked = sorted(
        names,
        key=lambda name: (bool(dict_of(name, "period").get("end")), order.get(text_of(name, "use"), 6)),
    )
    for former in (False, True):
        for name in ranked:
            composed = _composed(name, prefix=prefix)
            if composed and (text_of(name, "use") in _OLD_NAMES) == former:
                return composed
    raise Refused("name is missing")


def _composed(name: dict[str, Any], *, prefix: bool) -> str:
    parts = [*(_texts(name, "prefix") if prefix else []), *_texts(name, "given"), text_of(name, "family")]
    has_name = bool(_texts(name, "given") or text_of(name, "family"))
    composed = one_line(" ".join(part for part in parts if part)) if has_name else text_of(name, "text")
    if len(composed) > 200:
        raise Refused("name is longer than 200 characters")
    return composed


def _texts(holder: dict[str, Any], name: str) -> list[str]:
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) or item is None for item in value):
        raise Refused(f"{name} is not a list of texts")
    return [one_line(item) for item in value if item]


def phones_of(resource: dict[str, Any]) -> list[str]:
    """Telephone numbers as they came, mobiles first, former ones left out."""
    rank = {"mobile": 0, "home": 1, "work": 3}
    found = [
        (rank.get(text_of(item, "use"), 2), text_of(item, "value")[:60])
        for item in items_of(resource, "telecom")
        if text_of(item, "system") in ("phone", "sms", "") and text_of(item, "use") != "old"
    ]
    return [number for _rank, number in sorted(found, key=lambda pair: pair[0]) if number]


def emails_of(resource: dict[str, Any]) -> list[str]:
    """E-mail addresses as they came, former ones left out."""
    return [
        text_of(item, "value")
        for item in items_of(resource, "telecom")
        if text_of(item, "system") == "email" and text_of(item, "use") != "old" and text_of(item, "value")
    ]


def address_of(resource: dict[str, Any]) -> Address:
    """The home address, else the first that is not a former one."""
    current = [item for item in items_of(resource, "address") if text_of(item, "use") != "old"]
    if not current:
        return Address()
    chosen = next((item for item in current if text_of(item, "use") == "home"), current[0])
    country = text_of(chosen, "country")[:60]
    code = _COUNTRIES.get(country.upper(), country.upper() if len(country) == 2 else country)
    lines = _texts(chosen, "line")
    return Address(
        line=(", ".join(lines) or text_of(chosen, "text"))[:300] or None,
        city=text_of(chosen, "city")[:100] or None,
        state=text_of(chosen, "state")[:100] or None,
        postal_code=text_of(chosen, "postalCode")[:20] or None,
        country=code or None,
    )


def date_with_precision(text: str, *, name: str) -> tuple[date, str]:
    """A FHIR date and how exact it is: ``day``, ``month`` or ``year``; what is missing is the first."""
    found = _DATE.fullmatch(text)
    if not found:
        raise Refused(f"{name} is not a date")
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    if not (1800 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
        raise Refused(f"{name} is no day of the calendar")
    return date(year, month, day), "day" if found[3] else ("month" if found[2] else "year")


def moment_of(text: str, *, name: str) -> datetime | None:
    """A FHIR dateTime as an instant in UTC; a date alone is its first moment in UTC, an empty text is
    None.
    """
    if not text:
        return None
    if _DATE.fullmatch(text):
        day, _precision = date_with_precision(text, name=name)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or not 1800 <= moment.year <= 2200:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(f"{name} is not a moment in time") from None


def code_in(concept: dict[str, Any]) -> list[tuple[str, str]]:
    """The codings of a concept as (system, code)."""
    return [(text_of(coding, "system"), text_of(coding, "code")) for coding in items_of(concept, "coding")]


def coded_text(concept: dict[str, Any]) -> str:
    """What a concept says in words: its text, else a coding's display, else its code."""
    codings = items_of(concept, "coding")
    displays = [text_of(coding, "display") for coding in codings]
    codes = [text_of(coding, "code") for coding in codings]
    return next((words for words in (text_of(concept, "text"), *displays, *codes) if words), "")
