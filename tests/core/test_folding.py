"""Names as searches compare them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clinic.core.text import fold


@given(name=st.text(st.characters(max_codepoint=127), max_size=30))
def test_plain_latin_names_fold_as_all_others_do(name: str) -> None:
    """The mark that joins letters is no letter: with it a name takes the long way round."""
    assert fold(name) == fold(f"\u200d{name}")
