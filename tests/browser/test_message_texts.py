"""An administrator gives a message the clinic's own words, sees them as they come, and takes them back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Visitor

pytestmark = pytest.mark.browser


def test_a_text_is_written_looked_at_compared_and_given_up(visitor: Callable[..., Visitor]) -> None:
    admin = visitor()
    admin.sign_in_staff("admin")
    page = admin.go("/settings/messages")
    admin.check_accessibility()
    page.get_by_role("link", name="Visit booked, Text message: English").click()
    shown = page.locator("#text-preview")
    expect(shown).to_contain_text("is booked for Tue 24 Nov, 10:30 am")

    field = page.get_by_role("textbox", name="Text", exact=True)
    field.fill("Namaste {{ 7*7 }}")
    expect(shown).to_contain_text("belongs to no placeholder")
    admin.check_accessibility()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#body-error")).to_contain_text("belongs to no placeholder")
    expect(field).to_have_value("Namaste {{ 7*7 }}")

    field.fill("Namaste ")
    page.get_by_role("button", name="{name} Patient's name").click()
    expect(field).to_have_value("Namaste {name}")
    expect(shown).to_contain_text("Namaste Meera Nair")
    expect(shown).to_contain_text("1 part, 18 of 160 characters")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Version 1, holds now").click()
    expect(page.locator(".text-lines ins")).to_contain_text("Namaste {name}")
    admin.check_accessibility()

    page.go_back()
    page.get_by_role("button", name="Back to the standard text").click()
    expect(page.get_by_role("link", name=re.compile("Version 2, holds now"))).to_be_visible()
    expect(shown).to_contain_text("is booked for")


def test_a_mail_is_read_as_it_comes_on_a_phone(visitor: Callable[..., Visitor]) -> None:
    admin = visitor(PHONE)
    admin.sign_in_staff("admin")
    page = admin.go("/settings/messages/reminder_24h/email/en")
    page.get_by_role("textbox", name="Text", exact=True).fill("Dear {name}\n\n{link_move}")
    expect(page.locator("#text-preview .m-words")).to_have_text("Dear Meera Nair")
    expect(page.locator("#text-preview .m-button")).to_have_text("Move")
    page.get_by_role("button", name="Send a test to me").click()
    expect(page.get_by_role("status").filter(has_text="A test is on its way to")).to_be_visible()
    admin.check_accessibility()
