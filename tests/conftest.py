"""A real Postgres and a real Valkey for every test: one template database, copied once per worker."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session as BoundSession
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind, User
from clinic.app import create_app
from clinic.config import Settings, read_settings, sqlalchemy_url
from clinic.core.db import db
from clinic.local.testing import start_test_services
from tests.chromium import FLAGS, MISSING, chromium_path, is_demanded

TEMPLATE = "sutra_test_template"
FIELD_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
AUDIT_KEY = "tests-only-audit-0123456789-abcdefghijklm"


def pytest_configure(config: pytest.Config) -> None:
    """Start the services once, in the controller; workers inherit the addresses."""
    if hasattr(config, "workerinput"):
        _share_compiled_templates(os.environ["TEST_COMPILED_TEMPLATES"])
        return
    services = start_test_services()
    config.add_cleanup(services.stop)
    use_services(services.database_url, services.redis_url)
    compiled = tempfile.TemporaryDirectory(prefix="sutra-templates-")
    config.add_cleanup(compiled.cleanup)
    os.environ["TEST_COMPILED_TEMPLATES"] = compiled.name
    files = tempfile.TemporaryDirectory(prefix="sutra-files-", ignore_cleanup_errors=True)
    config.add_cleanup(files.cleanup)
    os.environ["TEST_FILES_DIR"] = files.name
    _share_compiled_templates(compiled.name)
    _make_template()


def _share_compiled_templates(folder: str) -> None:
    """Let the applications of a run compile each page's template once between them, not once each."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": FileSystemBytecodeCache(folder)}


def use_services(database_url: str, redis_url: str) -> None:
    """Let every installation made from here on use these servers."""
    os.environ["TEST_DATABASE_URL"] = database_url
    os.environ["TEST_REDIS_URL"] = redis_url


def make_settings(database: str, redis_number: int = 0, **extra: str) -> Settings:
    """Settings of a test installation on the database of that name."""
    return read_settings(environment(database, redis_number, **extra))


def environment(database: str, redis_number: int = 0, **extra: str) -> dict[str, str]:
    """The environment of a process that serves the test installation."""
    url = make_url(sqlalchemy_url(os.environ["TEST_DATABASE_URL"])).set(database=database)
    redis = os.environ["TEST_REDIS_URL"].split("?")[0]
    redis_url = (
        f"{redis}?db={redis_number}" if redis.startswith("unix") else f"{redis.rstrip('/')}/{redis_number}"
    )
    return {
        "SUTRA_ENV": "test",
        "SECRET_KEY": "tests-only-0123456789-abcdefghijklmnop",
        "FIELD_KEYS": FIELD_KEY,
        "AUDIT_KEYS": AUDIT_KEY,
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "REDIS_URL": redis_url,
        "PUBLIC_URL": "http://localhost",
        "LOG_LEVEL": "WARNING",
        "FILES_DIR": f"{os.environ.get('TEST_FILES_DIR', tempfile.gettempdir())}/{database}",
        **extra,
    }


def run_sql(statement: str) -> None:
    """Run one statement outside any transaction on the server's own database, such as CREATE DATABASE."""
    url = make_url(sqlalchemy_url(os.environ["TEST_DATABASE_URL"])).set(drivername="postgresql")
    connection = psycopg2.connect(url.render_as_string(hide_password=False))
    try:
        connection.autocommit = True
        connection.cursor().execute(statement)
    finally:
        connection.close()


def _make_template() -> None:
    from flask_migrate import upgrade

    run_sql(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
    run_sql(f"CREATE DATABASE {TEMPLATE}")
    app = create_app(make_settings(TEMPLATE))
    with app.app_context():
        upgrade()
        db.engine.dispose()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Three for two processors, since tests wait for browsers, locks and processes. There are two numbers in
    the Valkey for each of six.
    """
    processors = os.cpu_count() or 1
    return min(6, processors + processors // 2)


@pytest.fixture(scope="session")
def worker_number(worker_id: str) -> int:
    """0 without xdist, else one number per worker from 1 on."""
    return 0 if worker_id == "master" else int(worker_id.removeprefix("gw")) + 1


@pytest.fixture(scope="session")
def make_database(worker_number: int) -> Iterator[Callable[..., str]]:
    """Make a migrated database for this worker, dropped at the end; returns its name. It is a copy of the
    template given, else of an empty one.
    """
    made: list[str] = []

    def make(purpose: str, template: str = TEMPLATE) -> str:
        name = f"sutra_test_{purpose}_{worker_number}_{os.getpid()}_{len(made)}"
        run_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return name

    yield make
    for name in made:
        run_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def shared_app(make_database: Callable[[str], str], worker_number: int) -> Flask:
    return create_app(make_settings(make_database("shared"), worker_number))


@pytest.fixture
def app(shared_app: Flask) -> Iterator[Flask]:
    """The application, inside a transaction that is rolled back: commits become savepoints."""
    with shared_app.app_context():
        connection = db.engine.connect()
        transaction = connection.begin()
        factory = db.session.session_factory
        before = dict(factory.kw)
        get_bind = BoundSession.get_bind
        factory.configure(join_transaction_mode="create_savepoint")
        BoundSession.get_bind = lambda *_arguments, **_named: connection  # it would look for an engine
        shared_app.extensions["redis"].flushdb()
        try:
            yield shared_app
        finally:
            db.session.remove()
            BoundSession.get_bind = get_bind
            factory.kw.clear()
            factory.kw.update(before)
            transaction.rollback()
            connection.close()


@pytest.fixture
def session(app: Flask) -> Session:
    return db.session()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Nobody signed in. Forms pass without a CSRF token; ``csrf_app`` in the access tests checks those."""
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask) -> Callable[..., FlaskClient]:
    """``sign_in(user)`` is a client signed in as staff; with ``SessionKind.PATIENT``, as a patient."""
    from clinic.accounts.service.open_sessions import start_session

    def signed_in(user: User, kind: SessionKind = SessionKind.STAFF) -> FlaskClient:
        app.config["WTF_CSRF_ENABLED"] = False
        token, _row = start_session(user, kind, origin="127.0.0.1", agent="tests")
        db.session.commit()
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
            cookie["_fresh"] = True
        return client

    return signed_in


@pytest.fixture
def count_statements(app: Flask) -> Iterator[Callable[[], list[str]]]:
    """Every statement sent since the last call, savepoints left out."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "SAVEPOINT" not in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)

    def take() -> list[str]:
        taken, seen[:] = list(seen), []
        return taken

    yield take
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium, one per worker. Without one on the machine its tests skip and say so."""
    path = chromium_path()
    if path is None and not is_demanded():
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()
