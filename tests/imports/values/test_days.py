"""Days and birth dates as registers write them."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.imports.values import Birth, Day, Order, guess_order, read_birth, read_day
from clinic.imports.values.written import MONTHS
from clinic.patients.models import BirthPrecision
from tests.imports.values.reading import FIRST_VISIT, TODAY, refusal


def day(text: str, order: Order = Order.DAY_FIRST) -> Day | None:
    return read_day(text, order=order, today=TODAY, field="first_visit_on")


def birth(text: str, order: Order = Order.DAY_FIRST) -> Birth | None:
    return read_birth(text, order=order, counted_from=FIRST_VISIT, today=TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "05/06/2023", "5/6/2023", "05-06-23", "05.06.2023", "5 . 6 . 2023",
        "5 Jun 2023", "June 5, 2023", "5th June 2023", "05-Jun-23",
        "5june2023", "5th of June, 2023", "Jun. 5 '23", "2023-06-05",
        "2023/6/5", "2023-06-05T10:20:00", "2023-06-05 10:20:00.000",
        "5/6/2023 4:30 PM", "Monday, 5 June 2023", "२०२३-०६-०५", "५ जून २०२३",
        "०५/०६/२३", "05062023", "20230605", "5\u20116\u20112023",
        "'05/06/2023", "\u200e05/06/2023",
    ],
)  # fmt: skip
def test_one_day_in_many_spellings_is_that_day(text: str) -> None:
    assert day(text) == Day(value=date(2023, 6, 5))


@pytest.mark.parametrize(
    "name",
    [
        "जनवरी", "फ़रवरी", "फरवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "सितम्बर", "अक्टूबर",
        "अक्तूबर", "नवंबर", "नवम्बर", "दिसंबर", "दिसम्बर",
    ],
)  # fmt: skip
def test_hindi_months_are_read_with_and_without_nukta(name: str) -> None:
    read = day(f"5 {name} 2021")
    assert read is not None
    assert (read.value.day, read.value.year) == (5, 2021)
    assert MONTHS[name.replace("\u095e", "फ").replace("फ़", "फ")] == read.value.month


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("31/02/2020", "There is no such day in the calendar."),
        ("29/02/2021", "There is no such day in the calendar."),
        ("29-02-21", "There is no such day in the calendar."),
        ("13/13/2020", "There is no such day in the calendar."),
        ("00/05/2020", "There is no such day in the calendar."),
        ("2020-13-01", "There is no such day in the calendar."),
        ("31 Jun 2020", "There is no such day in the calendar."),
        ("01/08/2026", "This day is still to come."),
        ("01-08-26", "This day is still to come."),
        ("01/01/9999", "This day is still to come."),
        ("31/12/1899", "A year before 1900 cannot be right here."),
        ("01/01/0023", "A year before 1900 cannot be right here."),
        ("abc", "Write the date as day, month and year: 14/11/1980."),
        ("5 Foo 2020", "Write the date as day, month and year: 14/11/1980."),
        ("2020", "Write the date as day, month and year: 14/11/1980."),
        ("06/2020", "Write the date as day, month and year: 14/11/1980."),
        ("123", "Write the date as day, month and year: 14/11/1980."),
        ("05/06/202", "Write the date as day, month and year: 14/11/1980."),
    ],
)
def test_a_day_that_cannot_be_right_is_refused(text: str, sentence: str) -> None:
    assert refusal(day, text) == sentence


def test_the_number_of_a_spreadsheet_is_its_day_and_says_so() -> None:
    assert day("45082") == Day(
        value=date(2023, 6, 5), note="A day number from a spreadsheet, read as 5 Jun 2023."
    )


def test_a_day_that_only_the_other_order_makes_is_read_and_says_so() -> None:
    read = day("12/25/2020")
    assert read is not None
    assert read.value == date(2020, 12, 25)
    assert read.note == "Here the month stands before the day: read as 25 Dec 2020."
    assert day("05/06/2023", Order.MONTH_FIRST) == Day(value=date(2023, 5, 6))


def test_two_digits_of_a_year_say_when_they_mean_the_last_century() -> None:
    assert day("01-02-89") == Day(value=date(1989, 2, 1), note="The year has two digits: read as 1 Feb 1989.")


def test_a_later_last_day_lets_appointments_lie_ahead() -> None:
    read = read_day(
        "01-08-26", order=Order.DAY_FIRST, today=TODAY, field="day", latest=TODAY + timedelta(days=365)
    )
    assert read == Day(value=date(2026, 8, 1))


def test_indias_midnight_in_another_zone_is_the_day_that_was_meant() -> None:
    read = birth("1980-05-04T18:30:00.000Z")
    assert read is not None
    assert (read.value, read.precision) == (date(1980, 5, 5), BirthPrecision.DAY)
    assert read.note is not None


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        ([], Order.DAY_FIRST),
        (["05/06/2023", "abc", ""], Order.DAY_FIRST),
        (["25/06/2023", "05/06/2023"], Order.DAY_FIRST),
        (["06/25/2023", "05/06/2023"], Order.MONTH_FIRST),
        (["06/25/2023", "25/06/2023"], Order.DAY_FIRST),
        (["06-25-23 10:30", "06/26/2023", "25/06/2023"], Order.MONTH_FIRST),
    ],
)
def test_a_column_is_day_first_unless_more_of_it_can_only_be_month_first(
    cells: list[str], order: Order
) -> None:
    assert guess_order(cells) == order


DAYS = st.dates(min_value=date(1901, 1, 1), max_value=TODAY)
ENGLISH = list(calendar.month_name)[1:]
HINDI = ["जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"]
DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")


def spellings(value: date, order: Order) -> list[str]:
    d, m, y = value.day, value.month, value.year
    first, second = (d, m) if order == Order.DAY_FIRST else (m, d)
    english, hindi = ENGLISH[m - 1], HINDI[m - 1]
    written = [f"{first:02d}{sep}{second:02d}{sep}{y}" for sep in ("/", "-", ".", " ", " / ")]
    written += [f"{first}/{second}/{y}", f"{y}-{m:02d}-{d:02d}", f"{y}-{m:02d}-{d:02d} 00:00:00"]
    written += [
        f"{d} {english} {y}",
        f"{d}-{english[:3]}-{y}",
        f"{english[:3].upper()} {d}, {y}",
        f"{d} {hindi} {y}",
    ]
    return [*written, *(text.translate(DEVANAGARI) for text in written)]


@given(value=DAYS, order=st.sampled_from(Order))
@settings(max_examples=60, deadline=None)
def test_every_day_in_every_spelling_reads_back(value: date, order: Order) -> None:
    for text in spellings(value, order):
        assert day(text, order) == Day(value=value), text
        read = birth(text, order)
        assert read is not None
        assert (read.value, read.precision) == (value, BirthPrecision.DAY), text


@given(value=st.dates(min_value=date(1954, 11, 1), max_value=TODAY))
@settings(max_examples=50, deadline=None)
def test_every_day_number_of_a_spreadsheet_reads_back(value: date) -> None:
    read = day(str((value - date(1899, 12, 30)).days))
    assert read is not None
    assert read.value == value


@given(value=st.dates(min_value=FIRST_VISIT - timedelta(days=36500), max_value=FIRST_VISIT))
@settings(max_examples=50, deadline=None)
def test_two_digits_of_a_birth_year_are_the_latest_before_the_first_visit(value: date) -> None:
    if value == date(1922, 6, 1):
        return
    read = birth(f"{value:%d-%m-%y}")
    assert read is not None
    assert read.value == value


@pytest.mark.parametrize(
    ("text", "born", "precision"),
    [
        ("14/07/1971", date(1971, 7, 14), BirthPrecision.DAY),
        ("14-07-71", date(1971, 7, 14), BirthPrecision.DAY),
        ("DOB: 14/07/1971", date(1971, 7, 14), BirthPrecision.DAY),
        ("14/07/1971 (51 yrs)", date(1971, 7, 14), BirthPrecision.DAY),
        ("51 (14/07/1971)", date(1971, 7, 14), BirthPrecision.DAY),
        ("05/1985", date(1985, 5, 1), BirthPrecision.MONTH),
        ("May 1985", date(1985, 5, 1), BirthPrecision.MONTH),
        ("मई १९८५", date(1985, 5, 1), BirthPrecision.MONTH),
        ("1985-05", date(1985, 5, 1), BirthPrecision.MONTH),
        ("1985", date(1985, 1, 1), BirthPrecision.YEAR),
        ("1985.0", date(1985, 1, 1), BirthPrecision.YEAR),
        ("abt 1985", date(1985, 1, 1), BirthPrecision.YEAR),
        ("~2010-05-01", date(2010, 5, 1), BirthPrecision.AGE),
    ],
)
def test_a_birth_date_is_as_exact_as_it_was_written(text: str, born: date, precision: BirthPrecision) -> None:
    assert birth(text) == Birth(value=born, precision=precision, note=None)


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("13", date(2009, 6, 1)), ("13 yrs", date(2009, 6, 1)), ("13y", date(2009, 6, 1)),
        ("13.0", date(2009, 6, 1)), ("14y 0m", date(2008, 6, 1)), ("60 y 11 m", date(1961, 7, 1)),
        ("5Y6M", date(2016, 12, 1)), ("6 m", date(2021, 12, 1)), ("6 months", date(2021, 12, 1)),
        ("20 days", date(2022, 5, 12)), ("3 wks", date(2022, 5, 11)), ("1.5 yrs", date(2020, 12, 1)),
        ("1½ yrs", date(2020, 12, 1)), ("13 वर्ष", date(2009, 6, 1)), ("५ साल", date(2017, 6, 1)),
        ("8 माह", date(2021, 10, 1)), ("८ महीने", date(2021, 10, 1)), ("45+", date(1977, 6, 1)),
        ("abt 60", date(1962, 6, 1)), ("~60", date(1962, 6, 1)), ("लगभग 60 वर्ष", date(1962, 6, 1)),
        ("60/M", date(1962, 6, 1)), ("60 (F)", date(1962, 6, 1)), ("F/60", date(1962, 6, 1)),
        ("Age: 45 years old", date(1977, 6, 1)), ("2 yrs and 3 months", date(2020, 3, 1)),
        ("0 days", FIRST_VISIT),
    ],
)  # fmt: skip
def test_an_age_counts_back_from_the_first_visit_and_says_so(text: str, born: date) -> None:
    assert birth(text) == Birth(
        value=born, precision=BirthPrecision.AGE, note="The age was counted back from 1 Jun 2022."
    )


def test_an_age_counts_back_to_the_last_day_of_a_shorter_month() -> None:
    read = read_birth("1 m", order=Order.DAY_FIRST, counted_from=date(2024, 3, 31), today=TODAY)
    assert read is not None
    assert read.value == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("01/08/2026", "This day is still to come."),
        ("2031", "This day is still to come."),
        ("31/02/1990", "There is no such day in the calendar."),
        ("13/1990", "There is no such day in the calendar."),
        ("01/01/1870", "Nobody is that old; check the year."),
        ("150", "An age is between 0 and 149 years."),
        ("99999 days", "An age is between 0 and 149 years."),
        ("-5", "Write the date of birth as day, month and year (14/11/1980), or an age (45)."),
        ("60-65", "Write the date of birth as day, month and year (14/11/1980), or an age (45)."),
        ("6m 3y", "Write the date of birth as day, month and year (14/11/1980), or an age (45)."),
        ("adult", "Write the date of birth as day, month and year (14/11/1980), or an age (45)."),
    ],
)
def test_a_birth_that_cannot_be_right_is_refused(text: str, sentence: str) -> None:
    assert refusal(birth, text) == sentence


def test_a_birth_after_the_first_visit_is_kept_and_says_so() -> None:
    read = birth("12/05/2024")
    assert read is not None
    assert (read.value, read.note) == (date(2024, 5, 12), "This is after the first visit, 1 Jun 2022.")


def test_zero_dates_of_databases_are_empty() -> None:
    assert day("0000-00-00") is None
    assert birth("0000-00-00 00:00:00") is None
    assert birth("00/00/0000") is None
