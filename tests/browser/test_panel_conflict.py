"""Two windows on one prescription: the question stands in its panel, not at the top of the note around it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, Visitor

Open = Callable[..., Visitor]
SLOW = 20_000
ADVICE = "#rx-editor textarea[name=advice]"


def begin_prescription(page: Page) -> None:
    """Begin the prescription of a note, or go on with the one that another test began there."""
    if page.locator("#rx-editor form.rx-form").count():
        return
    page.locator("#panel-prescription summary").first.click()
    page.get_by_role("button", name="Write a prescription").click()


def write(page: Page, words: str) -> None:
    page.locator(ADVICE).fill(words)
    page.locator(ADVICE).blur()


def test_a_prescriptions_conflict_is_asked_in_its_own_panel(visitor: Open) -> None:
    first = visitor(DESKTOP)
    first.sign_in_staff("vaidya")
    page = first.go_on_with_note()
    begin_prescription(page)
    expect(page.locator(ADVICE)).to_be_visible(timeout=SLOW)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(ADVICE)).to_be_visible(timeout=SLOW)
    write(page, "Sleep early.")
    expect(page.locator("#rx-editor [data-save-state]")).to_have_attribute(
        "data-state", "saved", timeout=SLOW
    )
    write(other, "Walk after meals.")
    expect(other.locator("#rx-editor [data-autosave-conflict]")).not_to_be_empty(timeout=SLOW)
    expect(other.locator(".note-main > .note-conflict")).to_be_empty()
