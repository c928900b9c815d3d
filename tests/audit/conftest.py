"""Rows to seal, a store of their own for the heads, and somebody who owns the database and means ill."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from clinic.audit.batches import seal_new
from clinic.audit.models import AuditBatch, AuditEvent
from clinic.audit.sealing import ROW_FIELDS
from clinic.core.db import db
from clinic.core.files import FolderStore

WRITE = text(
    "INSERT INTO audit_events (at, actor_id, actor_name, session_id, action, outcome, subject_type,"
    " subject_id, patient_id, facility_id, origin, request_id, detail)"
    " SELECT timestamptz '2026-11-25 04:00+00' + n * interval '7.000001 s', NULL, 'Dr Rao ' || n % 7, n % 40,"
    " 'patient.viewed', 'done', 'patient', n % 900, n % 900, 1, '10.0.0.' || n % 250, 'request-' || n,"
    " jsonb_build_object('tab', 'visits', 'ids', jsonb_build_array(n, n + 1), 'name', 'मीरा')"
    " FROM generate_series(1, :count) AS n"
)


@pytest.fixture
def heads(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the heads of this test's batches lie."""
    monkeypatch.setitem(app.extensions, "files", FolderStore(tmp_path))
    return tmp_path / "audit-heads"


@pytest.fixture
def sealed(app: Flask, heads: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Some hundred rows in batches of forty; the ids of the rows."""
    monkeypatch.setattr("clinic.audit.batches.ROWS_PER_BATCH", 40)
    db.session.execute(WRITE, {"count": 210})
    db.session.commit()
    assert seal_new() >= 5
    return list(db.session.scalars(db.select(AuditEvent.id).order_by(AuditEvent.id)))


@contextmanager
def undone() -> Iterator[None]:
    """Somebody who owns the tables, with the triggers switched off, until what they did is undone."""
    db.session.commit()
    connection: Any = db.session.get_bind()
    connection.exec_driver_sql("SAVEPOINT as_it_was")
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    try:
        yield
    finally:
        db.session.rollback()
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT as_it_was")
        db.session.expire_all()


def run(statement: str, **values: object) -> None:
    """One statement of somebody who may do what they like."""
    db.session.connection().execute(text(statement), values)


CHANGES = {
    "actor_name": "'somebody else'",
    "action": "action || 'x'",
    "outcome": "'refused'",
    "at": "at + interval '1 microsecond'",
    "patient_id": "coalesce(patient_id, 0) + 1",
    "facility_id": "NULL",
    "origin": "origin || '1'",
    "request_id": "''",
    "detail": 'detail || \'{"tab": "notes"}\'',
    "session_id": "coalesce(session_id, 0) + 1",
    "subject_id": "NULL",
}


def tamper(chance: random.Random, ids: list[int]) -> tuple[set[str], int | None]:
    """Do something to what is sealed; what may be found, and at which row (None: a batch says enough)."""
    event_id = chance.choice(ids)
    batches = (
        db.session.connection()
        .execute(text("SELECT number, first_id, last_id FROM audit_batches ORDER BY number"))
        .all()
    )
    batch = chance.choice(batches)
    kind = chance.randrange(8)
    if kind <= 1:
        column = chance.choice(sorted(CHANGES))
        run(f"UPDATE audit_events SET {column} = {CHANGES[column]} WHERE id = :id", id=event_id)
        return {"row_altered"}, event_id
    if kind == 2:
        run("DELETE FROM audit_events WHERE id = :id", id=event_id)
        return {"row_removed"}, event_id
    if kind == 3:
        columns = ", ".join(ROW_FIELDS[1:])
        run("DELETE FROM audit_events WHERE id = :id", id=event_id)
        run(
            f"INSERT INTO audit_events (id, {columns}) OVERRIDING SYSTEM VALUE"
            f" SELECT :id, {columns} FROM audit_events WHERE id = :like",
            id=event_id,
            like=ids[0] if event_id != ids[0] else ids[1],
        )
        return {"row_altered"}, event_id
    if kind == 4:
        run("DELETE FROM audit_batches WHERE number = :n", n=batch.number)
        last = batch.number == batches[-1].number
        return {"batches_cut_off" if last else "batch_removed"}, batch.first_id
    if kind == 5:
        run(
            "UPDATE audit_batches SET mac = sha256(mac) WHERE number = :n",
            n=batch.number,
        )
        return {"batch_altered"}, None
    if kind == 6:  # the row and what the batch says of it
        run("DELETE FROM audit_events WHERE id = :id", id=event_id)
        run(
            "UPDATE audit_batches SET count = count - 1, row_macs = overlay(row_macs PLACING ''::bytea"
            " FROM position(int8send(:id) IN row_macs) FOR 40) WHERE :id BETWEEN first_id AND last_id",
            id=event_id,
        )
        return {"batch_altered"}, None
    run("DELETE FROM audit_batches WHERE number >= :n", n=batch.number)
    run("DELETE FROM audit_events WHERE id >= :id", id=batch.first_id)
    return {"batches_cut_off"}, batch.first_id


def batch_count() -> int:
    """How many batches there are."""
    return db.session.query(AuditBatch).count()
