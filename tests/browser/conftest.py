"""The whole product in processes of its own, and a real browser in front of it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from tests.browser.demo import DEMO, copy_files, load_demo
from tests.conftest import environment

ROOT = Path(__file__).parents[2]
DESKTOP, TABLET, PHONE = (1440, 900), (768, 1024), (390, 844)
ORDINARY = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")
"""What a browser also says when an answer is a 4xx, or when a page is left while a fragment is on its way."""
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}


@dataclass
class Clinic:
    """A running demo clinic: its address, how to sign in, and its processes."""

    url: str
    log_ins: dict[str, str]
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    family_cookies: list[Any] = field(default_factory=list)
    """Of a family's session that a code began: a number gets few codes an hour."""

    def messages(self) -> list[dict[str, Any]]:
        """What was sent, newest first."""
        with urllib.request.urlopen(f"{self.url}/dev/messages.json") as answer:
            listed = json.load(answer)
        return list(listed["messages"] if isinstance(listed, dict) else listed)


@pytest.fixture(scope="session")
def clinic(make_database: Callable[..., str], worker_number: int) -> Iterator[Clinic]:
    """Web (two workers), worker and clock on a database with the demo clinic."""
    log_ins = load_demo(worker_number + 6)
    database = make_database("browser", DEMO)
    port = _free_port()
    env = os.environ | environment(
        database,
        worker_number + 6,
        FLASK_APP="wsgi.py",
        PUBLIC_URL=f"http://127.0.0.1:{port}",
        WEB_CONCURRENCY="2",
        PORT=str(port),
    )
    copy_files(database)
    flask = [sys.executable, "-m", "flask"]
    web = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "-b", f"127.0.0.1:{port}", "wsgi:app"]
    commands = (web, [*flask, "worker"], [*flask, "clock"])
    running = Clinic(f"http://127.0.0.1:{port}", log_ins, env)
    running.processes = [
        subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, start_new_session=True)
        for command in commands
    ]
    try:
        wait_until_up(running)
        yield running
    finally:
        for process in running.processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in running.processes:
            process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(running: Clinic) -> None:
    """Ask until the web process answers; its socket is bound before it can, so the tries are few."""
    ask = urllib.request.Request(f"{running.url}/healthz")
    for _attempt in range(600):
        if running.processes[0].poll() is not None:
            raise RuntimeError("The web process ended at once.")
        try:
            with urllib.request.urlopen(ask, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            pause()
    raise RuntimeError("The web process did not answer.")


def pause() -> None:
    """Wait a tenth of a second for a port that is not open yet."""
    with socket.socket() as idle:
        idle.settimeout(0.1)
        idle.bind(("127.0.0.1", 0))
        idle.listen()
        try:
            idle.accept()
        except TimeoutError:
            return


@dataclass
class Visitor:
    """One person's browser window. Everything a page complains of is kept, and fails the test at its end."""

    page: Page
    clinic: Clinic
    complaints: list[str]

    def go(self, path: str) -> Page:
        """Open a page of the clinic."""
        self.page.goto(self.clinic.url + path)
        return self.page

    def check_accessibility(self) -> None:
        """axe finds nothing on the page as it is now."""
        self.page.wait_for_load_state("networkidle")
        found = Axe().run(self.page, options=AXE)
        named = [
            f"{violation['id']}: {[node['target'] for node in violation['nodes']][:4]}"
            for violation in found.response["violations"]
        ]
        assert not named, f"{self.page.url}: {named}"

    def sign_in_staff(self, who: str) -> None:
        """Sign in by e-mail and the demo's password."""
        self.go("/sign-in")
        self.page.get_by_label("E-mail").fill(self.clinic.log_ins[who])
        self.page.get_by_label("Password", exact=True).fill(self.clinic.log_ins["password"])
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def go_on_with_note(self) -> Page:
        """The demo's draft, of a treatment of Meenakshi Iyer; other tests leave drafts of other kinds."""
        page = self.go("/my-day")
        row = page.locator(".day-row", has_text="Meenakshi Iyer").filter(has_text="Abhyanga")
        row.get_by_role("link", name="Go on with note").first.click()
        page.wait_for_url(re.compile(r"/notes/\d+"))
        return page


def day_with_many_times(page: Page) -> Locator:
    """On the portal's page of free times, the day after tomorrow: today has few left in the evening."""
    return page.get_by_role("list", name="Days").get_by_role("link").nth(2)


@pytest.fixture
def visitor(browser: Browser, clinic: Clinic) -> Iterator[Callable[..., Visitor]]:
    """``visitor(PHONE)`` opens a window of that size, with nobody signed in."""
    opened: list[Visitor] = []

    def open_window(size: tuple[int, int] = DESKTOP, locale: str = "en-IN", **options: Any) -> Visitor:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=locale, reduced_motion="reduce", **options
        )
        page, complaints = context.new_page(), []
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda line: (
                complaints.append(f"{page.url}: {line.text}")
                if line.type == "error" and not any(ordinary in line.text for ordinary in ORDINARY)
                else None
            ),
        )
        opened.append(Visitor(page, clinic, complaints))
        return opened[-1]

    yield open_window
    complaints = [line for one in opened for line in one.complaints]
    for one in opened:
        one.page.context.close()
    assert not complaints, complaints
