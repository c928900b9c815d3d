"""A title before a name neither hides the patient nor is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clinic.core.access import Actor
from clinic.core.names import search_forms, without_title
from clinic.core.paging import PageRequest
from clinic.patients.models import Patient
from clinic.patients.queries import quick_search, search_patients


def found(actor: Actor, term: str) -> list[str]:
    return [row.name for row in search_patients(actor, term, PageRequest(1, 50)).items]


@pytest.mark.parametrize(
    "term", ["mr suresh", "Mr. Suresh", "Shri suresh yad", "श्री suresh", "dr mr suresh", "mr sursh yadav"]
)
def test_a_title_that_was_typed_does_not_hide_a_name_without_it(
    desk: Actor, registered: Callable[..., Patient], term: str
) -> None:
    registered("Suresh Yadav", "9845011720")
    registered("Mira Joshi", "9845011721")
    assert found(desk, term) == ["Suresh Yadav"]
    assert [row.name for row in quick_search(desk, term).items] == ["Suresh Yadav"]


def test_a_name_with_the_title_comes_before_those_without(
    desk: Actor, registered: Callable[..., Patient]
) -> None:
    registered("Devi Rao", "9845011720")
    registered("Sri Devi", "9845011721")
    assert found(desk, "sri devi") == ["Sri Devi", "Devi Rao"]
    assert found(desk, "devi") == ["Devi Rao", "Sri Devi"]


def test_a_title_alone_is_looked_for_and_names_keep_theirs(
    desk: Actor, registered: Callable[..., Patient]
) -> None:
    registered("Mr Suresh Yadav", "9845011720")
    registered("Mira Joshi", "9845011721")
    assert found(desk, "mr") == ["Mr Suresh Yadav"]
    assert found(desk, "suresh") == ["Mr Suresh Yadav"]
    assert search_forms("Mr Suresh")["search_name"] == "mr suresh"
    assert without_title(["mr"]) == ["mr"]
