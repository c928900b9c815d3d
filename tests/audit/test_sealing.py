"""What is sealed cannot be changed unseen, and what goes on meanwhile is neither missed nor reported."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinic.app import create_app
from clinic.audit import batches, nightly, verifying
from clinic.audit import service as audit
from clinic.audit.cli import verify_all
from clinic.audit.models import AuditBatch, AuditCheck
from clinic.audit.sealing import ROW_FIELDS, instant
from clinic.audit.verifying import CopiedHeads, Finding, verify
from clinic.config import ConfigurationError, read_settings
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from tests.audit.conftest import WRITE, batch_count, run, tamper, undone
from tests.conftest import AUDIT_KEY, environment, make_settings


def test_everything_written_is_sealed_in_ranges_without_a_hole(sealed: list[int]) -> None:
    found = db.session.query(AuditBatch).order_by(AuditBatch.number).all()
    assert [batch.number for batch in found] == list(range(1, len(found) + 1))
    assert found[0].first_id == 1
    for before, after in pairwise(found):
        assert after.first_id == before.last_id + 1
        assert bytes(after.previous_mac) == bytes(before.mac)
    assert sum(batch.count for batch in found) == len(sealed)
    result = verify()
    assert (result.good, result.rows, result.last_id, result.unsealed) == (True, len(sealed), sealed[-1], 0)


def test_the_format_is_what_the_docs_say(sealed: list[int]) -> None:
    """Made once more from the description alone: keys sorted, no blanks, UTF-8, microseconds in UTC."""
    batch = db.session.query(AuditBatch).order_by(AuditBatch.number).first()
    assert batch is not None
    row = db.session.execute(text("SELECT * FROM audit_events ORDER BY id LIMIT 1")).mappings().one()
    assert set(row) == set(ROW_FIELDS), "a new column must be sealed too"
    line = json.dumps(
        {**row, "at": instant(row["at"])}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert instant(row["at"]).endswith("Z")
    mac = hmac.new(AUDIT_KEY.encode(), line.encode(), hashlib.sha256).digest()
    assert bytes(batch.row_macs)[:40] == row["id"].to_bytes(8, "big") + mac
    head = (
        f'{{"count":{batch.count},"first_id":{batch.first_id},"format":"sutra-audit-1","key_id":"{batch.key_id}",'
        f'"last_id":{batch.last_id},"number":{batch.number},"previous_mac":"{"00" * 32}",'
        f'"sealed_at":"{instant(batch.sealed_at)}"}}\n'
    )
    whole = hmac.new(AUDIT_KEY.encode(), head.encode() + bytes(batch.row_macs), hashlib.sha256)
    assert whole.digest() == bytes(batch.mac)


def test_whatever_is_done_to_it_is_named(sealed: list[int]) -> None:
    for seed in range(40):
        with undone():
            findings, row = tamper(random.Random(seed), sealed)
            result = verify()
            assert result.finding in findings, seed
            assert row is None or result.event_id == row, seed
    assert verify().good, "what was undone is as it was sealed"


def test_a_row_put_into_a_sealed_range_is_named(sealed: list[int]) -> None:
    """Also one before the first, and one where an id was given out in vain."""
    copied = ", ".join(ROW_FIELDS[1:])
    free = sealed[100]
    with undone():
        run("DELETE FROM audit_events WHERE id = :id", id=free)
        run("DELETE FROM audit_batches")
        batches.seal_new()
        run(
            f"INSERT INTO audit_events (id, {copied}) OVERRIDING SYSTEM VALUE"
            f" SELECT :id, {copied} FROM audit_events WHERE id = :like",
            id=free,
            like=sealed[0],
        )
        result = verify(CopiedHeads(Path("/nonexistent")))
        assert (result.finding, result.event_id) == (Finding.ROW_INSERTED, free)
    with undone():
        run(
            f"INSERT INTO audit_events (id, {copied}) OVERRIDING SYSTEM VALUE"
            f" SELECT -5, {copied} FROM audit_events WHERE id = :like",
            like=sealed[0],
        )
        assert (verify().finding, verify().event_id) == (Finding.ROW_INSERTED, -5)


def test_a_cut_off_end_shows_only_by_the_heads_outside(sealed: list[int], tmp_path: Path) -> None:
    empty = tmp_path / "nothing"
    empty.mkdir()
    with undone():
        run("DELETE FROM audit_batches WHERE number = (SELECT max(number) FROM audit_batches)")
        run("DELETE FROM audit_events WHERE id > (SELECT max(last_id) FROM audit_batches)")
        assert verify(CopiedHeads(empty)).good, "from inside there is nothing to see"
        result = verify()
        assert result.finding is Finding.BATCHES_CUT_OFF
        assert result.batch == batch_count() + 1


def test_a_chain_made_anew_with_the_key_differs_from_the_heads_outside(sealed: list[int]) -> None:
    with undone():
        run("UPDATE audit_events SET actor_name = 'nobody' WHERE id = :id", id=sealed[3])
        run("DELETE FROM audit_batches")
        batches.seal_new()
        assert verify().finding is Finding.HEAD_DIFFERS


def test_what_was_written_after_the_last_seal_is_said_to_be_open(sealed: list[int]) -> None:
    with unit_of_work():
        audit.record(SYSTEM, "patient.viewed", subject_type="patient")
    assert (verify().good, verify().unsealed) == (True, 1)
    with undone():
        run("UPDATE audit_events SET actor_name = 'nobody' WHERE id > :id", id=sealed[-1])
        assert verify().good
    assert batches.seal_new() == 1
    assert verify().unsealed == 0


def test_keys_change_and_old_batches_stay_verifiable(
    app: Flask, sealed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.extensions["settings"]
    new = "a-new-key-0123456789-abcdefghijklmnopqrs"
    monkeypatch.setitem(app.extensions, "settings", replace(settings, audit_keys=(new, AUDIT_KEY)))
    db.session.execute(WRITE, {"count": 3})
    db.session.commit()
    batches.seal_new()
    assert verify().good
    assert len(set(db.session.scalars(db.select(AuditBatch.key_id)))) == 2
    monkeypatch.setitem(app.extensions, "settings", replace(settings, audit_keys=(new,)))
    assert (verify().finding, verify().batch) == (Finding.KEY_UNKNOWN, 1)


@pytest.mark.parametrize("what", ["UPDATE audit_batches SET count = 1", "DELETE FROM audit_batches"])
def test_batches_can_neither_be_changed_nor_removed(sealed: list[int], what: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), db.session.begin_nested():
        db.session.execute(text(what))


def test_nobody_chooses_the_id_of_a_row(sealed: list[int]) -> None:
    columns = ", ".join(ROW_FIELDS[1:])
    chosen = f"INSERT INTO audit_events (id, {columns}) SELECT 5, {columns} FROM audit_events LIMIT 1"
    with pytest.raises(DBAPIError, match="GENERATED ALWAYS"), db.session.begin_nested():
        db.session.execute(text(chosen))


def test_the_head_of_a_batch_is_kept_outside_and_logged_and_made_good_later(
    app: Flask, heads: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clinic.audit.batches.log", (lines := _Lines()))
    with unit_of_work():
        audit.record(SYSTEM, "patient.viewed", subject_type="patient")
    batches.seal_new()
    newest = batches.newest()
    assert newest is not None
    kept = json.loads((heads / f"{newest.number}.json").read_text())
    assert (kept["mac"], kept["last_id"]) == (newest.mac.hex(), newest.last_id)
    assert ("audit_sealed", newest.number, newest.last_id, newest.mac.hex()) in lines.heads
    (heads / f"{newest.number}.json").unlink()
    batches.seal_new()
    assert (heads / f"{newest.number}.json").exists(), "the store was away; the next round writes it"


class _Lines:
    """A log that remembers."""

    def __init__(self) -> None:
        self.heads: list[tuple[object, ...]] = []

    def info(self, event: str, **values: object) -> None:
        self.heads.append((event, *(values.get(name) for name in ("number", "last_id", "mac"))))

    error = info


def test_a_slow_transaction_is_neither_missed_nor_reported(
    make_database: Callable[[str], str], tmp_path: Path
) -> None:
    """It has its row's id before others commit theirs, and commits long after they were sealed."""
    app = create_app(make_settings(make_database("sealing"), FILES_DIR=str(tmp_path)))
    got_id, may_commit, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        with app.app_context(), unit_of_work():
            audit.record(SYSTEM, "import.slow", subject_type="import")
            db.session.flush()
            got_id.set()
            may_commit.wait(30)
        done.set()

    def quick(action: str) -> None:
        with unit_of_work():
            audit.record(SYSTEM, action, subject_type="patient")

    thread = threading.Thread(target=slow)
    with app.app_context():
        quick("patient.first")
        thread.start()
        assert got_id.wait(30)
        quick("patient.second")
        assert batches.seal_new() == 0, "an id was given out whose fate is open"
        may_commit.set()
        thread.join(30)
        assert done.is_set()
        assert batches.seal_new() == 1
        result = verify()
        assert (result.good, result.rows, result.unsealed) == (True, 3, 0)
        db.session.remove()
        db.engine.dispose()


