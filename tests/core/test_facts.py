"""A line of small facts: whole, escaped, without the empty ones."""

from __future__ import annotations

from clinic.core.facts import as_facts


def test_facts_stand_each_for_itself_and_empty_ones_not_at_all() -> None:
    expected = '<span class="facts"><span>2 pages</span> <span>&lt;b&gt;</span></span>'
    assert as_facts(["2 pages", None, "", "<b>"]) == expected
    assert as_facts("2 pages · <b>") == expected
    assert as_facts("") == as_facts([None]) == ""
