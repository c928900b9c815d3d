from __future__ import annotations

import csv
import io

import pytest

from clinic.imports.kinds import KINDS
from clinic.imports.mapping import folded, guess
from tests.imports.conftest import Clinic


@pytest.mark.parametrize("name", list(KINDS))
def test_the_sample_of_a_kind_is_understood_as_it_is(clinic: Clinic, name: str) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(KINDS[name].sample)
    row = clinic.preview(buffer.getvalue(), kind=name)
    assert all(row.mapping), row.mapping
    lines = clinic.lines(row.id)
    assert len(lines) == 2
    if name != "appointments":
        assert [line.outcome for line in lines] == ["new", "new"], [line.faults for line in lines]


@pytest.mark.parametrize("name", list(KINDS))
def test_every_heading_of_a_kind_means_one_field(name: str) -> None:
    fields = KINDS[name].fields
    for entry in fields:
        assert guess(KINDS[name], [entry.heading], [[]]) == [entry.name]
        assert all(word == folded(word) for word in entry.words), entry.name
    words = [word for entry in fields for word in entry.words]
    assert sorted({word for word in words if words.count(word) > 1}) == []
