"""The demo clinic, loaded by whichever worker needs it first, and copied by each."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path

from clinic import demo
from clinic.app import create_app
from clinic.core.db import db
from tests.conftest import TEMPLATE, make_settings, run_sql

DEMO = "sutra_test_demo"


def load_demo(redis_number: int) -> dict[str, str]:
    """How to sign in to the demo clinic in the database ``DEMO``. Others wait while one worker loads it."""
    folder = Path(os.environ["TEST_FILES_DIR"])
    loaded = folder / "demo.json"
    with (folder / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not loaded.exists():
            loaded.write_text(json.dumps(_load(redis_number)))
    log_ins: dict[str, str] = json.loads(loaded.read_text())
    return log_ins


def _load(redis_number: int) -> dict[str, str]:
    run_sql(f"DROP DATABASE IF EXISTS {DEMO} WITH (FORCE)")
    run_sql(f"CREATE DATABASE {DEMO} TEMPLATE {TEMPLATE}")
    app = create_app(make_settings(DEMO, redis_number))
    with app.app_context():
        demo.load()
        log_ins = demo.log_ins()
        db.session.remove()
        db.engine.dispose()
    return log_ins


def copy_files(database: str) -> None:
    """The papers of the demo clinic, for a copy of its database."""
    folder = Path(os.environ["TEST_FILES_DIR"])
    shutil.copytree(folder / DEMO, folder / database, dirs_exist_ok=True)
