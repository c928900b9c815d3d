"""How a patient is told in a line: age, sex, constitution, address."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any, Protocol

from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext, show_date
from clinic.core.names import TITLES
from clinic.core.phones import show_mobile
from clinic.core.text import fold
from clinic.patients.models import BirthPrecision, Prakriti, Sex


class Born(Protocol):
    """Anything with a birth date and how exact it is."""

    @property
    def birth_date(self) -> date | None: ...

    @property
    def birth_precision(self) -> str | None: ...


ADULT = 18
"""Years of age from which somebody speaks for themselves."""


def years_between(born: date, day: date) -> int:
    """Whole years from ``born`` to ``day``; somebody born on 29 February is a year older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _months_between(born: date, day: date) -> int:
    return (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)


def years_before(day: date, years: int) -> date:
    """The same day ``years`` earlier; 29 February becomes 28 February where there is none."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def age_text(patient: Born, today: date) -> str:
    """``46 years``, ``about 46 years`` where the birth date is reckoned, ``8 months`` or ``12 days`` for the
    smallest.
    """
    born = patient.birth_date
    if born is None or born > today:
        return ""
    years = years_between(born, today)
    if patient.birth_precision == BirthPrecision.AGE and not years:
        return ngettext("about %(num)s month", "about %(num)s months", _months_between(born, today))
    if patient.birth_precision in (BirthPrecision.AGE, BirthPrecision.YEAR):
        return ngettext("about %(num)s year", "about %(num)s years", years)
    if years >= 2:
        return ngettext("%(num)s year", "%(num)s years", years)
    months = _months_between(born, today)
    if months >= 1 or patient.birth_precision == BirthPrecision.MONTH:
        return ngettext("%(num)s month", "%(num)s months", months)
    return ngettext("%(num)s day", "%(num)s days", (today - born).days)


def birth_text(patient: Born) -> str:
    """The birth date as exactly as it is known: ``14 Nov 1949``, ``Nov 1949``, ``1949``, or nothing for a
    mere age.
    """
    born = patient.birth_date
    if born is None or patient.birth_precision == BirthPrecision.AGE:
        return ""
    if patient.birth_precision == BirthPrecision.YEAR:
        return f"{born.year:04d}"
    text = show_date(born)
    return text.split(" ", 1)[1] if patient.birth_precision == BirthPrecision.MONTH else text


def sex_letter(sex: str | None) -> str:
    """``F``, ``M`` or ``O``; empty when nobody has said."""
    return {Sex.FEMALE: _("F"), Sex.MALE: _("M"), Sex.OTHER: _("O")}.get(Sex(sex or Sex.UNKNOWN), "")


def sex_word(sex: str | None) -> str:
    """``Female``, ``Male``, ``Other``; empty when nobody has said."""
    return {Sex.FEMALE: _("Female"), Sex.MALE: _("Male"), Sex.OTHER: _("Other")}.get(
        Sex(sex or Sex.UNKNOWN), ""
    )


def prakriti_word(value: str | None) -> str:
    """``Vata-pitta`` and its like; empty when it was not recorded."""
    words = {
        Prakriti.VATA: _("Vata"),
        Prakriti.PITTA: _("Pitta"),
        Prakriti.KAPHA: _("Kapha"),
        Prakriti.VATA_PITTA: _("Vata-pitta"),
        Prakriti.PITTA_KAPHA: _("Pitta-kapha"),
        Prakriti.VATA_KAPHA: _("Vata-kapha"),
        Prakriti.TRIDOSHA: _("Tridosha"),
    }
    return words[Prakriti(value)] if value else ""


def phone_text(patient: object) -> str:
    """The mobile as people write it, else the number as it was given."""
    return show_mobile(getattr(patient, "mobile", None)) or getattr(patient, "phone_as_given", None) or ""


def address_text(patient: object) -> str:
    """The address in one line, without what is missing; the country only abroad."""
    country = getattr(patient, "country", None)
    parts = [getattr(patient, name, None) for name in ("line", "city", "state", "postal_code")]
    return ", ".join(part for part in [*parts, None if country == "IN" else country] if part)


def initials(name: str) -> str:
    """``A. M.`` of ``Asha Menon``, ``आ. मे.`` of ``आशा मेनन``: first and last word without titles; a word's
    first letter with the vowel signs that belong to it.
    """
    words = [word for word in name.split() if fold(word) not in TITLES and fold(word)]
    return " ".join(f"{_first_letter(word)}." for word in (words[:1] + words[1:][-1:]))


def _first_letter(word: str) -> str:
    letters = word.lstrip("".join(char for char in word if not char.isalnum()))
    end = 1
    while end < len(letters) and unicodedata.category(letters[end]).startswith("M"):
        end += 1
    return letters[:end].upper()


def facts_text(patient: Any, today: date) -> str:
    """``F, 46 years``: sex and age as far as they are known; of somebody who died, the age they reached."""
    until = patient.deceased_on if patient.deceased else today
    age = age_text(patient, until) if until else ""
    return ", ".join(part for part in (sex_letter(patient.sex), age) if part)
