"""A note under a practitioner's fingers: saved while typing, marked while typing, kept whatever happens."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Visitor
from tests.browser.typing import STATE

Open = Callable[..., Visitor]
SAVED = re.compile(r"Saved \d\d:\d\d")


@pytest.fixture
def vaidya(visitor: Open) -> Visitor:
    """The vaidya, on the draft that waits for a signature."""
    at = visitor(DESKTOP)
    at.sign_in_staff("vaidya")
    at.go_on_with_note()
    return at


def type_and_wait(page: Page, text: str) -> None:
    """Type, and wait for the answer to that save: the page may still say `saved` of an earlier one."""
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.status == 200):
        page.get_by_label("What happened").fill(text)
    expect(page.locator(STATE)).to_have_attribute("data-state", "saved")


def test_two_tabs_show_both_texts_and_keep_what_is_chosen(vaidya: Visitor) -> None:
    first, second = vaidya.page, vaidya.page.context.new_page()
    second.goto(first.url)
    type_and_wait(first, "Typed in the first tab.")
    second.get_by_label("What happened").fill("Typed in the second tab.")
    expect(second.get_by_role("heading", name="There are two texts of this note")).to_be_visible()
    expect(second.locator(".version-text")).to_have_text(
        ["Typed in the second tab.", "Typed in the first tab."]
    )
    expect(second.locator(".conflict-says:visible")).to_have_text(
        "Typed in the first tab.\nTyped in the second tab."
    )
    second.get_by_role("button", name="Keep what is chosen").click()
    expect(second.get_by_label("What happened")).to_have_value(
        "Typed in the first tab.\nTyped in the second tab."
    )


def test_measurements_are_marked_as_they_are_typed(vaidya: Visitor) -> None:
    page = vaidya.page
    before = page.locator("#before-systolic")
    before.fill("168")
    expect(page.get_by_text("High, limit 140/90")).to_be_visible()
    before.fill("1680")
    expect(page.get_by_text("From 50 to 300")).to_be_visible()
    expect(page.locator("[data-note-missing]")).to_contain_text("Upper pressure")
    before.fill("118")
    expect(page.get_by_text("From 50 to 300")).not_to_be_visible()
    expect(page.locator("[data-note-missing]")).not_to_contain_text("Upper pressure")


def test_a_text_typed_while_signed_out_is_saved_after_signing_in_elsewhere(vaidya: Visitor) -> None:
    page, other = vaidya.page, vaidya.page.context.new_page()
    other.goto(f"{vaidya.clinic.url}/my-day")
    other.locator(".person-menu > summary").click()
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url(re.compile("/sign-in"))
    page.get_by_label("What happened").fill("Typed while signed out.")
    expect(page.get_by_text("You are signed out. Leave this page open").first).to_be_visible()
    Visitor(other, vaidya.clinic, []).sign_in_staff("vaidya")
    expect(page.locator(STATE)).to_have_attribute("data-state", "saved", timeout=30_000)
    other.goto(page.url)
    expect(other.get_by_label("What happened")).to_have_value("Typed while signed out.")


def test_enter_in_a_line_neither_signs_nor_leaves(vaidya: Visitor) -> None:
    page = vaidya.page
    address = page.url
    page.get_by_label("Batch").fill("ST-1")
    page.get_by_label("Batch").press("Enter")
    expect(page.locator(STATE)).to_have_attribute("data-state", "saved")
    assert page.url == address
    expect(page.get_by_role("button", name="Sign note")).to_be_visible()


def test_a_note_is_written_and_refused_without_scripts(visitor: Open) -> None:
    at = visitor(PHONE, java_script_enabled=False)
    at.sign_in_staff("vaidya")
    page = at.go_on_with_note()
    page.get_by_label("What happened").fill("Without scripts.")
    page.locator(".note-foot button", has_text="Save").click()
    expect(page.get_by_label("What happened")).to_have_value("Without scripts.")
    page.get_by_role("button", name="Sign note").click()
    expect(page.get_by_text("Still empty").first).to_be_visible()
    expect(page.get_by_label("What happened")).to_have_value("Without scripts.")
