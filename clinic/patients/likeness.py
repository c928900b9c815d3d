"""How alike two people are, as far as a register can tell, and why: the one place that scores possible
duplicates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

from clinic.core.i18n import gettext as _
from clinic.core.text import fold
from clinic.patients.models import BirthPrecision

LIKELY = 60
"""From this score on, somebody may be the same person."""
_SIMILAR = 0.8


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What is compared of a person. ``name`` as typed; the mobile in E.164."""

    name: str
    mobile: str | None
    birth_date: date | None
    birth_precision: str | None
    email: str | None = None


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """A score from 0 to 100 and its reasons in words."""

    score: int
    reasons: tuple[str, ...]

    @property
    def likely_same(self) -> bool:
        return self.score >= LIKELY


def compare(one: Traits, other: Traits) -> Likeness:
    """How alike two people are.

    The name counts up to 40, the mobile 30, the birth date 30, the e-mail 15. The same mobile alone is a
    household; a different day of birth, known to the day on both sides, speaks against.
    """
    parts = [
        part
        for part in (_name(one.name, other.name), _mobile(one, other), _birth(one, other), _email(one, other))
        if part is not None
    ]
    score = max(0, min(100, sum(points for points, _why in parts)))
    return Likeness(score=score, reasons=tuple(why for points, why in parts if points > 0))


def _name(one: str, other: str) -> tuple[int, str] | None:
    left, right = fold(one), fold(other)
    if left == right:
        return 40, _("Same name")
    if sorted(left.split()) == sorted(right.split()):
        return 38, _("Same name in another order")
    ratio = SequenceMatcher(None, left, right).ratio()
    if ratio >= _SIMILAR:
        return 32, _("Similar name")
    left_words, right_words = set(left.split()), set(right.split())
    if left_words and right_words and (left_words <= right_words or right_words <= left_words):
        return 30, _("One name is part of the other")
    return None


def _mobile(one: Traits, other: Traits) -> tuple[int, str] | None:
    return (30, _("Same mobile")) if one.mobile and one.mobile == other.mobile else None


def _email(one: Traits, other: Traits) -> tuple[int, str] | None:
    same = one.email and other.email and one.email.lower() == other.email.lower()
    return (15, _("Same e-mail")) if same else None


def _birth(one: Traits, other: Traits) -> tuple[int, str] | None:
    if one.birth_date is None or other.birth_date is None:
        return None
    exact = BirthPrecision.DAY
    if one.birth_precision == exact and other.birth_precision == exact:
        if one.birth_date == other.birth_date:
            return 30, _("Same date of birth")
        return -20, ""
    years_apart = abs(one.birth_date.year - other.birth_date.year)
    if years_apart <= 1:
        return 22, _("About the same age")
    return (-10, "") if years_apart > 5 else None
