"""What was signed stays as it was signed, whoever asks: also by SQL."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clinic.core.db import db
from tests.prescriptions.conftest import Scene, lines_of

FORBIDDEN = {
    "its text": "UPDATE prescriptions SET advice = 'x' WHERE id = :id",
    "its date": "UPDATE prescriptions SET signed_at = now() WHERE id = :id",
    "back to a draft": "UPDATE prescriptions SET status = 'draft', signed_at = NULL, signed_by = NULL,"
    " printed = NULL, shared_at = NULL WHERE id = :id",
    "the row": "DELETE FROM prescriptions WHERE id = :id",
    "a dose": "UPDATE prescription_lines SET dose_amount = 5 WHERE prescription_id = :id",
    "a stop that changes the dose": "UPDATE prescription_lines SET dose_amount = 5, stopped_at = now(),"
    " stop_reason = 'x' WHERE prescription_id = :id",
    "a line": "DELETE FROM prescription_lines WHERE prescription_id = :id",
    "a new line": "INSERT INTO prescription_lines (prescription_id, position, kind, name, created_at)"
    " VALUES (:id, 9, 'general', 'Warfarin', now())",
    "a late excuse": "INSERT INTO prescription_acceptances (prescription_id, finding, level, text, reason,"
    " accepted_by, accepted_name, created_at) SELECT :id, 'x', 'warn', 'x', 'x', signed_by, 'x', now()"
    " FROM prescriptions WHERE id = :id",
    "all lines": "TRUNCATE prescription_lines",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_signed_prescription_never_changes_by_sql(scene: Scene, what: str) -> None:
    signed = scene.signed()
    with pytest.raises(IntegrityError):
        db.session.execute(text(FORBIDDEN[what]), {"id": signed.id})
    db.session.rollback()


def test_a_stop_is_all_that_a_signed_line_takes_and_only_once(scene: Scene) -> None:
    signed = scene.signed()
    stop = text(
        "UPDATE prescription_lines SET stopped_at = now(), stop_reason = 'rash' WHERE prescription_id = :id"
    )
    db.session.execute(stop, {"id": signed.id})
    assert lines_of(signed)[0].stop_reason == "rash"
    with pytest.raises(IntegrityError):
        db.session.execute(stop, {"id": signed.id})
    db.session.rollback()


def test_a_draft_may_change_by_sql_so_the_refusals_are_about_signing(scene: Scene) -> None:
    draft = scene.draft()
    for what in ("its text", "a dose", "a new line"):
        changed = db.session.execute(text(FORBIDDEN[what]), {"id": draft.id})
        assert changed.rowcount == 1, what
    db.session.rollback()


def test_the_database_keeps_no_stop_and_no_accepted_block_without_a_reason(scene: Scene) -> None:
    signed, draft = scene.signed(), scene.draft()
    for statement, prescription in (
        ("UPDATE prescriptions SET status = 'stopped', ended_at = now() WHERE id = :id", signed),
        (
            "INSERT INTO prescription_acceptances (prescription_id, finding, level, text, accepted_by,"
            " accepted_name, created_at) SELECT :id, 'x', 'block', 'x', saved_by, 'x', now()"
            " FROM prescriptions WHERE id = :id",
            draft,
        ),
    ):
        with pytest.raises(IntegrityError, match="has_reason"):
            db.session.execute(text(statement), {"id": prescription.id})
        db.session.rollback()
