"""Somebody types a note without a pause while the browser, the network, the clinic's server or the session is
taken away: nothing typed more than five seconds before is gone, and the page says what it still holds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Clinic, Visitor
from tests.browser.typing import ALLOWED, FIELD, STATE, Typist, end_sessions, own_browser, sql, web_down

Open = Callable[..., Visitor]
OVER = "You are signed out. Leave this page open"


@pytest.fixture
def vaidya(visitor: Open) -> Visitor:
    at = visitor(DESKTOP)
    at.sign_in_staff("vaidya")
    return at


@pytest.fixture
def typist(vaidya: Visitor) -> Typist:
    return open_draft(vaidya.page, vaidya.clinic)


def open_draft(page: Page, clinic: Clinic) -> Typist:
    """The draft that waits for a signature, with the cursor in its text."""
    Visitor(page, clinic, []).go_on_with_note()
    typist = Typist(page, clinic, int(page.url.rsplit("/", 1)[1]))
    typist.begin()
    return typist


def test_somebody_who_never_pauses_is_saved_all_the_same(typist: Typist) -> None:
    typist.until(lambda: "word" in typist.stored())
    first = next(at for at, text in typist.moments if typist.stored().startswith(text.strip()))
    assert time.monotonic() - first < ALLOWED


def test_a_browser_that_is_killed_takes_no_more_than_the_last_seconds(
    clinic: Clinic, browser: Browser, tmp_path: Path
) -> None:
    with own_browser(tmp_path / "profile") as own:
        driven = browser.browser_type.connect_over_cdp(own.address)
        page = driven.contexts[0].new_page()
        Visitor(page, clinic, []).sign_in_staff("vaidya")
        typist = open_draft(page, clinic)
        typist.until(lambda: len(typist.stored()) > 60)
        killed_at = own.kill()
    assert typist.stored().startswith(typist.typed_before(killed_at - ALLOWED).strip())
    assert len(typist.stored()) > 60


def test_without_a_network_the_page_says_what_is_not_saved_and_saves_it_afterwards(typist: Typist) -> None:
    page = typist.page
    typist.until(lambda: typist.state() == "saved")
    page.context.set_offline(True)
    typist.until(lambda: typist.state() == "failed")
    expect(page.locator(STATE)).to_contain_text("No network. Not saved")
    expect(page.get_by_text(f"Not saved yet: {FIELD}.")).to_be_visible()
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    page.get_by_label(FIELD).press("End")
    typist.word()
    page.context.set_offline(False)
    typist.until(lambda: typist.state() == "saved")
    expect(page.get_by_text("Not saved yet")).to_be_hidden()
    assert typist.stored().strip()
    page.get_by_label(FIELD).blur()
    expect(page.locator(STATE)).to_have_attribute("data-state", "saved")
    settled(typist)


def test_a_server_that_is_killed_and_started_again_gets_everything(typist: Typist) -> None:
    typist.until(lambda: typist.state() == "saved")
    with web_down(typist.clinic):
        killed_at = time.monotonic()
        typist.until(lambda: typist.state() == "failed")
        expect(typist.page.get_by_text(re.compile(r"Not saved, retrying in \d+ s"))).to_be_visible()
        expect(typist.page.get_by_text(f"Not saved yet: {FIELD}.")).to_be_visible()
        assert typist.stored().startswith(typist.typed_before(killed_at - ALLOWED).strip())
    settled(typist)


def test_signing_in_again_over_the_note_saves_what_was_typed(typist: Typist) -> None:
    page, clinic = typist.page, typist.clinic
    typist.until(lambda: typist.state() == "saved")
    end_sessions(clinic, clinic.log_ins["vaidya"])
    typist.until(lambda: typist.state() == "signed-out")
    expect(page.get_by_text(OVER).first).to_be_visible()
    typist.word()
    page.get_by_role("button", name="Sign in again").click()
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Password").fill("not the password")
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog.get_by_text("This is not the password.")).to_be_visible()
    dialog.get_by_label("Password").fill(clinic.log_ins["password"])
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog).to_be_hidden()
    settled(typist)
    typist.page.get_by_label(FIELD).press("End")
    typist.word()
    settled(typist)


def test_a_text_the_clinic_has_already_is_said_to_be_saved(typist: Typist) -> None:
    page, clinic = typist.page, typist.clinic
    area = page.get_by_label(FIELD)
    area.fill("With the clinic.")
    area.blur()
    typist.typed = "With the clinic."
    settled(typist)
    end_sessions(clinic, clinic.log_ins["vaidya"])
    area.press("End")
    typist.until(lambda: typist.state() == "signed-out")
    area.fill("With the clinic.")
    typist.typed = "With the clinic."
    page.get_by_role("button", name="Sign in again").click()
    page.get_by_label("Password").fill(clinic.log_ins["password"])
    page.get_by_label("Password").press("Enter")
    settled(typist)
    expect(page.locator(STATE)).to_contain_text("Saved ")


def test_another_person_signing_in_saves_nothing_into_this_note(typist: Typist) -> None:
    page, clinic = typist.page, typist.clinic
    typist.until(lambda: typist.state() == "saved")
    end_sessions(clinic, clinic.log_ins["vaidya"])
    before = typist.stored()
    other = page.context.new_page()
    Visitor(other, clinic, []).sign_in_staff("reception")
    page.get_by_label(FIELD).press_sequentially("not hers ", delay=5)
    typist.typed += "not hers "
    expect(page.get_by_text("is signed in here now").first).to_be_visible()
    assert typist.stored() == before
    Visitor(other, clinic, []).page.goto(f"{clinic.url}/today")
    page.get_by_role("button", name="Sign in again").click()
    page.get_by_label("Password").fill(clinic.log_ins["password"])
    page.get_by_label("Password").press("Enter")
    settled(typist)


def test_a_session_about_to_end_says_so_and_goes_on(visitor: Open) -> None:
    at = visitor(PHONE)
    at.sign_in_staff("vaidya")
    at.page.clock.install()
    at.go_on_with_note()
    sql(
        at.clinic,
        "UPDATE login_sessions SET last_seen_at = now() - interval '28 minutes 30 seconds' "
        "WHERE ended_at IS NULL AND user_id = (SELECT id FROM users WHERE email = %s)",
        at.clinic.log_ins["vaidya"],
    )
    at.page.clock.fast_forward("28:00")
    expect(at.page.get_by_text("You will be signed out in", exact=False).last).to_be_visible()
    at.check_accessibility()
    at.page.get_by_role("button", name="Stay signed in").click()
    expect(at.page.get_by_role("button", name="Stay signed in")).to_be_hidden()
    seen = sql(at.clinic, "SELECT max(last_seen_at) > now() - interval '1 minute' FROM login_sessions")
    assert seen == [(True,)]


def test_a_sending_whose_answer_was_lost_is_no_conflict_with_oneself(typist: Typist) -> None:
    page = typist.page
    lost: list[str] = []

    def lose_the_answer(route: object) -> None:
        route.fetch()  # type: ignore[attr-defined]
        lost.append("answer")
        route.abort()  # type: ignore[attr-defined]

    page.route("**/draft", lose_the_answer, times=1)
    page.get_by_label(FIELD).fill("Written, and then shortened.")
    expect(page.locator(STATE)).to_have_attribute("data-state", "failed")
    assert lost
    page.get_by_label(FIELD).fill("Written.")
    typist.typed = "Written."
    settled(typist)
    expect(page.get_by_text("There are two texts of this note")).to_be_hidden()


def settled(typist: Typist) -> None:
    """Everything typed is with the clinic, without anybody pressing anything."""
    expect(typist.page.locator(STATE)).to_have_attribute("data-state", "saved", timeout=45_000)
    for _attempt in range(100):
        if typist.stored().strip() == typist.typed.strip():
            return
        typist.page.wait_for_load_state("networkidle")
        typist.page.evaluate("() => new Promise((done) => setTimeout(done, 60))")
    assert typist.stored().strip() == typist.typed.strip()
