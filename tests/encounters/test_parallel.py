"""Many saves at once, on a database where they truly run side by side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from clinic.app import create_app
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict
from clinic.encounters import queries, service
from clinic.encounters.coding import diagnoses_of
from clinic.encounters.models import Note
from tests.conftest import make_settings
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    actor_of,
    appointment,
    grant,
    practitioner_at,
)

WRITERS = 20
SIGN = (
    "UPDATE notes SET status = 'signed', signed_at = now(), signed_by = :user, printed = '{}' "
    "WHERE id = :note"
)


def running_visit(app: Flask) -> tuple[Actor, str]:
    with app.app_context():
        facility = FacilityFactory()
        user = grant(UserFactory(), Role.PRACTITIONER, facility=facility)
        practitioner = practitioner_at(facility, user)
        starts = clock.at(clock.today(facility.zone), time(10), facility.zone)
        visit = appointment(
            PatientFactory(facility_id=facility.id),
            practitioner,
            starts,
            service=ServiceFactory(facility_id=facility.id),
            status="in_progress",
        )
        actor = actor_of(user, Role.PRACTITIONER, facility=facility)
        db.session.commit()
        return actor, visit.reference


def at_once(app: Flask, work: Callable[[int], object]) -> list[object]:
    barrier = Barrier(WRITERS)

    def one(number: int) -> object:
        with app.app_context():
            barrier.wait(10)
            return work(number)

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(one, range(WRITERS)))


def test_twenty_saves_at_once_keep_every_text(make_database: Callable[[str], str]) -> None:
    app = create_app(make_settings(make_database("notes"), DB_POOL_SIZE="25"))
    actor, reference = running_visit(app)
    with app.app_context(), unit_of_work():
        note_id = service.open_note(actor, queries.get_visit(actor, reference)).id

    def save(number: int) -> service.Saved:
        note = queries.get_note(actor, note_id)
        with unit_of_work():
            return service.save_draft(actor, note, {"note-complaints": [f"text {number}!"]}, version=1)

    saved = at_once(app, save)
    with app.app_context():
        note = queries.get_note(actor, note_id)
        kept = [row.body["complaints"] for row in queries.open_conflicts(note_id)]
        assert note.version == 2
        assert sorted([note.body["complaints"], *kept]) == sorted(f"text {n}!" for n in range(WRITERS))
        assert sum(item.conflict_id is None for item in saved) == 1  # type: ignore[attr-defined]
        db.engine.dispose()


def test_a_note_opened_twenty_times_at_once_is_one_note(make_database: Callable[[str], str]) -> None:
    app = create_app(make_settings(make_database("notes"), DB_POOL_SIZE="25"))
    actor, reference = running_visit(app)

    def begin(_number: int) -> int:
        with unit_of_work():
            return service.open_note(actor, queries.get_visit(actor, reference)).id

    assert len(set(at_once(app, begin))) == 1
    with app.app_context():
        assert db.session.query(Note).count() == 1
        db.engine.dispose()


def test_a_note_signed_and_saved_at_once_is_signed_as_it_was(make_database: Callable[[str], str]) -> None:
    app = create_app(make_settings(make_database("notes"), DB_POOL_SIZE="25"))
    actor, reference = running_visit(app)
    ready = {name: ["x"] for name in ("note-complaints", "note-diagnosis", "note-plan")}
    with app.app_context():
        with unit_of_work():
            note_id = service.open_note(actor, queries.get_visit(actor, reference)).id
        with unit_of_work():
            service.save_draft(actor, queries.get_note(actor, note_id, fresh=True), ready, version=1)

    def sign_or_save(number: int) -> str:
        note = queries.get_note(actor, note_id)
        try:
            with unit_of_work():
                if number % 2:
                    service.sign(actor, note, version=note.version)
                    return "signed"
                service.save_draft(actor, note, {"note-plan": [f"other {number}"]}, version=2)
                return "saved"
        except Conflict:
            return "refused"

    at_once(app, sign_or_save)
    with app.app_context():
        note = queries.get_note(actor, note_id)
        kept = {row.body["plan"] for row in queries.open_conflicts(note_id)}
        assert kept | {note.body["plan"]} >= {f"other {n}" for n in range(0, WRITERS, 2)}
        db.engine.dispose()


def test_no_diagnosis_slips_in_while_somebody_signs(make_database: Callable[[str], str]) -> None:
    """The row waits for the signature that is under way, and is then refused."""
    app = create_app(make_settings(make_database("notes")))
    actor, reference = running_visit(app)
    insert = text(
        "INSERT INTO diagnoses (note_id, patient_id, facility_id, text, position, created_at) "
        "SELECT id, patient_id, facility_id, 'Slipped in', 1, now() FROM notes WHERE id = :note"
    )
    with app.app_context():
        with unit_of_work():
            note_id = service.open_note(actor, queries.get_visit(actor, reference)).id
        with db.engine.connect() as signing, db.engine.connect() as adding:
            signing.execute(
                text(SIGN),
                {"user": actor.user_id, "note": note_id},
            )
            adding.execute(text("SET lock_timeout = '50ms'"))
            with pytest.raises(OperationalError):
                adding.execute(insert, {"note": note_id})
            adding.rollback()
            signing.commit()
            with pytest.raises(IntegrityError):
                adding.execute(insert, {"note": note_id})
            adding.rollback()
        assert diagnoses_of(note_id) == []
        db.engine.dispose()
