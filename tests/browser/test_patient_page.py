"""The patient's page in a browser: what must not be missed, the timeline, its filter and paging, the tabs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from pypdfium2 import PdfDocument

from tests.browser.conftest import DESKTOP, PHONE, Visitor

Open = Callable[..., Visitor]
MEENAKSHI = "/patients/1"


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_timeline_is_read_filtered_and_continued(visitor: Open, size: tuple[int, int]) -> None:
    vaidya = visitor(size)
    vaidya.sign_in_staff("vaidya")
    page = vaidya.go(MEENAKSHI)
    alerts = page.get_by_role("group", name="Not to be missed")
    expect(alerts).to_contain_text("Allergy")
    box = alerts.locator(".plate").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < size[1], "an allergy is in sight before anybody scrolls"
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    vaidya.check_accessibility()

    rows = page.locator(".timeline > li:not(.timeline-note)")
    expect(page.locator(".is-now-line")).to_contain_text("Now, ")
    seen = rows.count()
    page.get_by_role("link", name="Earlier", exact=True).focus()
    page.keyboard.press("Enter")
    expect(rows.nth(seen)).to_be_focused()
    assert rows.count() > seen
    vaidya.check_accessibility()

    words = page.get_by_role("navigation", name="Show")
    words.get_by_role("link", name="Notes").click()
    expect(words.get_by_role("link", name="Notes")).to_have_attribute("aria-current", "true")
    expect(rows.first).to_contain_text("Note:")
    words.get_by_role("link", name="Visits").click()
    assert "kind=visit&kind=note" in page.url
    page.go_back()
    expect(rows.first).to_contain_text("Note:")
    rows.first.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/notes/[0-9]+$"))


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_tabs_are_addresses_reached_by_keyboard_and_the_open_one_is_in_sight(
    visitor: Open, size: tuple[int, int]
) -> None:
    vaidya = visitor(size)
    vaidya.sign_in_staff("vaidya")
    page = vaidya.go(MEENAKSHI)
    tabs = page.get_by_role("navigation", name="Patient")
    names = tabs.get_by_role("link").all_inner_texts()
    assert names[:3] == ["Timeline", "Visits", "Notes"]
    assert names[-1] == "Details"
    tabs.get_by_role("link").first.focus()
    for _step in range(len(names) - 1):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{vaidya.clinic.url}{MEENAKSHI}/details")
    opened = tabs.get_by_role("link", name="Details")
    expect(opened).to_have_attribute("aria-current", "page")
    expect(opened).to_be_in_viewport()
    vaidya.check_accessibility()


def test_everything_works_without_scripts(visitor: Open) -> None:
    vaidya = visitor(DESKTOP, java_script_enabled=False)
    vaidya.sign_in_staff("vaidya")
    page = vaidya.go(MEENAKSHI)
    before = page.locator(".timeline .what").all_inner_texts()
    page.get_by_role("link", name="Earlier", exact=True).click()
    expect(page.get_by_role("link", name="To the latest")).to_be_visible()
    assert page.locator(".timeline .what").first.inner_text() not in before[:5]
    page.get_by_role("link", name="To the latest").click()
    assert page.locator(".timeline .what").all_inner_texts() == before


def test_a_patient_opened_before_is_found_in_the_empty_box_until_forgotten(visitor: Open) -> None:
    reception = visitor(DESKTOP)
    reception.sign_in_staff("reception")
    reception.go("/patients/2")
    name = reception.page.get_by_role("heading", level=1).inner_text()
    page = reception.go("/today")
    page.keyboard.press("/")
    results = page.locator("[data-search-results]")
    expect(results).to_contain_text("Opened lately")
    expect(results.get_by_role("link", name=name)).to_be_visible()
    reception.check_accessibility()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page = reception.go("/today")
    page.locator(".person-menu > summary").click()
    page.get_by_role("button", name="Forget patients opened lately").click()
    expect(page.get_by_text("no longer listed")).to_be_visible()
    page = reception.go("/patients")
    expect(page.get_by_role("heading", name="Opened lately")).to_have_count(0)


def test_care_is_given_and_taken_back_and_the_sheet_is_printed(visitor: Open) -> None:
    vaidya = visitor(DESKTOP)
    vaidya.sign_in_staff("vaidya")
    page = vaidya.go(f"{MEENAKSHI}/care")
    vaidya.check_accessibility()
    rows = page.locator("main .section").first.get_by_role("listitem")
    before = rows.count()
    rows.last.get_by_role("button").click()
    expect(rows).to_have_count(before - 1)
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(before)
    vaidya.go(f"{MEENAKSHI}/summary")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Meenakshi Iyer")
    vaidya.check_accessibility()
    assert len(PdfDocument(page.pdf(format="A4"))) <= 2
