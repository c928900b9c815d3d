"""Somebody new of the staff: invited, a password, the terms, signing in, sessions seen and ended."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, TABLET, Clinic, Visitor

EMAIL = "nila.rao@sutra.test"
LINK = re.compile(r"http://[^\s\"'<>]+/invitation/[\w-]+")


def look(visitor: Visitor, name: str) -> None:
    """Keep a picture where somebody asked for them."""
    if folder := os.environ.get("SUTRA_PICTURES"):
        visitor.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def invitation_in(visitor: Visitor, clinic: Clinic) -> str:
    """The address in the mail, once the worker has sent it."""
    for _attempt in range(60):
        for message in clinic.messages():
            if EMAIL in str(message) and (found := LINK.search(str(message))):
                return found[0]
        visitor.page.wait_for_timeout(250)
    raise AssertionError("no invitation was sent")


def test_from_invitation_to_the_end_of_a_session(clinic: Clinic, visitor: Callable[..., Visitor]) -> None:
    office = visitor(TABLET)
    office.sign_in_staff("admin")
    page = office.go("/people/invite")
    page.get_by_label("Name", exact=True).fill("Nila Rao")
    page.get_by_label("E-mail").fill(EMAIL)
    clinic_group = page.get_by_role("group").filter(has=page.get_by_role("checkbox")).last
    clinic_group.get_by_label("Receptionist").check()
    office.check_accessibility()
    look(office, "invite")
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("heading", name="Nila Rao")).to_be_visible()
    office.check_accessibility()
    look(office, "person")

    nila = visitor(PHONE)
    page = nila.page
    page.goto(invitation_in(nila, clinic))
    rule = page.locator("[data-rule]")
    kept = page.locator("[data-rule][data-kept=yes]")
    password = page.get_by_label("New password", exact=True)
    password.fill("nila")
    expect(page.locator("[data-rule=own]")).to_have_attribute("data-kept", "no")
    password.fill("Butterfly-26!")
    expect(page.locator("[data-rule=common]")).to_have_attribute("data-kept", "no")
    expect(kept).to_have_count(rule.count() - 1)
    look(nila, "rules")
    nila.check_accessibility()
    page.get_by_role("button", name="Suggest one").click()
    expect(kept).to_have_count(rule.count())
    suggested = page.locator("[data-suggested-text]").inner_text()
    expect(password).to_have_value(suggested)
    expect(password).to_have_attribute("type", "text")
    nila.check_accessibility()
    look(nila, "suggested")
    page.get_by_role("button", name="Hide New password").click()
    expect(password).to_have_attribute("type", "password")
    page.get_by_role("button", name="Set password and begin").click()

    expect(page.get_by_role("heading", name="Terms of use")).to_be_visible()
    nila.check_accessibility()
    look(nila, "terms")
    page.get_by_role("button", name="I have read this and agree").click()
    page.wait_for_url(lambda url: "/terms" not in url)

    desk = visitor()
    page = desk.go("/sign-in")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(suggested)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    desk.go("/account")
    expect(page.get_by_text("Last sign-in")).to_be_visible()
    desk.check_accessibility()
    look(desk, "account")
    desk.go("/account/sign-ins")
    expect(page.get_by_text("with the password").first).to_be_visible()
    desk.check_accessibility()
    look(desk, "sign-ins")
    desk.go("/account")
    page.get_by_role("button", name=re.compile("^Sign out Chrome")).first.click()
    expect(page.get_by_text("That device is signed out.")).to_be_visible()
    nila.go("/account")
    expect(nila.page.get_by_role("heading", name="Sign in")).to_be_visible()
