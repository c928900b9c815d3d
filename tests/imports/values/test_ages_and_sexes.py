"""Age and sex in one cell, and the letters that may be either."""

from __future__ import annotations

from datetime import date

import pytest

from clinic.imports.values import read_birth, split_sex
from clinic.imports.values.written import Order
from tests.imports.values.reading import FIRST_VISIT, READERS, TODAY, refusal


@pytest.mark.parametrize(
    ("text", "age", "sex"),
    [
        ("45/F", "45", "female"), ("62 M", "62", "male"), ("F 34 yrs", "34 yrs", "female"),
        ("8 y / male", "8 y", "male"), ("45M", "45", "male"), ("३२/महिला", "32", "female"),
        ("M/45", "45", "male"), ("6m/F", "6m", "female"), ("18M", "18", "male"), ("34 yrs M", "34 yrs",
        "male"),
        ("5Y6M", "5Y6M", None), ("6 m", "6 m", None), ("45 y/o", "45 y/o", None), ("45", "45", None),
        ("F", "", "female"), ("45 (F)", "45", "female"), ("14y 6m/M", "14y 6m", "male"), ("25 female",
        "25", "female"),
        ("8 माह/पु", "8 माह", "male"), ("-", "-", None),
    ],
)  # fmt: skip
def test_a_cell_of_age_and_sex_says_both(text: str, age: str, sex: str | None) -> None:
    assert split_sex(text, both=True) == (age, sex)


def born(text: str) -> date | None:
    birth = read_birth(text, order=Order.DAY_FIRST, counted_from=FIRST_VISIT, today=TODAY)
    return birth.value if birth else None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("45M", date(1977, 6, 1)), ("45 M", date(1977, 6, 1)), ("18/M", date(2004, 6, 1)),
        ("6/M", date(2016, 6, 1)),
        ("6m", date(2021, 12, 1)), ("6 mths", date(2021, 12, 1)), ("18m", date(2020, 12, 1)),
        ("'88", date(1988, 1, 1)), ("’88", date(1988, 1, 1)), ("’15", date(2015, 1, 1)),
        ("'30", date(1930, 1, 1)),
    ],
)  # fmt: skip
def test_a_bare_m_is_months_for_babies_and_a_man_above(text: str, day: date) -> None:
    assert born(text) == day


@pytest.mark.parametrize(
    ("text", "number"), [("18M", 18), ("6M", 6), ("18 M", 18), ("45m", 45), ("30 m", 30)]
)
def test_a_letter_that_may_be_months_or_a_man_is_asked_about(text: str, number: int) -> None:
    assert refusal(READERS["read_birth"], text) == (
        f"Is this {number} months, or {number} years and male? Write {number} months or {number}."
    )


def test_an_age_of_nothing_is_kept_and_asked_about() -> None:
    birth = read_birth("0", order=Order.DAY_FIRST, counted_from=FIRST_VISIT, today=TODAY)
    assert birth is not None
    assert birth.value == FIRST_VISIT
    assert birth.note == "Age 0: is it a newborn? The age was counted back from 1 Jun 2022."
