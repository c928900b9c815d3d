"""A Chromium, and the stage it visits. Without one on the machine these tests say so and skip."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.scripts.stage import Stage, start_stage


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("SUTRA_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None and not os.environ.get("SUTRA_REQUIRE_BROWSER"):
        pytest.skip("No Chromium on this machine: install one, or name it in SUTRA_CHROMIUM.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def served() -> Iterator[Stage]:
    stage = start_stage()
    yield stage
    stage.stop()


@pytest.fixture
def stage(served: Stage) -> Stage:
    """The stage with a clean memory."""
    served.saved.heard.clear()
    served.saved.answers.clear()
    served.saved.most_running = 0
    served.saved.gate.set()
    return served


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails the test when the content policy is broken or a script throws."""
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on(
        "console",
        lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None,
    )
    yield opened
    assert troubles == []
