"""Whoever reads a patient's data leaves a row; and no browser keeps a page of it."""

from __future__ import annotations

import pytest

from clinic.audit.models import AuditEvent
from clinic.core.db import db
from clinic.core.web import IdConverter
from tests.architecture.test_access_matrix import path_of, routes
from tests.architecture.test_access_matrix import world as world  # noqa: PLC0414 - the fixture
from tests.architecture.world import World

OF_A_PATIENT = {
    "patient_id",
    "reference",
    "note_id",
    "consent_id",
    "paper_id",
    "prescription_id",
    "assessment_id",
    "entry_id",
    "series_id",
    "session_id",
    "medication_id",
}
"""What in an address stands for somebody's data."""
STAFF = ("receptionist", "practitioner", "therapist", "facility admin", "admin")
WITHOUT_A_ROW = {
    "encounters.find_diagnosis": "searches the list of codes, and shows nothing of the note",
    "prescriptions.medicines": "searches the list of medicines, and shows nothing of the prescription",
    "encounters.ask_error": "asks for a reason, and shows nothing of what the note says",
}
"""Endpoints that read nothing of a patient's record, each with the reason."""


def count() -> int:
    return db.session.query(AuditEvent).count()


@pytest.mark.parametrize("who", STAFF)
def test_reading_about_a_patient_leaves_a_row(world: World, who: str) -> None:
    silent, read = [], 0
    for rule, method, policy in routes(world.app):
        assert policy is not None
        if method != "GET" or not rule.arguments & OF_A_PATIENT or not world.admits(who, policy):
            continue
        if policy.anonymous or rule.endpoint in WITHOUT_A_ROW:
            continue
        with world.app.app_context():
            before = count()
        answer = world.send(who, "GET", path_of(world.app, rule, world.values))
        answer.get_data()  # a file is streamed, and holds its request until it is read
        with world.app.app_context():
            written = count() - before
        if answer.status_code != 200:
            continue
        read += 1
        if not written:
            silent.append(rule.endpoint)
    assert not silent, " ".join(silent)
    assert read > 0 or who == "admin"


@pytest.mark.parametrize("who", ["practitioner", "receptionist", "admin", "patient"])
def test_no_browser_keeps_a_page(world: World, who: str) -> None:
    kept = []
    for rule, method, policy in routes(world.app):
        assert policy is not None
        if method != "GET" or policy.anonymous or not world.admits(who, policy):
            continue
        answer = world.send(who, "GET", path_of(world.app, rule, world.values))
        answer.get_data()  # a file is streamed, and holds its request until it is read
        if "no-store" not in answer.headers.get("Cache-Control", ""):
            kept.append((rule.endpoint, answer.status_code, answer.headers.get("Cache-Control")))
    assert not kept, kept


def test_ids_in_addresses_are_ids(world: World) -> None:
    """No name and no number of a patient is part of an address: only ids, and references of visits."""
    worded = [
        rule.rule
        for rule, _method, policy in routes(world.app)
        if policy is not None
        for name in rule.arguments & (OF_A_PATIENT - {"reference"})
        if not isinstance(rule._converters[name], IdConverter)
    ]
    assert worded == []
