"""A signed note under people's fingers: looked at, printed, withdrawn, and checked by a stranger."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Clinic, Visitor
from tests.browser.test_household import fits, sign_in_family

Open = Callable[..., Visitor]


def first_signed_note(at: Visitor) -> str:
    """Sign in as the vaidya, open the last signed note by the draft's last-note link; its path."""
    at.sign_in_staff("vaidya")
    page = at.go_on_with_note()
    page.locator(".note-context").get_by_role("link", name="Read it").click()
    expect(page.locator(".signed-line")).to_be_visible()
    return page.url.removeprefix(at.clinic.url)


def test_a_diagnosis_is_added_by_keyboard_alone(visitor: Open) -> None:
    at = visitor(DESKTOP)
    at.sign_in_staff("vaidya")
    page = at.go_on_with_note()
    field = page.get_by_label("Add a diagnosis")
    field.press_sequentially("katig")
    found = page.locator("#diagnosis-found").get_by_role("button")
    expect(found.first).to_contain_text("Katigraha")
    field.fill("Sandhivata")
    field.press("Enter")
    expect(page.locator(".diagnosis", has_text="Sandhivata")).to_be_visible()
    expect(page.get_by_label("Add a diagnosis")).to_be_focused()
    page.get_by_role("button", name="Remove Sandhivata").click()
    expect(page.get_by_text("Sandhivata removed.").first).to_be_visible()
    page.get_by_role("button", name="Put it back").click()
    expect(page.locator(".diagnosis", has_text="Sandhivata")).to_be_visible()
    at.check_accessibility()


def test_a_note_is_withdrawn_and_its_copy_says_so(visitor: Open) -> None:
    at = visitor(DESKTOP)
    path = first_signed_note(at)
    page = at.page
    page.get_by_role("link", name="Show who read this note").click()
    expect(page.locator(".seen-row").first).to_be_visible()
    at.check_accessibility()
    at.go(f"{path}/print")
    code = page.locator(".sheet-check b").inner_text()
    expect(page.locator(".qr-code")).to_be_visible()
    at.check_accessibility()
    stranger = visitor(PHONE)
    stranger.go("/verify/")
    stranger.check_accessibility()
    stranger.page.get_by_label("Code on the copy").fill(code.lower())
    stranger.page.get_by_role("button", name="Check").click()
    expect(stranger.page.get_by_role("heading", name="This is a true copy")).to_be_visible()
    stranger.check_accessibility()
    at.go(f"{path}/error")
    page.get_by_label("Why it is wrong").fill("Written about another patient")
    page.get_by_role("button", name="Mark as entered in error").click()
    expect(page.get_by_text("Written about another patient").first).to_be_visible()
    at.check_accessibility()
    stranger.page.reload()
    expect(stranger.page.get_by_role("heading", name="This copy no longer holds")).to_be_visible()
    at.go(f"{path}/error")
    page.get_by_label("Why it holds").fill("It was right")
    page.get_by_role("button", name="Let it hold again").click()
    expect(page.get_by_text("How this note was marked")).to_be_visible()


def test_a_shared_note_is_read_on_a_phone(clinic: Clinic, visitor: Open) -> None:
    family = visitor(PHONE)
    sign_in_family(family, clinic, "Meenakshi")
    page = family.go("/portal/notes")
    family.check_accessibility()
    assert fits(page)
    page.locator("main a[href^='/portal/notes/']").first.click()
    page.wait_for_url(re.compile(r"/portal/notes/\d+"))
    expect(page.locator("main h2").first).to_be_visible()
    family.check_accessibility()
    assert fits(page)
