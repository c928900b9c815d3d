"""Somebody who types without a pause, what of it the clinic has, and what can be taken away meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
from playwright.sync_api import Page

from tests.browser.conftest import ROOT, Clinic, pause, wait_until_up
from tests.chromium import FLAGS, chromium_path

ALLOWED = 5.0
"""Seconds of typing that may be gone when something is killed."""
FIELD = "What happened"
STATE = "#note-form [data-save-state]"
"""What a note says of its saving; a prescription within it says its own."""


@dataclass
class Typist:
    """Types one word after another into a note, and remembers when each was there."""

    page: Page
    clinic: Clinic
    note_id: int
    typed: str = ""
    moments: list[tuple[float, str]] = field(default_factory=list)

    def begin(self) -> None:
        """An empty field, also with the clinic, and the cursor in it."""
        area = self.page.get_by_label(FIELD)
        area.fill("")
        for _attempt in range(200):
            if not self.stored():
                break
            self.page.evaluate("() => new Promise((done) => setTimeout(done, 60))")
        assert not self.stored()
        area.press("End")

    def word(self) -> None:
        """One more word, letter by letter, without a pause after it."""
        word = f"word{len(self.moments)} "
        self.page.keyboard.type(word, delay=12)
        self.typed += word
        self.moments.append((time.monotonic(), self.typed))

    def until(self, holds: Callable[[], object], most: int = 400) -> None:
        """Type until something holds; at most so many words."""
        for _word in range(most):
            self.word()
            if holds():
                return
        raise AssertionError(f"after {most} words: {self.state()}")

    def typed_before(self, moment: float) -> str:
        """What had been typed that long before a moment."""
        return next((text for at, text in reversed(self.moments) if at <= moment), "")

    def stored(self) -> str:
        """What the clinic's database has of the field."""
        row = sql(self.clinic, "SELECT body->>'happened' FROM notes WHERE id = %s", self.note_id)
        return str(row[0][0] or "") if row else ""

    def state(self) -> str:
        """The state of saving as the page says it."""
        return self.page.locator(STATE).get_attribute("data-state") or ""


def sql(clinic: Clinic, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """One statement on the clinic's database, committed; its rows."""
    address = clinic.environment["DATABASE_URL"].replace("postgresql+psycopg2", "postgresql")
    connection = psycopg2.connect(address)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def end_sessions(clinic: Clinic, email: str) -> None:
    """End every session of a person in the database, as another device or an administrator does."""
    sql(
        clinic,
        "UPDATE login_sessions SET ended_at = now(), end_reason = 'ended' "
        "WHERE ended_at IS NULL AND user_id = (SELECT id FROM users WHERE email = %s)",
        email,
    )


@contextmanager
def web_down(clinic: Clinic) -> Iterator[None]:
    """Kill the web server with all its workers, and start another at the end."""
    killed = clinic.processes[0]
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait(timeout=30)
    try:
        yield
    finally:
        clinic.processes[0] = subprocess.Popen(
            killed.args, cwd=ROOT, env=clinic.environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        wait_until_up(clinic)


@dataclass
class OwnBrowser:
    """A Chromium in a process group of its own, which can be killed."""

    process: subprocess.Popen[bytes]
    address: str

    def kill(self) -> float:
        """Kill it and all its children; the moment it was done."""
        os.killpg(self.process.pid, signal.SIGKILL)
        moment = time.monotonic()
        self.process.wait(timeout=30)
        return moment


@contextmanager
def own_browser(folder: Path) -> Iterator[OwnBrowser]:
    """Start a Chromium that listens to whoever drives it."""
    path = chromium_path()
    assert path is not None
    command = [path, "--headless=new", *FLAGS, "--remote-debugging-port=0", f"--user-data-dir={folder}"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield OwnBrowser(process, _address_of(process, folder / "DevToolsActivePort"))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)


def _address_of(process: subprocess.Popen[bytes], told: Path) -> str:
    for _attempt in range(200):
        if process.poll() is not None:
            raise RuntimeError("The browser ended at once.")
        if told.exists() and (lines := told.read_text().split()):
            address = f"http://127.0.0.1:{lines[0]}"
            try:
                with urllib.request.urlopen(f"{address}/json/version", timeout=5):
                    return address
            except (urllib.error.URLError, ConnectionError):
                pass
        pause()
    raise RuntimeError("The browser did not answer.")
