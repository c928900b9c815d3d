"""From answers to percentages: by hand, at the limits, and whatever the answers are."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.encounters.assessments.definitions import DOSHAS, instrument
from clinic.encounters.assessments.scoring import score, suggest
from clinic.encounters.assessments.typed import read_tendencies
from clinic.patients.models import Prakriti

ITEMS = [item.code for item in instrument().items]
LETTERS = {"v": "vata", "p": "pitta", "k": "kapha"}


def answers(letters: str) -> dict[str, list[str]]:
    """``vp k -``: the first item vata and also pitta, the second kapha, the third left out."""
    return {
        code: [LETTERS[letter] for letter in given]
        for code, given in zip(ITEMS, letters.split(), strict=False)
        if given != "-"
    }


def test_the_instrument_asks_eighteen_questions_each_with_three_tendencies_in_two_languages() -> None:
    items = instrument().items
    assert len(items) == len({item.code for item in items}) == 18
    for item in items:
        assert tuple(item.tendencies) == DOSHAS
        for words in (item.question, item.short, *item.tendencies.values()):
            assert words.en
            assert words.hi
            assert words.en != words.hi


@pytest.mark.parametrize(
    ("letters", "percent", "suggested"),
    [
        ("v " * 18, (100, 0, 0), Prakriti.VATA),
        # 9 × 2 vata and 9 × 1 pitta beside, 9 × 2 pitta: 18 + 27 + 0 of 45 points.
        ("vp " * 9 + "p " * 9, (40, 60, 0), Prakriti.PITTA),
        # 6 × 2 each: even.
        ("v " * 6 + "p " * 6 + "k " * 6, (33, 33, 34), Prakriti.TRIDOSHA),
        # 10 vata, 5 pitta: 20 and 10 of 30 points.
        ("v " * 10 + "p " * 5, (67, 33, 0), Prakriti.VATA),
        # 8 vata, 7 kapha, 1 pitta: 16, 14, 2 of 32 points: 50, 43.75 and 6.25; the lead is too small.
        ("v " * 8 + "k " * 7 + "p ", (50, 6, 44), Prakriti.VATA_KAPHA),
        # 9 kapha, 6 pitta: 60 and 40.
        ("k " * 9 + "p " * 6, (0, 40, 60), Prakriti.KAPHA),
    ],
)
def test_scores_are_as_reckoned_by_hand(
    letters: str, percent: tuple[int, int, int], suggested: Prakriti
) -> None:
    found = score(instrument(), answers(letters))
    assert found is not None
    assert found.suggested == suggested
    assert sum(found.percent.values()) == 100
    for dosha, expected in zip(DOSHAS, percent, strict=True):
        assert abs(found.percent[dosha] - expected) <= 1


def test_fourteen_answers_say_nothing_and_fifteen_do() -> None:
    assert score(instrument(), answers("v " * 14)) is None
    assert score(instrument(), answers("- - - " + "v " * 15)) is not None
    assert score(instrument(), answers("v " * 14) | {"not an item": ["vata"]}) is None


@pytest.mark.parametrize(
    ("shares", "suggested"),
    [
        ((38, 34, 28), Prakriti.TRIDOSHA),  # a spread of exactly 10
        ((39, 33, 28), Prakriti.VATA_PITTA),  # 11
        ((50, 35, 15), Prakriti.VATA),  # exactly half, and a lead of exactly 15
        ((50, 36, 14), Prakriti.VATA_PITTA),  # a lead of 14
        ((49, 30, 21), Prakriti.VATA_PITTA),  # less than half, however far ahead
        ((15, 35, 50), Prakriti.KAPHA),
        ((20, 36, 44), Prakriti.PITTA_KAPHA),
    ],
)
def test_at_the_limits_the_rule_is_exact(shares: tuple[int, int, int], suggested: Prakriti) -> None:
    found, _level = suggest({dosha: Fraction(share) for dosha, share in zip(DOSHAS, shares, strict=True)})
    assert found == suggested


def test_no_rounding_moves_somebody_over_a_limit() -> None:
    """A lead of 14.99 is shown as 15 and is still too small."""
    shares = {"vata": Fraction(5000, 100), "pitta": Fraction(3501, 100), "kapha": Fraction(1499, 100)}
    assert suggest(shares)[0] == Prakriti.VATA_PITTA


def test_two_doshas_level_for_the_second_place_are_named() -> None:
    found, level = suggest({"vata": Fraction(46), "pitta": Fraction(27), "kapha": Fraction(27)})
    assert found == Prakriti.VATA_PITTA
    assert set(level) == {"pitta", "kapha"}


tendencies = st.sampled_from(DOSHAS)
one_answer = st.lists(tendencies, min_size=1, max_size=2, unique=True)
full = st.lists(one_answer, min_size=15, max_size=18)


@settings(max_examples=150, deadline=None)
@given(full, st.randoms())
def test_percentages_sum_to_a_hundred_and_the_order_of_items_is_nothing(
    given_ones: list[list[str]], chance: object
) -> None:
    said = dict(zip(ITEMS, given_ones, strict=False))
    found = score(instrument(), said)
    assert found is not None
    assert sum(found.percent.values()) == 100
    assert all(0 <= share <= 100 for share in found.percent.values())
    mixed = list(said.items())
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert score(instrument(), dict(mixed)) == found


@settings(max_examples=150, deadline=None)
@given(st.tuples(*[st.integers(0, 60)] * 3).filter(any), st.permutations(DOSHAS))
def test_no_dosha_is_preferred(points: tuple[int, int, int], renamed: list[str]) -> None:
    """Calling the doshas by each other's names changes the names in the suggestion and nothing else."""
    total = sum(points)
    shares = {dosha: Fraction(100 * point, total) for dosha, point in zip(DOSHAS, points, strict=True)}
    names = dict(zip(DOSHAS, renamed, strict=True))
    found, level = suggest(shares)
    other, other_level = suggest({names[dosha]: share for dosha, share in shares.items()})
    if level:
        assert {names[dosha] for dosha in level} == set(other_level)
    elif found != Prakriti.TRIDOSHA:
        assert {names[dosha] for dosha in found.split("_")} == set(other.split("_"))


@given(st.text(max_size=8), st.text(max_size=8))
def test_only_doshas_are_tendencies_and_never_one_twice(first: str, second: str) -> None:
    read = read_tendencies(first, second)
    assert set(read) <= set(DOSHAS)
    assert len(read) == len(set(read))
    assert read_tendencies("vata", "vata") == ["vata"]
