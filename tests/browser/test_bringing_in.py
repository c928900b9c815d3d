"""A clinic's own register brought in by keyboard alone: mended, decided, taken in, found, taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Visitor

Open = Callable[..., Visitor]
REGISTER = """Sr No;रोगी का नाम;DOB / Age;M/F;Mobile No.;PIN;Prakriti;Allergies;First visit;Remarks
1;Kusum Lokhande;14-07-71;F;98220 55001;411001;V-P;Sulpha drugs;21 Jan 2022;=1+1
2;Baban Lokhande;60 yrs;पुरुष;+91 98220 55001;411001;kapha;nil known;05/06/2023;<b>VIP</b>
3;कुसुम भालेराव;3 yrs;महिला;9822055002;4110;;NIL;01.10.2020;मधुमेह
4;KUSUM LOKHANDE;52 yrs;f;098220-55001;411001;;;30/06/2024;BP
5;Tanaji Bhosale;2031-05-05;M;9822055003;411001;sama;;;
6;Sopan Jadhav;33
"""


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """The register as a spreadsheet would write it, in Windows' own UTF-16."""
    path = tmp_path / "register.csv"
    path.write_bytes(REGISTER.encode("utf-16"))
    return path


def press_on(page: Page, name: str | re.Pattern[str], role: str = "button") -> None:
    """Reach something with the Tab key and press Enter on it."""
    goal = page.get_by_role(role, name=name).first  # type: ignore[arg-type]
    expect(goal).to_be_visible()
    for _step in range(200):
        if goal.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(goal).to_be_focused()
    page.keyboard.press("Enter")


def reach(page: Page, field: str) -> None:
    """Reach a field with the Tab key."""
    goal = page.locator(field)
    for _step in range(200):
        if goal.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(goal).to_be_focused()


def test_a_register_comes_in_by_keyboard_and_goes_out_again(visitor: Open, register: Path) -> None:
    desk = visitor(DESKTOP)
    desk.sign_in_staff("reception")
    page = desk.go("/imports")
    desk.check_accessibility()
    page.get_by_label("CSV or Excel file").set_input_files(register)
    press_on(page, "Look at the file")
    expect(page.get_by_text("CSV, UTF-16", exact=False)).to_be_visible(timeout=20_000)
    desk.check_accessibility()
    press_on(page, "Show me every line")
    expect(page.get_by_role("heading", name="2 lines can come in")).to_be_visible(timeout=20_000)
    desk.check_accessibility()
    _mend_the_refused(page, desk)
    _decide(page, desk)
    press_on(page, re.compile("^Bring in"))
    expect(page.get_by_role("heading", name=re.compile("lines are in"))).to_be_visible(timeout=20_000)
    desk.check_accessibility()
    page.keyboard.press("/")
    page.keyboard.type("kusum")
    expect(page.get_by_role("link", name=re.compile("कुसुम भालेराव")).first).to_be_visible()
    page.keyboard.press("Escape")
    press_on(page, "Take it all back")
    expect(page.get_by_role("heading", name=re.compile("Taken back"))).to_be_visible(timeout=20_000)
    page.keyboard.press("/")
    page.keyboard.type("Lokhande")
    expect(page.get_by_text("Nobody", exact=False).first).to_be_visible()


def _mend_the_refused(page: Page, desk: Visitor) -> None:
    press_on(page, re.compile("^Refused"), "link")
    page.wait_for_url(re.compile("show=refused"))
    desk.check_accessibility()
    reach(page, "#line-4 input[aria-invalid=true]")
    page.keyboard.press("Control+a")
    page.keyboard.type("411004")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="3 lines can come in")).to_be_visible()
    # The focus goes to the next line that wants something.
    expect(page.locator("#line-6 input[aria-invalid=true]")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("05/05/2011")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="4 lines can come in")).to_be_visible()
    press_on(page, "Take it as it is")
    expect(page.get_by_role("heading", name="5 lines can come in")).to_be_visible()


def _decide(page: Page, desk: Visitor) -> None:
    press_on(page, re.compile("^Maybe here"), "link")
    page.wait_for_url(re.compile("show=duplicate"))
    desk.check_accessibility()
    press_on(page, "Same person: fill in what is missing")
    expect(page.get_by_role("heading", name="6 lines can come in")).to_be_visible()


@pytest.mark.parametrize("scheme", [pytest.param("light", marks=pytest.mark.long), "dark"])
def test_the_preview_fits_a_phone(visitor: Open, register: Path, scheme: str) -> None:
    desk = visitor(PHONE, color_scheme=scheme)
    desk.sign_in_staff("reception")
    page = desk.go("/imports")
    page.get_by_label("CSV or Excel file").set_input_files(register)
    page.get_by_role("button", name="Look at the file").click()
    page.get_by_role("button", name="Show me every line").click(timeout=20_000)
    expect(page.get_by_role("heading", name=re.compile("can come in"))).to_be_visible(timeout=20_000)
    for show in ("all", "refused", "duplicate"):
        page.goto(page.url.split("?")[0] + f"?show={show}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        desk.check_accessibility()
    page.get_by_role("button", name="Put aside").first.click()
    expect(page.get_by_role("heading", name="Put aside")).to_be_visible()