def test_without_the_lock_a_slow_transaction_would_be_reported(
    make_database: Callable[[str], str], tmp_path: Path
) -> None:
    """The defence is needed: with the trigger gone, its row turns up in a range that was sealed."""
    app = create_app(make_settings(make_database("unsealing"), FILES_DIR=str(tmp_path)))
    with app.app_context():
        with unit_of_work():
            db.session.execute(text("DROP TRIGGER audit_events_writing ON audit_events"))
        other = db.engine.connect()
        other.execute(WRITE, {"count": 1})
        with unit_of_work():
            audit.record(SYSTEM, "patient.second", subject_type="patient")
        assert batches.seal_new() == 1
        other.commit()
        other.close()
        assert verify().finding is Finding.ROW_INSERTED
        db.session.remove()
        db.engine.dispose()


def test_the_command_ends_with_one_where_something_is_wrong(
    app: Flask, sealed: list[int], heads: Path
) -> None:
    runner = app.test_cli_runner()
    good = runner.invoke(verify_all, [])
    assert good.exit_code == 0, good.output
    assert "changes to those cannot be seen" in good.output
    with undone():
        run("UPDATE audit_events SET origin = 'x' WHERE id = :id", id=sealed[7])
        bad = runner.invoke(verify_all, ["--heads", str(heads)])
        assert bad.exit_code == 1
        assert f"Row {sealed[7]} was altered" in bad.output


def test_the_nightly_verification_keeps_what_it_found(sealed: list[int]) -> None:
    assert verifying.check().good
    with undone():
        run("DELETE FROM audit_events WHERE id = :id", id=sealed[9])
        run("SET LOCAL session_replication_role = origin")
        row = verifying.check()
        assert (row.good, row.finding, row.event_id) == (False, "row_removed", sealed[9])
    last = nightly.last_check()
    assert isinstance(last, AuditCheck)
    assert last.good


def test_production_does_not_start_without_a_key_of_the_audits_own() -> None:
    production = environment("x", SUTRA_ENV="production", AUDIT_KEYS="")
    with pytest.raises(ConfigurationError, match="AUDIT_KEYS is not set"):
        read_settings(production | {"PUBLIC_URL": "https://clinic.example"})
    for keys, why in (("short", "too short"), (production["SECRET_KEY"], "something else")):
        with pytest.raises(ConfigurationError, match=why):
            read_settings(production | {"PUBLIC_URL": "https://clinic.example", "AUDIT_KEYS": keys})
    assert AUDIT_KEY not in repr(make_settings("x"))
