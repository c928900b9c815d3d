"""Measurements typed by keyboard and drawn over time, and a health profile that changes in its place."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Visitor

Open = Callable[..., Visitor]


@pytest.fixture
def vaidya(visitor: Open) -> Visitor:
    at = visitor(DESKTOP)
    at.sign_in_staff("vaidya")
    return at


FIRST = "/patients/1"
"""The demo's first patient, who has a profile and measurements."""


def strokes(page: Page, keys: list[str]) -> int:
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def test_pressure_pulse_and_oxygen_take_twelve_strokes_and_enter(vaidya: Visitor) -> None:
    page = vaidya.go(f"{FIRST}/vitals")
    expect(page.locator("#systolic")).to_be_focused()
    strokes(page, [*"128"])
    expect(page.locator("#diastolic")).to_be_focused()
    typed = strokes(page, [*"84", "Tab", *"76", "Tab", "Tab", "Tab", *"98"])
    assert typed + 3 <= 14
    page.keyboard.press("Enter")
    toast = page.locator("[data-undo-toast]")
    expect(toast).to_be_visible()
    page.get_by_role("button", name="Show as table").click()
    expect(page.get_by_role("row", name=re.compile("128.84")).first).to_be_visible()
    with page.expect_navigation():
        toast.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Show as table").click()
    expect(page.locator("s", has_text="128/84").first).to_be_visible()


def test_what_is_flagged_or_wrong_is_said_while_it_is_typed(vaidya: Visitor) -> None:
    page = vaidya.go(f"{FIRST}/vitals")
    page.locator("#systolic").press_sequentially("148/96")
    expect(page.locator("#diastolic")).to_have_value("96")
    expect(page.locator("#measure").get_by_text("High, limit 140/90")).to_be_visible()
    page.locator("#weight").fill("137 lb")
    page.keyboard.press("Tab")
    expect(page.locator("#weight")).to_have_value("62.1")
    page.locator("#pulse").fill("400")
    page.keyboard.press("Enter")
    expect(page.locator("#measure [role=alert]")).to_contain_text("Some measurements cannot be right")
    expect(page.locator("#pulse")).to_have_value("400")
    expect(page.locator("#systolic")).to_have_value("148")


def test_lines_are_drawn_read_by_keys_and_the_table_is_behind(vaidya: Visitor) -> None:
    page = vaidya.go(f"{FIRST}/vitals?range=all")
    chart = page.locator("[data-vital-chart=blood_pressure]")
    expect(chart.locator("canvas")).to_be_visible()
    expect(page.locator("[data-vital-table]")).to_be_hidden()
    chart.locator("[role=img]").focus()
    last = chart.locator(".vital-readout").inner_text()
    page.keyboard.press("Home")
    expect(chart.locator(".vital-readout")).not_to_have_text(last)
    expect(chart.locator(".vital-readout")).to_contain_text("126/80")
    vaidya.check_accessibility()
    page.get_by_role("button", name="Show as table").click()
    expect(page.locator("[data-vital-table] table")).to_be_visible()
    expect(chart).to_be_hidden()
    vaidya.check_accessibility()


def test_without_scripts_there_is_the_table_and_the_form(visitor: Open) -> None:
    first = visitor(DESKTOP)
    first.sign_in_staff("vaidya")
    plain = visitor(DESKTOP, java_script_enabled=False)
    plain.sign_in_staff("vaidya")
    page = plain.go(f"{FIRST}/vitals?range=all")
    expect(page.locator("[data-vital-table] table")).to_be_visible()
    expect(page.locator("[data-vital-charts]")).to_be_hidden()
    page.locator("#systolic").fill("122/78")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[data-vital-table]")).to_contain_text("122/78")
    page.goto(page.url.replace("/vitals", "/health"))
    page.locator("#condition").get_by_role("link", name="Add a condition").click()
    page.locator("#condition-name").fill("Sinusitis")
    page.locator("#condition form.health-form").get_by_role("button", name="Save").click()
    expect(page.locator("#condition")).to_contain_text("Sinusitis")


def test_an_entry_changes_in_its_section_and_its_history_is_readable(vaidya: Visitor) -> None:
    page = vaidya.go(f"{FIRST}/health")
    section = page.locator("#surgery")
    section.get_by_role("link", name="Change").first.click()
    box = section.locator("#surgery-place")
    expect(box).to_have_value("Pune")
    box.fill("Pune, Sassoon Hospital")
    section.get_by_role("button", name="Save").click()
    expect(section.locator("form")).to_have_count(0)
    expect(section).to_contain_text("Sassoon Hospital")
    section.get_by_role("link", name="History").first.click()
    expect(section.locator(".health-history .was")).to_contain_text("1994, Pune")
    page.locator("#condition").get_by_role("link", name="Add a condition").click()
    page.locator("#condition form.health-form").get_by_role("button", name="Save").click()
    expect(page.locator("#condition-name-error")).to_have_text("Write what it is.")
    vaidya.check_accessibility()


def test_both_pages_fit_a_phone(visitor: Open) -> None:
    at = visitor(PHONE)
    at.sign_in_staff("vaidya")
    for tab in ("vitals", "health"):
        page = at.go(f"{FIRST}/{tab}")
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        at.check_accessibility()
