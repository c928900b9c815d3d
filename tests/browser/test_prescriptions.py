"""A prescription by keyboard within a note: warned of, set aside, signed, and read in Hindi on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Clinic, Visitor
from tests.browser.test_household import sign_in_family
from tests.browser.test_panel_conflict import begin_prescription

Open = Callable[..., Visitor]
SLOW = 20_000
"""Milliseconds: a save, a check and a swap on a busy machine."""


def test_a_prescription_is_written_by_keyboard_checked_signed_and_read_in_hindi(
    clinic: Clinic, visitor: Open
) -> None:
    vaidya = visitor(DESKTOP)
    vaidya.sign_in_staff("vaidya")
    page = vaidya.go_on_with_note()
    begin_prescription(page)
    expect(page.locator("#new-name")).to_be_visible(timeout=SLOW)
    page.locator("#new-name").fill("Brahmi v")
    expect(page.locator("#rx-found")).to_contain_text("Brahmi vati", timeout=SLOW)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[data-rx-line] .is-dosing input").first).to_be_focused(timeout=SLOW)
    page.wait_for_function("document.activeElement.selectionEnd > document.activeElement.selectionStart")
    page.keyboard.type("1-0-1")
    expect(page.locator("[data-rx-said]").first).to_contain_text("1 in the morning, 1 at night", timeout=SLOW)
    page.keyboard.press("Enter")
    expect(page.locator("#new-name")).to_be_focused(timeout=SLOW)
    page.keyboard.type("Cap Amoxicillin 500 mg tds x 5 days")
    page.keyboard.press("Enter")
    expect(page.get_by_text("allergy to Penicillin")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Sign prescription").click()
    expect(page.get_by_text("This cannot be signed yet.").first).to_be_visible(timeout=SLOW)
    vaidya.check_accessibility()
    page.get_by_role("button", name="Override").click()
    expect(page.get_by_text("Write why it is needed all the same.")).to_be_visible(timeout=SLOW)
    page.get_by_label("Why it is needed all the same").first.fill("Tested negative")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Tested negative")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Sign prescription").click()
    expect(page.locator("#panel-prescription")).to_contain_text("AMOXICILLIN", timeout=SLOW)

    phone = visitor(PHONE)
    sign_in_family(phone, clinic, "Meenakshi")
    phone.page.get_by_role("button", name="हिन्दी").click()
    page = phone.go("/portal/prescriptions")
    expect(page.get_by_text("Amoxicillin 500 mg")).to_be_visible(timeout=SLOW)
    page.locator("a[href^='/portal/prescriptions/']").first.click()
    page.wait_for_url(re.compile(r"/portal/prescriptions/\d+"))
    expect(page.locator(".rx-now")).to_contain_text("Brahmi vati", timeout=SLOW)
    phone.check_accessibility()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="हिन्दी")).to_be_visible()
