"""Whatever is typed or pasted: never a failure, and valid text comes back as it went in.

What goes through the pages is tried with 10 examples in `make test`, with 25 in `make proof`.
"""

from __future__ import annotations

from html import unescape

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.core.text import clean
from clinic.encounters import queries
from clinic.encounters.layout import contains, flat, read_body, read_layout
from clinic.encounters.stamps import read_stamp, stamp_of, typed_here
from clinic.encounters.templates_data import SHIPPED, SOAP
from clinic.encounters.vitals import read_vitals
from tests.encounters.conftest import Scene, open_tab
from tests.examples import examples

LAYOUT = read_layout(SOAP.layout)
NAMES = sorted(flat(LAYOUT, {}))
ANYTHING = st.text(st.characters(), max_size=60) | st.sampled_from(
    [
        "\x00",
        "\ud800",
        "\u202eabc",
        "कटि शूल",
        "😀",
        "<script>alert(1)</script>",
        "{{ 7*7 }}",
        "%s%(x)s",
        "\u2028",
        "'",
    ]
)
TYPED = st.dictionaries(
    st.sampled_from([*NAMES, "note-x", "before-x"]), st.lists(ANYTHING, max_size=3), max_size=6
)
QUICK = settings(
    max_examples=examples(10, of=25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@QUICK
@given(fields=st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=4), version=ANYTHING)
def test_any_draft_is_answered_and_shown(
    author: FlaskClient, scene: Scene, fields: dict[str, str], version: str
) -> None:
    note = scene.note()
    data = {name: text.encode("utf-8", "surrogatepass") for name, text in fields.items()}
    answer = author.post(
        f"/notes/{note.id}/draft", data={**data, "version": version.encode("utf-8", "surrogatepass")}
    )
    assert answer.status_code in (200, 409)
    assert author.get(f"/notes/{note.id}").status_code == 200
    assert author.get(f"/notes/{note.id}/conflict").status_code in (200, 303)
    assert author.get(f"/notes/{note.id}/print").status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "कटि शूल, दो महीने से।\nसुबह अधिक",
        "\u202eright to left\u202c and 😀",
        "<b>bold</b> & \"quoted\" 'twice'",
        "  leading, trailing  \n\n",
        "=1+1\ttab",
    ],
)
def test_valid_text_comes_back_as_it_went_in(text: str, author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    data = {"note-complaints": text, "version": open_tab(author, note)}
    assert author.post(f"/notes/{note.id}/draft", data=data).status_code == 200
    assert queries.get_note(scene.actor, note.id, fresh=True).body["complaints"] == text
    page = author.get(f"/notes/{note.id}").text
    area = page.split('id="note-complaints"', 1)[1].split("</textarea>", 1)[0].split(">", 1)[1]
    assert unescape(area.removeprefix("\n")) == text


def test_a_megabyte_is_kept_and_more_than_is_kept_is_refused_whole(author: FlaskClient, scene: Scene) -> None:
    note = scene.note()
    long = "शूल " * 262_144
    data = {"note-complaints": long, "version": open_tab(author, note)}
    saved = author.post(f"/notes/{note.id}/draft", data=data)
    assert saved.status_code == 200
    assert queries.get_note(scene.actor, note.id, fresh=True).body["complaints"] == long
    too_much = author.post(
        f"/notes/{note.id}/draft", data={"note-plan": "x" * 2_000_001, "version": saved.json["version"]}
    )
    assert too_much.status_code == 422
    assert author.get(f"/notes/{note.id}").status_code == 200


def test_an_addendum_takes_any_text_that_can_be_kept(author: FlaskClient, scene: Scene) -> None:
    note = scene.signed()
    author.post(f"/notes/{note.id}/addenda", data={"text": "\x00<i>हाँ</i>\x00"})
    assert [row.text for row in queries.addenda_of(note.id)] == ["<i>हाँ</i>"]
    assert "&lt;i&gt;हाँ" in author.get(f"/notes/{note.id}").text


@given(typed=TYPED, more=TYPED)
@settings(max_examples=200, deadline=None)
def test_a_body_read_again_is_the_same_body(typed: dict[str, list[str]], more: dict[str, list[str]]) -> None:
    once = read_body(LAYOUT, typed, {})
    assert read_body(LAYOUT, {name: [text] for name, text in flat(LAYOUT, once).items()}, once) == read_body(
        LAYOUT, {}, once
    ) or flat(LAYOUT, once) == flat(LAYOUT, read_body(LAYOUT, {}, once))
    assert contains(LAYOUT, once, once)
    assert contains(LAYOUT, once, {})
    assert typed_here(LAYOUT, read_stamp(stamp_of(LAYOUT, 3, once)), once) == set()
    other = read_body(LAYOUT, more, once)
    changed = {name for name, text in flat(LAYOUT, other).items() if text != flat(LAYOUT, once)[name]}
    assert typed_here(LAYOUT, read_stamp(stamp_of(LAYOUT, 3, once)), other) == changed


@given(text=ANYTHING)
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_a_measurement_or_a_stamp(text: str) -> None:
    read_vitals({"pulse": text, "systolic": text, "diastolic": text})
    assert read_stamp(text).version >= 0
    assert "\x00" not in clean(text)


@pytest.mark.parametrize("template", SHIPPED, ids=lambda template: template.code)
def test_each_shipped_template_has_distinct_fields_and_something_to_fill(template) -> None:
    layout = read_layout(template.layout)
    names = [field.name for field in layout.fields()]
    assert len(names) == len(set(names))
    assert any(field.required for field in layout.fields())
    assert list(layout.measures())
    for field in layout.fields():
        values = [option.value for option in field.options]
        assert len(values) == len(set(values))
        assert bool(values) == (field.kind in ("choice", "choices"))
        assert all(value.isascii() and "\n" not in value for value in values)
