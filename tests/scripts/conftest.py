"""The stage a browser visits: pages without a clinic behind them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.scripts.stage import Stage, start_stage


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
