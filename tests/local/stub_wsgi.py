"""The smallest application the supervisor can run: it stands in for Sutra in the supervisor's own tests."""

import contextlib
import json
import logging
import os
import signal
from pathlib import Path

import click
import psycopg2
from flask import Flask

app = Flask(__name__)
seen = Path(os.environ.get("STUB_NOTES", os.devnull))


def note(what: str) -> None:
    """Leave a line for the test to read."""
    with seen.open("a") as file:
        file.write(what + "\n")


def at(address: str, revision: str) -> None:
    """Let the database say that it is at a revision."""
    connection = psycopg2.connect(address.replace("+psycopg2", ""))
    with contextlib.closing(connection), connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num text)")
        cursor.execute("DELETE FROM alembic_version")
        cursor.execute("INSERT INTO alembic_version VALUES (%s)", (revision,))


@app.get("/healthz")
def healthz() -> str:
    return "ok"


@app.get("/settings")
def settings() -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SUTRA_ENV")}


@app.cli.group("db")
def database() -> None:
    """Stands in for the migrations."""


@database.command()
def upgrade() -> None:
    if os.environ.get("STUB_BROKEN"):
        raise click.ClickException("The stub was told to fail.")
    if revision := os.environ.get("STUB_REVISION"):
        at(os.environ["DATABASE_URL"], revision)
    note("upgrade")


@app.cli.group()
def demo() -> None:
    """Stands in for the demo clinic."""


@demo.command()
@click.option("--if-empty", is_flag=True)
def load(if_empty: bool) -> None:
    note(f"load if_empty={if_empty}")
    click.echo(json.dumps({"loaded": True}))


@demo.command()
@click.option("--json", "as_json", is_flag=True)
def show(as_json: bool) -> None:
    assert as_json
    facts = {"admin": "admin@sutra.test", "password": "stub-password", "patient_mobile": "98000 00000"}
    click.echo(json.dumps(facts))


def serve_until_stopped(name: str) -> None:
    """What the worker and the clock have in common."""
    logging.basicConfig(format="%(levelname)s %(message)s")
    note(f"{name} {os.getpid()}")
    logging.getLogger(name).warning("stub %s is up", name)
    click.echo("in passing")
    signal.pause()


@app.cli.command()
def worker() -> None:
    serve_until_stopped("worker")


@app.cli.command()
def clock() -> None:
    serve_until_stopped("clock")
