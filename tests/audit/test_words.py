"""Whatever the code writes down has words: what was done, to what, and what its details are called."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clinic.audit import service as audit
from clinic.audit.models import AuditEvent
from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.desk.audit_details import DETAILS
from clinic.desk.audit_words import NOUNS, SUBJECTS, VERBS
from tests.factories import FacilityFactory, UserFactory, grant

CODE = Path(audit.__file__).parents[1]
WRITERS = {
    "record", "read", "record_many", "record_and_tell", "log", "_log", "_write_down", "_note", "_noted",
    "_record", "_keep", "_take", "_change", "end_sessions", "set_password", "write_down", "write_read",
    "was_read",
}  # fmt: skip
"""What the functions are called that write a row."""
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
NO_ACTIONS = frozenset({"account.closing"})
"""Why sessions ended: kept with the session, not in the audit."""


@cache
def calls() -> tuple[ast.Call, ...]:
    trees = (ast.parse(path.read_text()) for path in CODE.rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    return tuple(node for node in nodes if name_of(node.func) in WRITERS)


def name_of(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def actions() -> set[str]:
    return {
        text
        for call in calls()
        for given in call.args
        for text in texts(given)
        if ACTION.fullmatch(text) and not text.endswith((".html", ".json", ".jpg"))
    } - NO_ACTIONS


def verbs() -> set[str]:
    """The verbs that are given alone; their noun stands where the row is written."""
    return {
        call.args[2].value
        for call in calls()
        if getattr(call.func, "id", "") in ("record", "write_down", "write_read")
        and len(call.args) > 2
        and isinstance(call.args[2], ast.Constant)
        and isinstance(call.args[2].value, str)
        and re.fullmatch(r"[a-z_]+", call.args[2].value)
        and call.args[2].value not in ("json", "zip")
    }


def detail_names() -> set[str]:
    """Keys of what is given as ``detail``, or after it was put together as words of the call."""
    found = set()
    for call in calls():
        given = [one.value for one in call.keywords if one.arg == "detail"]
        for part in [*given, *(one for one in call.args if isinstance(one, ast.Dict))]:
            for row in ast.walk(part):
                if isinstance(row, ast.Dict):
                    found |= {text for key in row.keys if key is not None for text in texts(key)}
        if isinstance(call.func, ast.Name) and call.func.id in ("log", "_log"):
            found |= {one.arg for one in call.keywords if one.arg}
    return found


def test_every_action_has_a_noun_and_a_verb() -> None:
    found = actions()
    assert len(found) > 150, "the code writes more than that"
    assert sorted(one for one in found if one.partition(".")[0] not in NOUNS) == []
    said = {one.partition(".")[2] for one in found} | verbs()
    assert {"scanned", "offered"} <= said
    assert sorted(said - set(VERBS)) == []


def test_every_subject_and_every_detail_has_a_word() -> None:
    subjects = {
        text
        for call in calls()
        for given in call.keywords
        if given.arg == "subject_type"
        for text in texts(given.value)
    }
    assert sorted(subjects - set(NOUNS) - set(SUBJECTS)) == []
    assert sorted(detail_names() - set(DETAILS)) == []


@pytest.fixture
def admin(app: Flask, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    FacilityFactory()
    return sign_in(grant(UserFactory(), Role.ADMIN))


def test_a_row_says_its_fields_and_states_in_words_and_leaves_out_nothing(admin: FlaskClient) -> None:
    detail = {
        "fields": ["shared_at", "document_date", "something_new"],
        "kind": "lab_report",
        "shared": True,
        "by": None,
        "oddity": "as it is",
        "filter": {"by": 12, "from": "2026-11-24"},
    }
    with unit_of_work():
        audit.record(
            Actor(user_id=None, name="Dr Leela Rao"), "paper.changed", subject_type="paper", detail=detail
        )
    event = db.session.query(AuditEvent).filter_by(action="paper.changed").one()
    shown = admin.get(f"/audit/rows/{event.id}").get_data(as_text=True)
    for words in (
        "When it was shown to the patient, Date on the paper, something_new",
        "Lab report",
        '<dt>Shown to the patient</dt><dd class="as-written">Yes</dd>',
        '<dt>oddity</dt><dd class="as-written">as it is</dd>',
        "Who: 12; From: 24 Nov 2026",
    ):
        assert words in shown, words
    for kept in ("shared_at", "document_date", "lab_report", "[", "null"):
        assert f"{kept}" not in shown[shown.index('<dl class="audit-row"') : shown.index("</dl>")], kept
