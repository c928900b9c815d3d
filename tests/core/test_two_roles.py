"""The application as a role of its own: it does its work, and can change neither rules nor what is locked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from clinic.accounts.models import SessionKind, User
from clinic.accounts.service.open_sessions import start_session
from clinic.app import create_app
from clinic.audit.batches import seal_new
from clinic.audit.verifying import verify
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.roles import application_role, grant
from clinic.encounters.models import Note
from clinic.encounters.printed import snapshot
from clinic.encounters.service import ensure_templates
from clinic.scheduling.models import Appointment
from clinic.scheduling.views.reading import slot_value
from tests.conftest import environment, make_settings, run_sql
from tests.factories import FacilityFactory, PatientFactory, ServiceFactory, UserFactory, practitioner_at
from tests.factories import grant as grant_role

PASSWORD = "only-in-tests"
REFUSED = "permission denied|must be owner|append-only|is signed"
LOCKED = ("audit_events", "audit_batches", "addenda", "notes")


@dataclass
class Installation:
    """An application that is not the owner of its tables."""

    app: Flask
    role: str
    note_id: int


@pytest.fixture(scope="module")
def installation(
    make_database: Callable[[str], str], worker_number: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    database = make_database("roles")
    role = f"{database}_app"
    run_sql(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}' NOSUPERUSER NOCREATEDB NOCREATEROLE")
    owner = environment(database, worker_number)["DATABASE_URL"]
    url = make_url(owner).set(username=role, password=PASSWORD).render_as_string(hide_password=False)
    files: Path = tmp_path_factory.mktemp("files")
    app = create_app(
        make_settings(
            database,
            worker_number,
            DATABASE_URL=url,
            MIGRATION_DATABASE_URL=owner,
            FILES_DIR=str(files),
        )
    )
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        from flask_migrate import upgrade

        upgrade()  # nothing to do but to give the role its rights
        found = _populate(app, role)
        yield found
        db.session.remove()
        db.engine.dispose()
    run_sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    run_sql(f"DROP ROLE {role}")


@pytest.fixture(autouse=True)
def _nothing_stays_open(installation: Installation) -> Iterator[None]:
    """A test that fails leaves no broken transaction to the next one."""
    yield
    db.session.rollback()


def _populate(app: Flask, role: str) -> Installation:
    place = FacilityFactory()
    ensure_templates()
    vaidya: User = grant_role(UserFactory(name="Dr Rao"), Role.PRACTITIONER, facility=place)
    author = practitioner_at(place, vaidya)
    desk = grant_role(UserFactory(), Role.RECEPTIONIST, facility=place)
    patient = PatientFactory(facility_id=place.id)
    service = ServiceFactory(facility_id=place.id)
    db.session.commit()
    starts = (clock.now() + timedelta(days=1)).astimezone(clock.zone(place.zone))
    starts = starts.replace(hour=10, minute=30, second=0, microsecond=0)
    answer = signed_in(app, desk).post(
        "/appointments/new",
        data={
            "action": "book",
            "patient": patient.id,
            "service": service.id,
            "slot": slot_value(author.id, starts),
            "from_day": starts.date().isoformat(),
            "submission_key": "roles",
        },
    )
    reference = db.session.scalar(db.select(Appointment.reference))
    assert reference, answer.get_data(as_text=True)
    note_id = _sign_a_note(app, vaidya, reference)
    return Installation(app=app, role=role, note_id=note_id)


def _sign_a_note(app: Flask, vaidya: User, visit: str) -> int:
    """Begun, signed and added to; the audit of it is sealed. Every test here needs rows that are locked."""
    client = signed_in(app, vaidya)
    begun = client.post(f"/appointments/{visit}/note")
    assert begun.status_code == 303
    note = db.session.scalars(db.select(Note)).one()
    kept = snapshot(note)
    note.status, note.signed_at, note.signed_by, note.printed = "signed", clock.now(), vaidya.id, kept
    db.session.commit()
    answer = client.post(f"/notes/{note.id}/addenda", data={"text": "Called the next day; better."})
    assert answer.status_code in (200, 303)
    assert seal_new() >= 1
    return note.id


def signed_in(app: Flask, user: User) -> FlaskClient:
    token, _row = start_session(user, SessionKind.STAFF, origin="127.0.0.1", agent="tests")
    db.session.commit()
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client


def test_the_product_works_as_that_role(installation: Installation) -> None:
    """All of it was booked, begun, signed, added to and sealed by the role that is not the owner."""
    assert db.session.scalar(text("SELECT current_user")) == installation.role
    assert db.session.get_one(Note, installation.note_id).status == "signed"
    for table in LOCKED:
        assert db.session.scalar(text(f"SELECT count(*) FROM {table}")), f"{table} holds something to change"
    assert verify().good


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor_name = 'x'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events CASCADE",
        "UPDATE audit_batches SET count = 1",
        "DELETE FROM audit_batches",
        "UPDATE audit_checks SET good = true",
        "UPDATE addenda SET text = 'x'",
        "DELETE FROM addenda",
        "UPDATE notes SET body = '{\"x\": 1}' WHERE status = 'signed'",
        "DELETE FROM notes WHERE status = 'signed'",
        "TRUNCATE notes CASCADE",
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "ALTER TABLE notes DISABLE TRIGGER USER",
        "DROP TRIGGER notes_signed_locked ON notes",
        "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
        "ALTER FUNCTION notes_signed_locked() RENAME TO gone",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (id int)",
        "CREATE TRIGGER mine BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION append_only()",
        "DROP TABLE audit_batches",
        "ALTER TABLE notes ADD COLUMN mine int",
        "UPDATE alembic_version SET version_num = '0001'",
        "SELECT setval('audit_events_id_seq', 1)",
        "INSERT INTO audit_events OVERRIDING SYSTEM VALUE SELECT * FROM audit_events LIMIT 1",
        "INSERT INTO audit_events"
        " (id, at, actor_name, action, outcome, subject_type, origin, request_id, detail)"
        " OVERRIDING SYSTEM VALUE"
        " SELECT 1000000, at, actor_name, action, outcome, subject_type, origin, request_id, detail"
        " FROM audit_events LIMIT 1",
    ],
)
def test_it_can_change_neither_what_is_locked_nor_the_rules(
    installation: Installation, statement: str
) -> None:
    note = db.session.scalar(text("SELECT count(*) FROM notes WHERE status = 'signed'"))
    assert note, "there is something to change"
    with pytest.raises(DBAPIError, match=REFUSED):
        db.session.execute(text(statement))


def test_a_signed_notes_measurements_are_locked_too(installation: Installation) -> None:
    with pytest.raises(DBAPIError, match="is signed"):
        db.session.execute(
            text(
                "INSERT INTO vital_signs (patient_id, note_id, moment, measured_at, created_at)"
                " SELECT patient_id, id, 'before', now(), now() FROM notes WHERE status = 'signed'"
            )
        )


def test_as_the_owner_the_triggers_still_refuse(
    installation: Installation,
) -> None:
    """With one role for both, rows stay locked; only who alters the tables gets past that."""
    owner = make_url(installation.app.extensions["settings"].migration_database_url)
    for statement in ("UPDATE audit_batches SET count = 1", "DELETE FROM audit_events"):
        engine = db.create_engine(owner)
        with engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(statement))
        engine.dispose()


def test_rights_are_given_by_hand_too_and_a_strange_name_is_refused(installation: Installation) -> None:
    settings = installation.app.extensions["settings"]
    assert application_role(settings) == installation.role
    statements = grant(settings, installation.role)
    assert f'GRANT SELECT, INSERT ON "audit_batches" TO "{installation.role}"' in statements
    assert f'GRANT SELECT, INSERT, UPDATE, DELETE ON "notes" TO "{installation.role}"' in statements
    runner = installation.app.test_cli_runner()
    assert runner.invoke(args=["roles", "grant", 'x"; DROP TABLE notes; --']).exit_code == 1
