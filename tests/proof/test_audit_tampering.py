"""Twenty thousand sealed rows, tampered with two hundred times: each time it is named.

How many rows a second are verified, and how much memory that takes, stands in docs/measurements.md.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from clinic.app import create_app
from clinic.audit.batches import seal_new
from clinic.audit.models import AuditEvent
from clinic.audit.verifying import verify
from clinic.core.db import db
from tests.audit.conftest import WRITE, tamper, undone
from tests.conftest import make_settings

TAMPERED, TIMES = 20_000, 200
ROWS = 100_000
MORE_MEMORY_MB = 150


@pytest.fixture
def heads(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clinic.core.files import FolderStore

    monkeypatch.setitem(app.extensions, "files", FolderStore(tmp_path))


def test_two_hundred_tamperings_are_all_named(app: Flask, heads: None) -> None:
    db.session.execute(WRITE, {"count": TAMPERED})
    db.session.commit()
    seal_new()
    ids = list(db.session.scalars(db.select(AuditEvent.id).order_by(AuditEvent.id)))
    missed = []
    for seed in range(TIMES):
        with undone():
            findings, row = tamper(random.Random(seed), ids)
            result = verify()
            if result.finding not in findings or (row is not None and result.event_id != row):
                missed.append((seed, findings, row, result))
    assert missed == []
    assert verify().rows == len(ids)


@pytest.mark.parametrize("rows", [ROWS, 10 * ROWS])
def test_verifying_takes_bounded_memory(
    make_database: Callable[[str], str], tmp_path: Path, rows: int
) -> None:
    app = create_app(make_settings(make_database("verify"), FILES_DIR=str(tmp_path)))
    with app.app_context():
        db.session.execute(WRITE, {"count": rows})
        db.session.commit()
        began = time.monotonic()
        seal_new()
        sealed_in = time.monotonic() - began
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        result = verify()
        took = time.monotonic() - began
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        sys.stdout.write(
            f"{rows:,} rows sealed in {sealed_in:.1f} s ({rows / sealed_in:,.0f} a second), verified in "
            f"{took:.1f} s ({rows / took:,.0f} a second), {grown:.0f} MB more memory\n"
        )
        assert (result.good, result.rows) == (True, rows)
        assert grown < MORE_MEMORY_MB
        db.session.remove()
        db.engine.dispose()
