"""The network, the server and the session taken away at random moments while somebody types without a pause,
and at last the browser. Nothing typed more than five seconds before is gone.

``TYPING_ROUNDS`` faults (20 unless told), one at a time; ``TYPING_SEED`` repeats a run.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Clinic, Visitor, clinic
from tests.browser.test_nothing_is_lost import open_draft, settled
from tests.browser.typing import ALLOWED, Typist, end_sessions, own_browser, web_down

__all__ = ["clinic"]
ROUNDS = int(os.environ.get("TYPING_ROUNDS", "20"))
SEED = int(os.environ.get("TYPING_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)


def test_whatever_is_taken_away_at_any_moment_no_more_than_five_seconds_are_gone(
    clinic: Clinic,
    browser: Browser,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(SEED)
    record_property("TYPING_SEED", SEED)
    with own_browser(tmp_path / "profile") as own:
        driven = browser.browser_type.connect_over_cdp(own.address)
        page = driven.contexts[0].new_page()
        Visitor(page, clinic, []).sign_in_staff("vaidya")
        typist = open_draft(page, clinic)
        for _round in range(ROUNDS):
            _type_for(typist, chance.uniform(0.2, 4))
            chance.choice((_no_network, _no_server, _no_session))(typist, clinic, chance)
            settled(typist)
        _type_for(typist, chance.uniform(6, 9))
        killed_at = own.kill()
    assert typist.stored().startswith(typist.typed_before(killed_at - ALLOWED).strip())


def _type_for(typist: Typist, seconds: float) -> None:
    until = time.monotonic() + seconds
    typist.until(lambda: time.monotonic() > until, most=10_000)


def _no_network(typist: Typist, _clinic: Clinic, chance: random.Random) -> None:
    typist.page.context.set_offline(True)
    at = time.monotonic()
    _type_for(typist, chance.uniform(0.2, 6))
    _kept(typist, at)
    typist.page.context.set_offline(False)


def _no_server(typist: Typist, clinic: Clinic, chance: random.Random) -> None:
    with web_down(clinic):
        at = time.monotonic()
        _type_for(typist, chance.uniform(0.2, 6))
        _kept(typist, at)


def _no_session(typist: Typist, clinic: Clinic, chance: random.Random) -> None:
    end_sessions(clinic, clinic.log_ins["vaidya"])
    at = time.monotonic()
    _type_for(typist, chance.uniform(0.2, 4))
    typist.until(lambda: typist.state() == "signed-out")
    _kept(typist, at)
    _sign_in(typist.page, clinic)


def _sign_in(page: Page, clinic: Clinic) -> None:
    page.get_by_role("button", name="Sign in again").click()
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Password").fill(clinic.log_ins["password"])
    dialog.get_by_label("Password").press("Enter")
    expect(dialog).to_be_hidden(timeout=30_000)
    page.get_by_label("What happened").press("End")


def _kept(typist: Typist, at: float) -> None:
    assert typist.stored().startswith(typist.typed_before(at - ALLOWED).strip())
