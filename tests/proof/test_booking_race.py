"""Two hundred people press the same button: over HTTP, against several workers, signed in and with CSRF."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from clinic.accounts.models import SessionKind
from clinic.accounts.service.open_sessions import start_session
from clinic.app import create_app
from clinic.core.access import Role
from clinic.core.db import db
from clinic.scheduling.views.reading import slot_value
from tests.concurrency.conftest import Rush, rush  # noqa: F401
from tests.concurrency.test_slot_race import OVERLAPS, UNGUARD
from tests.conftest import environment
from tests.factories import PatientFactory, UserFactory, grant
from tests.factories.clinic import some_facility

ROOT = Path(__file__).parents[2]
TRIES = 200
WORKERS = 4


@pytest.fixture
def cookie(rush: Rush) -> str:  # noqa: F811
    """The cookie of a receptionist, made by signing a session as the application does."""
    app = create_app(_settings(rush))
    with app.app_context():
        user = grant(UserFactory(), Role.RECEPTIONIST, facility=some_facility())
        token, _row = start_session(user, SessionKind.STAFF, origin="127.0.0.1", agent="proof")
        for _patient in range(TRIES - 40):
            PatientFactory(facility_id=rush.facility_id)
        db.session.commit()
        db.session.remove()
        serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        signed = serializer.dumps({"_user_id": token, "_fresh": True, "_permanent": True})
        db.engine.dispose()
    return f"{app.config['SESSION_COOKIE_NAME']}={signed}"


def _environment(rush: Rush) -> dict[str, str]:  # noqa: F811
    url = rush.app.config["SQLALCHEMY_DATABASE_URI"]
    database = re.search(r"/([^/?]+)\?|/([^/?]+)$", url)
    assert database is not None
    return environment(database.group(1) or database.group(2))


def _settings(rush: Rush):  # type: ignore[no-untyped-def]  # noqa: F811
    from clinic.config import read_settings

    return read_settings(_environment(rush))


@contextmanager
def serving(rush: Rush) -> Iterator[str]:  # noqa: F811
    """The application under gunicorn with several workers, on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--workers", str(WORKERS), "--bind", f"127.0.0.1:{port}"]
    command += ["--backlog", "1024", "--timeout", "120", "--no-control-socket", "wsgi:app"]
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **_environment(rush)})
    address = f"http://127.0.0.1:{port}"
    try:
        for _try in range(200):
            try:
                with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                    break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def _request(address: str, cookie: str, data: dict[str, str] | None = None) -> tuple[int, str, str]:
    body = urllib.parse.urlencode(data).encode() if data else None
    request = urllib.request.Request(address, body, {"Cookie": cookie, "Referer": address})

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_arguments: object) -> None:
            return None

    try:
        with urllib.request.build_opener(Stay).open(request, timeout=120) as answer:
            return answer.status, answer.read().decode(), answer.headers.get("Set-Cookie", "")
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode(), answer.headers.get("Set-Cookie", "")


def _race(rush: Rush, cookie: str) -> tuple[Counter[int], list[str]]:  # noqa: F811
    with rush.app.app_context():
        patients = list(db.session.scalars(text("SELECT id FROM patients ORDER BY id")))
        db.session.remove()
    with serving(rush) as address:
        status, page, fresh = _request(f"{address}/appointments/new", cookie)
        assert status == 200, page
        cookie = fresh.split(";")[0] or cookie
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        assert _request(f"{address}/appointments/new", cookie, {"action": "book"})[0] == 400

        def press(number: int) -> tuple[int, str]:
            data = {
                "csrf_token": token.group(1),
                "action": "book",
                "patient": str(patients[number]),
                "service": str(rush.service_id),
                "slot": slot_value(rush.practitioner_ids[0], rush.noon),
                "from_day": rush.noon.date().isoformat(),
                "submission_key": f"press-{number}",
                "purpose": f"Wish number {number}",
            }
            return _request(f"{address}/appointments/new", cookie, data)[:2]

        with ThreadPoolExecutor(TRIES) as pool:
            answers = list(pool.map(press, range(TRIES)))
    return Counter(status for status, _page in answers), [page for status, page in answers if status == 409]


def test_of_two_hundred_one_is_booked_and_the_rest_are_offered_other_times(
    rush: Rush,  # noqa: F811
    cookie: str,
) -> None:
    statuses, refusals = _race(rush, cookie)
    assert statuses == {303: 1, 409: TRIES - 1}
    assert all("Wish number" in page and "callout-danger" in page for page in refusals)
    assert rush.count() == 1


def test_without_the_constraint_the_same_presses_book_twice(
    rush: Rush,  # noqa: F811
    cookie: str,
) -> None:
    with rush.app.app_context():
        db.session.execute(UNGUARD)
        db.session.commit()
    statuses, _refusals = _race(rush, cookie)
    assert statuses[303] > 1
    with rush.app.app_context():
        assert db.session.scalar(OVERLAPS) > 0
