"""A morning's work with names and findings in it: none of them in a log, an address or the queue."""

from __future__ import annotations

import io
import logging
import re
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from tests.encounters.conftest import READY, Scene

NAME, MOBILE = "Meenakshi Iyer", "9845011723"
FOUND = "Kati shula after a fall"
SECRETS = (NAME, "Meenakshi", MOBILE, FOUND, "Kati", "Telmisartan", "family-report")


@pytest.fixture
def logged(app: Flask) -> Iterator[io.StringIO]:
    """Everything the application logs from the finest level on."""
    lines = io.StringIO()
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(file=lines),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(lines)
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)
    structlog.configure(**before)


def queued(app: Flask) -> str:
    """Every value in the queue's server, jobs unpacked."""
    server = app.extensions["redis"]
    said = []
    for key in server.keys("*"):
        kind = server.type(key)
        values: list[Any] = [key]
        if kind == b"hash":
            values += [part for pair in server.hgetall(key).items() for part in pair]
        elif kind == b"list":
            values += server.lrange(key, 0, -1)
        elif kind == b"set":
            values += server.smembers(key)
        elif kind == b"zset":
            values += server.zrange(key, 0, -1)
        elif kind == b"string":
            values.append(server.get(key))
        for value in values:
            try:
                said.append(zlib.decompress(value).decode(errors="replace"))
            except zlib.error:
                said.append(value.decode(errors="replace"))
    return "\n".join(said)


def picture() -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (40, 40), "white").save(file, "PNG")
    file.seek(0)
    return file


def test_a_mornings_work_leaves_no_word_about_the_patient_outside_the_record(
    app: Flask, author: FlaskClient, scene: Scene, logged: io.StringIO
) -> None:
    scene.patient.mobile = f"+91{MOBILE}"
    answers: list[TestResponse] = []

    def ask(method: str, path: str, **options: Any) -> TestResponse:
        answers.append(author.open(path, method=method, **options))
        assert answers[-1].status_code < 500, path
        return answers[-1]

    note, patient = scene.note(), f"/patients/{scene.patient.id}"
    version = note.version
    ask("GET", patient)
    ask("GET", f"/search?q={NAME}")
    typed = {**READY, "note-diagnosis": [FOUND], "before-systolic": ["148"], "before-diastolic": ["96"]}
    ask("POST", f"/notes/{note.id}/draft", data={**typed, "version": str(version)})
    ask("POST", f"{patient}/vitals", data={"systolic": "148", "diastolic": "96"})
    begun = ask("POST", f"{patient}/prescriptions", data={"key": "k"})
    prescription = urlsplit(begun.headers["Location"]).path
    shown = re.search(r'name="version" value="([^"]+)"', ask("GET", prescription).text)
    assert shown
    line = {"version": shown[1], "new-name": "Telmisartan", "do": "add", "add-key": "a"}
    assert ask("POST", prescription, data=line).status_code < 400
    assert "Telmisartan" in ask("GET", prescription).text
    ask("POST", f"{patient}/papers", data={"files": (picture(), "family-report.png"), "kind": "lab_report"})
    ask("POST", f"/notes/{note.id}/sign", data={**typed, "version": "0"})
    ask("GET", "/notes/999999999")
    for tab in ("notes", "vitals", "health", "assessments", "prescriptions", "papers", "summary"):
        ask("GET", f"{patient}/{tab}")

    log, jobs = logged.getvalue(), queued(app)
    assert "/notes/<id:note_id>" in log, "nothing was logged, so nothing was shown"
    leaked = [word for word in SECRETS if word in log or word in jobs]
    assert not leaked
    headers = "\n".join(f"{name}: {value}" for answer in answers for name, value in answer.headers.items())
    assert not [word for word in SECRETS if word in headers]
    pages = [a for a in answers if a.status_code == 200 and a.mimetype == "text/html"]
    assert pages
    assert all("no-store" in page.headers["Cache-Control"] for page in pages)


def test_the_words_looked_for_would_be_seen(logged: io.StringIO) -> None:
    structlog.get_logger("somewhere").info("seen", patient=NAME)
    logging.getLogger("elsewhere").warning("found %s", FOUND)
    assert NAME in logged.getvalue()
    assert FOUND in logged.getvalue()
