"""The one box by keyboard, and the list of patients on a phone, with names that are written otherwise."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import DESKTOP, PHONE, Visitor

Open = Callable[..., Visitor]


@pytest.mark.parametrize("start", ["/today", "/calendar", "/patients", "/search"])
def test_slash_reaches_the_box_and_arrows_its_results(visitor: Open, start: str) -> None:
    reception = visitor(DESKTOP)
    reception.sign_in_staff("reception")
    page = reception.go(start)
    page.locator("h1").first.click()
    page.keyboard.press("/")
    page.keyboard.type("ramesh yada")
    results = page.locator("[data-search-results]")
    expect(results.get_by_role("link", name="रमेश यादव")).to_be_visible()
    expect(results).to_have_attribute("aria-live", "polite")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("रमेश यादव")


def test_who_went_on_before_the_last_answer_came_stays_on_the_line(visitor: Open) -> None:
    reception = visitor(DESKTOP)
    reception.sign_in_staff("reception")
    page = reception.go("/today")
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.keyboard.press("/")
    page.keyboard.type("ramesh yada")
    results = page.locator("[data-search-results]")
    row = results.get_by_role("link", name="रमेश यादव")
    expect(row).to_be_visible()
    page.route("**/search", hold)
    with page.expect_request("**/search"):
        page.keyboard.type("v")
    page.keyboard.press("ArrowDown")
    expect(row).to_be_focused()
    row.evaluate("line => { line.dataset.before = 'yes'; }")
    waiting.pop().continue_()
    expect(results.locator("[data-before]")).to_have_count(0)
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("रमेश यादव")


def test_list_on_a_phone_says_that_names_only_come_close(visitor: Open) -> None:
    reception = visitor(PHONE)
    reception.sign_in_staff("reception")
    page = reception.go("/patients")
    page.locator("#patients-q").fill("lakshni")
    expect(page.locator("#patients-list")).to_contain_text("Nobody is called “lakshni”. These come close:")
    expect(page.get_by_role("link", name="Lakshmi Subramaniam")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    reception.check_accessibility()
