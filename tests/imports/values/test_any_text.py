"""Whatever stands in a cell: a value, or a sentence about what is wrong; never anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.imports.values import Order, is_blank
from tests.imports.values.reading import READERS, REFUSED, refusal, value_or_refused

WORDS = """
1 12 9845011723 98450 11723 +91 0 2022 31 29 02 . - / , ; : ( ) [ ] \\ ' " + ~ = % & |
E+09 and or am pm T Z Jan
May जनवरी फ़रवरी yrs m y वर्ष माह दिन सुबह बजे Mob w/o mother माता (wife) V P कफ सम A +ve ₹ Rs /- Nil None known
नहीं एवं reaction: severity: status: resolved severe १२ ۴۵ ² ½
"""
PIECES = st.sampled_from([*WORDS.split(), "\u200d", "\u200b", "\n", "\t", "\x00", "\ud800"])
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(PIECES, max_size=10).map("".join),
    st.lists(PIECES, max_size=10).map(" ".join),
    st.from_regex(r"[0-9]{0,12}[-/.,: ]{0,3}[0-9]{0,12}[-/.,: ]{0,3}[0-9a-zA-Z]{0,12}", fullmatch=True),
)


@given(text=TEXTS)
@settings(max_examples=120, deadline=None)
def test_any_text_gives_a_value_or_a_sentence(text: str) -> None:
    for reader in READERS.values():
        assert refusal(reader, text).endswith((".", ")")), "a sentence for a person, or what was read"


LONGEST_SENTENCE = 200
WITHOUT_REFUSAL = {"is_blank": False, "guess_order": Order.DAY_FIRST}


def check_long(name: str, text: str, *, keeping: tuple[str, ...]) -> None:
    """A long cell of nonsense is refused in a sentence that does not repeat it; only these may keep it."""
    said = value_or_refused(name, text)
    if name in WITHOUT_REFUSAL:
        assert said == WITHOUT_REFUSAL[name]
    elif said is REFUSED:
        sentence = refusal(READERS[name], text)
        assert sentence.endswith("."), sentence[:LONGEST_SENTENCE]
        assert len(sentence) <= LONGEST_SENTENCE, sentence[:LONGEST_SENTENCE]
    else:
        assert name in keeping, text[:40]


REPEATED = [
    "1", " ", "-", "(", "()", "\\", "अ", "१", "+", "~", "\n", "\u200b", "1e", "e",
    "t", "and ", "9845011723 ", "98450 ",
    "1y ", "a (b); ", "(a; ", "(wife) ", "w/o ", "t1:00", "about ", "1 h ", "v", "p",
    "a@", "10:30 ", "1,", "Nil; ",
]  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_long_cells_of_one_thing_are_read_like_any_other(name: str) -> None:
    for piece in REPEATED:
        for size in (40, 80, 200, 300):
            check_long(
                name,
                (piece * size)[:size] + "!",
                keeping=("read_allergies", "read_contact", "read_postal_code abroad"),
            )


@pytest.mark.parametrize("name", READERS)
def test_a_cell_of_a_hundred_thousand_characters_is_read_like_any_other(name: str) -> None:
    everything = "".join(piece * (100_000 // len(piece) // len(REPEATED)) for piece in REPEATED)
    for text in (everything, "1" * 100_000):
        check_long(name, text, keeping=("read_allergies",))


BLANK = [
    "", " ", "-", "--", "—", "na", "NA", "N/A", "n.a.", "none", "null", "nil", "Nil.",
    "not known", "unknown", "?", "???",
    "xx", "XXX", "नहीं", "पता नहीं", "लागू नहीं", "\u200b", "\u00a0", "...", "(none)",
]  # fmt: skip
SAYS_NO = ("is_blank", "guess_order", "read_allergies", "read_yes_no")


@pytest.mark.parametrize("text", BLANK)
def test_the_ways_to_write_nothing_are_empty_for_every_reader(text: str) -> None:
    assert is_blank(text)
    read: dict[str, Callable[[str], Any]] = {name: READERS[name] for name in READERS if name not in SAYS_NO}
    assert {name: reader(text) for name, reader in read.items()} == dict.fromkeys(read)


@pytest.mark.parametrize("text", ["0", "x", "no", "nilesh", "नहीं पता किसे", "Nanda", "a-"])
def test_words_that_only_begin_like_nothing_are_not_empty(text: str) -> None:
    assert not is_blank(text)
