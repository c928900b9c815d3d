"""A series from the booking form to its cancelled rest, in a browser, with one clash on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from clinic.core import clock
from tests.browser.conftest import PHONE, Clinic, Visitor

ZONE = "Asia/Kolkata"


def plan(visitor: Visitor, patient: str) -> Page:
    """The plan of a patient's series, reached by the booking form with patient and service chosen."""
    page = visitor.go(f"/appointments/new?patient={patient}&service={service(visitor)}")
    page.get_by_role("button", name="Repeat").click()
    page.wait_for_url("**/series/new")
    return page


def service(visitor: Visitor) -> str:
    """The consultation's number, as the booking form has it."""
    page = visitor.go("/appointments/new")
    value = page.locator("#service option", has_text=re.compile("^Consultation")).get_attribute("value")
    assert value is not None
    return value


def fill(page: Page, **fields: str) -> None:
    """Fill fields of the rule by name, waiting for the plan each time."""
    for name, text in fields.items():
        with page.expect_response(lambda answer: answer.url.endswith("/series/new")):
            field = page.locator(f"#series-form [name={name}]")
            if field.evaluate("one => one.tagName") == "SELECT":
                field.select_option(index=int(text))
            else:
                field.fill(text)
                field.press("Tab")
    page.wait_for_load_state("networkidle")


def test_a_series_with_one_clash_is_booked_and_its_rest_cancelled_and_undone(
    visitor: Callable[..., Visitor], clinic: Clinic
) -> None:
    desk = visitor()
    desk.sign_in_staff("reception")
    first = (clock.now() + timedelta(days=21)).date()
    first += timedelta(days=(1 - first.weekday()) % 7)

    page = plan(desk, "5")
    fill(page, practitioner="1", first=first.isoformat(), time="11:00", count="1")
    free = page.locator("#series-plan li:not(.is-clash)")
    expect(free).to_have_count(1)
    page.locator("button[value=book]").click()
    page.wait_for_url(re.compile(r"/series/\d+$"))

    page = plan(desk, "6")
    fill(page, practitioner="1", first=first.isoformat(), time="11:00", count="3")
    clash = page.locator("#series-plan li.is-clash")
    expect(clash).to_have_count(1)
    expect(clash).to_contain_text("is booked at that time.")
    desk.check_accessibility()
    page.locator("button[value=book]").click()
    expect(page.get_by_role("alert").filter(has_text="Some visits have no time yet.")).to_be_visible()
    with page.expect_response(lambda answer: answer.url.endswith("/series/new")):
        page.locator("#series-plan li.is-clash .slot").first.click()
    expect(page.locator("#series-plan li.is-clash")).to_have_count(0)
    page.get_by_role("button", name="Book 3 visits").click()
    page.wait_for_url(re.compile(r"/series/\d+$"))
    expect(page.get_by_text("0 of 3 done").first).to_be_visible()

    page.locator(".series-list a").nth(1).click()
    page.get_by_role("link", name="All its visits").click()
    page.get_by_text("Cancel visits").click()
    desk.check_accessibility()
    page.get_by_label("Why", exact=True).select_option("unwell")
    page.get_by_role("button", name="Cancel these visits").click()
    expect(page.locator(".series-list .chip", has_text="Cancelled")).to_have_count(2)
    expect(page.locator(".series-list .chip", has_text="Confirmed")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".series-list .chip", has_text="Confirmed")).to_have_count(3)


def test_sessions_are_looked_at_on_a_telephone(visitor: Callable[..., Visitor]) -> None:
    desk = visitor(PHONE)
    desk.sign_in_staff("reception")
    page = desk.go("/sessions")
    expect(page.get_by_role("heading", name="Group sessions")).to_be_visible()
    desk.check_accessibility()
    desk.go("/sessions/new")
    desk.check_accessibility()
