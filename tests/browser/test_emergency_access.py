"""A record opened in an emergency, in a browser: asked for, read, ended, looked over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Clinic, Visitor
from tests.browser.test_household import fits, sign_in_family


@pytest.mark.parametrize(
    "size", [DESKTOP, pytest.param(PHONE, marks=pytest.mark.long)], ids=["desk", "phone"]
)
def test_asked_for_read_ended_and_looked_over(
    clinic: Clinic, visitor: Callable[..., Visitor], size: tuple[int, int]
) -> None:
    office = visitor(size)
    office.sign_in_staff("admin")
    page = office.go("/emergency")
    office.check_accessibility()
    page.get_by_label("Patient's number or mobile").fill("SU-99999")
    page.get_by_label("The patient is unconscious").check()
    page.get_by_label("What happened").fill("Collapsed in the waiting room")
    page.get_by_label("I need this record now").check()
    page.get_by_role("button", name="Open the record").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    expect(page.get_by_label("What happened")).to_have_value("Collapsed in the waiting room")
    office.check_accessibility()
    page.get_by_label("Patient's number or mobile").fill("SU-10001")
    page.get_by_role("button", name="Open the record").click()
    expect(page.get_by_role("heading", name="Signed notes")).to_be_visible()
    expect(page.locator(".emergency-bar")).to_be_visible()
    assert fits(page)
    office.check_accessibility()
    office.go("/audit")
    expect(page.get_by_role("button", name="End now")).to_be_visible()
    office.check_accessibility()
    assert fits(page)
    office.go("/audit/emergencies")
    office.check_accessibility()
    assert fits(page)
    page.locator(".emergency-bar").get_by_role("button", name="End now").click()
    expect(page.locator(".emergency-bar")).to_have_count(0)


def test_the_patient_reads_who_opened_it_and_why(clinic: Clinic, visitor: Callable[..., Visitor]) -> None:
    office = visitor()
    office.sign_in_staff("admin")
    page = office.go("/emergency")
    page.get_by_label("Patient's number or mobile").fill("SU-10001")
    page.get_by_label("The patient is unconscious").check()
    page.get_by_label("What happened").fill("Fainted on the stairs")
    page.get_by_label("I need this record now").check()
    page.get_by_role("button", name="Open the record").click()
    expect(page.locator(".emergency-bar")).to_be_visible()

    family = visitor(PHONE)
    sign_in_family(family, clinic, "Meenakshi")
    for width, height in (PHONE, DESKTOP):
        family.page.set_viewport_size({"width": width, "height": height})
        page = family.go("/portal/looked-at")
        expect(page.locator(".looked-urgent", has_text="Fainted on the stairs").first).to_be_visible()
        family.check_accessibility()
        assert fits(page)
