"""Telephone numbers in every spelling."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.imports.values import Phones, read_phones
from tests.imports.values.reading import refusal

SECOND = "A second number is kept as it is; messages go to the first mobile."
LANDLINE = "A landline: messages cannot reach it."
DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")


def spellings(local: str) -> list[str]:
    halves = f"{local[:5]} {local[5:]}"
    written = [
        local,
        halves,
        f"{local[:5]}-{local[5:]}",
        f"{local[:5]}.{local[5:]}",
        f"{local[:5]}/{local[5:]}",
    ]
    written += [
        f"+91{local}",
        f"+91 {halves}",
        f"+91-{local}",
        f"(+91) {halves}",
        f"+91 (0) {halves}",
        f"+91/{local}",
    ]
    written += [f"91{local}", f"091{local}", f"091-{halves}", f"0091 {halves}", f"0{local}", f"0 {halves}"]
    written += [f"{local}.0", f"91{local}.0", f"'{local}", f'="{local}"', f"\u202a{local}\u202c"]
    written += [
        f"(M) {local}",
        f"Mob: {halves}",
        f"Ph.No. {local}",
        f"{local} (M)",
        f"मो. {halves}",
        f"{halves} / {local}",
    ]
    return [*written, *(text.translate(DEVANAGARI) for text in written)]


@given(local=st.from_regex(r"[6-9][0-9]{9}", fullmatch=True))
@settings(max_examples=50, deadline=None)
def test_every_indian_mobile_in_every_spelling_reads_back(local: str) -> None:
    for text in spellings(local):
        read = read_phones(text)
        assert read is not None
        assert (read.mobile, read.other) == ("+91" + local, None), text
        assert read.note in (None, "This may be a landline; messages could not reach it."), text


@pytest.mark.parametrize(
    "between", [" / ", "/", ", ", "; ", " or ", "\n", " & ", " ", " या ", " (M) ", ", Res: "]
)
def test_of_two_numbers_the_first_mobile_counts_and_the_second_is_kept(between: str) -> None:
    assert read_phones(f"98450 11723{between}98450 11724") == Phones(
        mobile="+919845011723", other="98450 11724", note=SECOND
    )


def test_a_landline_before_a_mobile_is_the_other_number() -> None:
    assert read_phones("080-4123 0000, 98450 11723") == Phones(
        mobile="+919845011723", other="080-4123 0000", note=SECOND
    )


@pytest.mark.parametrize(
    "text",
    [
        "080-41230000", "080 4123 0000", "(080) 4123 0000", "+91 80 4123 0000", "0674 2301234",
        "022-23456789", "02223456789", "1800 123 4567",
    ],
)  # fmt: skip
def test_a_landline_is_kept_as_given_and_is_no_mobile(text: str) -> None:
    assert read_phones(text) == Phones(mobile=None, other=text, note=LANDLINE)


def test_a_number_that_could_be_either_is_a_mobile_and_says_so() -> None:
    assert read_phones("08041230000") == Phones(
        mobile="+918041230000", note="This may be a landline; messages could not reach it."
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+44 7400 123456", "+447400123456"),
        ("0044 7400 123456", "+447400123456"),
        ("+1 (212) 555-0123", "+12125550123"),
    ],
)
def test_numbers_from_abroad_need_their_country_code(text: str, number: str) -> None:
    assert read_phones(text) == Phones(mobile=number)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("98450", "A mobile number has 10 digits, this has 5."),
        ("98450117234567", "A mobile number has 10 digits, this has 14."),
        ("+91 9845", "A mobile number has 10 digits, this has 4."),
        ("9845O11723", "A letter stands inside this number."),
        ("0000000000", "An Indian mobile number begins with 6, 7, 8 or 9."),
        ("abc", "This is not a telephone number."),
        ("+44 7400 12", "No telephone has this number; check the country code and the digits."),
    ],
)
def test_a_number_that_is_none_is_refused(text: str, sentence: str) -> None:
    assert refusal(read_phones, text) == sentence


@pytest.mark.parametrize(
    "text", ["9.845E+09", "9.84501E+09", "9E+09", "9.1985E+11", "९.८४५E+०९", "9,845E+09"]
)
def test_a_number_that_the_spreadsheet_has_shortened_is_refused(text: str) -> None:
    assert refusal(read_phones, text) == (
        "The spreadsheet has shortened this number: format the column as text and type it again."
    )


def test_scientific_notation_with_all_digits_is_the_number() -> None:
    assert read_phones("9.845011723E+09") == Phones(mobile="+919845011723")


def test_words_beside_the_number_are_not_lost_in_silence() -> None:
    assert read_phones("98450 11723 (wife)") == Phones(
        mobile="+919845011723", note="Only the number was read, not “wife”."
    )


UNREAD = "Another number in this cell could not be read; it is kept as it is."


@pytest.mark.parametrize("rest", ["24", "2345678", "98450 1172", "9845011"])
def test_a_second_number_that_is_none_does_not_vanish(rest: str) -> None:
    assert read_phones(f"98450 11723 / {rest}") == Phones(mobile="+919845011723", other=rest, note=UNREAD)


def test_numbers_with_only_blanks_between_them_are_several() -> None:
    note = "The other numbers are kept as they are; messages go to the first mobile."
    assert read_phones("9822011111 9822022222 9822033333") == Phones(
        mobile="+919822011111", other="9822022222, 9822033333", note=note
    )
    assert read_phones("98220 11111 98220 22222 +91 98220 33333") == Phones(
        mobile="+919822011111", other="98220 22222, +91 98220 33333", note=note
    )
