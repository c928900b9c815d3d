"""From answers to percentages and a suggestion. Nothing here is final: a practitioner confirms.

The rules of version 1: the first tendency of an item counts 2, a second one 1; the percentages are each
dosha's share of all points. At least 15 of the 18 items are answered. A spread of at most 10 points between
the highest and the lowest is tridosha; a first of at least 50 % that leads by at least 15 is a single dosha;
otherwise the constitution is that of the two highest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from clinic.encounters.assessments.definitions import DOSHAS, Instrument
from clinic.patients.models import Prakriti

FIRST, SECOND = 2, 1
TRIDOSHA_SPREAD = 10
SINGLE_LEAST, SINGLE_LEAD = 50, 15
Answers = Mapping[str, Sequence[str]]
"""Item code to its tendencies: the first, and the second where one was given."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """What answers come to. ``percent`` are whole numbers that sum to 100, by dosha; ``level`` are the doshas
    between which the second place was even, so that the suggestion's second is a matter of judgement.
    """

    answered: int
    percent: dict[str, int]
    suggested: Prakriti
    level: tuple[str, ...] = ()


def score(instrument: Instrument, answers: Answers) -> Score | None:
    """Score answers; None while too few are given. Answers to items that the instrument does not have are
    passed over.
    """
    counted = {code: given for code, given in answers.items() if code in instrument.codes and given}
    if len(counted) < instrument.needed:
        return None
    points = dict.fromkeys(DOSHAS, 0)
    for given in counted.values():
        for weight, dosha in zip((FIRST, SECOND), given, strict=False):
            points[dosha] += weight
    total = sum(points.values())
    shares = {dosha: Fraction(100 * point, total) for dosha, point in points.items()}
    suggested, level = suggest(shares)
    return Score(answered=len(counted), percent=_whole(shares), suggested=suggested, level=level)


def suggest(shares: Mapping[str, Fraction]) -> tuple[Prakriti, tuple[str, ...]]:
    """The constitution that exact shares of 100 speak for, and the doshas level for its second place.

    Level ones are taken in the order vata, pitta, kapha.
    """
    ranked = sorted(DOSHAS, key=lambda dosha: (-shares[dosha], DOSHAS.index(dosha)))
    first, second, third = (shares[dosha] for dosha in ranked)
    if first - third <= TRIDOSHA_SPREAD:
        return Prakriti.TRIDOSHA, ()
    if first >= SINGLE_LEAST and first - second >= SINGLE_LEAD:
        return Prakriti(ranked[0]), ()
    pair = "_".join(dosha for dosha in DOSHAS if dosha in ranked[:2])
    return Prakriti(pair), tuple(ranked[1:]) if second == third else ()


def _whole(shares: Mapping[str, Fraction]) -> dict[str, int]:
    """Whole numbers that sum to 100: what is left after rounding down goes to the largest remainders."""
    floors = {dosha: int(share) for dosha, share in shares.items()}
    by_rest = sorted(DOSHAS, key=lambda dosha: (floors[dosha] - shares[dosha], DOSHAS.index(dosha)))
    for dosha in by_rest[: 100 - sum(floors.values())]:
        floors[dosha] += 1
    return floors
