"""Public holidays where a facility is, as suggestions for its closures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from clinic.core.text import fold
from clinic.facilities.models import Facility

COUNTRIES = {
    "Asia/Kolkata": "IN",
    "Asia/Calcutta": "IN",
    "Asia/Kathmandu": "NP",
    "Asia/Colombo": "LK",
    "Asia/Dubai": "AE",
    "Asia/Singapore": "SG",
    "Europe/London": "GB",
}
"""The country of a zone. Where it is not here, the currency decides, and at last India."""
BY_CURRENCY = {"GBP": "GB", "NPR": "NP", "LKR": "LK", "AED": "AE", "SGD": "SG"}
ENGLISH = ("en_IN", "en_GB", "en_US")


@dataclass(frozen=True, kw_only=True)
class PublicHoliday:
    """A day and what it is called; several names are joined."""

    day: date
    name: str


def country_of(facility: Facility) -> str:
    """The two letters of the country (ISO 3166) whose holidays a facility keeps."""
    return COUNTRIES.get(facility.zone) or BY_CURRENCY.get(facility.currency) or "IN"


def public_holidays(facility: Facility, year: int, locale: str) -> list[PublicHoliday]:
    """The public holidays of a year, by day, named in ``locale`` (``en``, ``hi``) where there are such names.

    The state's own are among them where the facility's state is known. Those that follow the moon are
    reckoned beforehand and may differ by a day from what is proclaimed.
    """
    return list(_of_year(country_of(facility), fold(facility.state or ""), year, locale))


@lru_cache(maxsize=128)
def _of_year(country: str, state: str, year: int, locale: str) -> tuple[PublicHoliday, ...]:
    import holidays  # half a second, and only this page needs it

    kind = getattr(holidays, country)
    language = next(
        (one for one in (locale, *ENGLISH) if one in kind.supported_languages), kind.default_language
    )
    names = {fold(name): code for name, code in kind.subdivisions_aliases.items()}
    names |= {fold(code): code for code in kind.subdivisions}
    found = kind(years=year, subdiv=names.get(state), language=language)
    return tuple(PublicHoliday(day=day, name=name.replace("; ", ", ")) for day, name in sorted(found.items()))
