"""The calendar in a browser: moving by mouse and by finger, lengths, the keyboard, the month and the list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy.engine import make_url

from tests.browser.conftest import DESKTOP, PHONE, TABLET, Clinic, Visitor

Open = Callable[..., Visitor]
MOVABLE = ".appt[data-v]:not([data-fixed])"
PLACE = """
(visit) => {
  const rows = (element, prefix) => Number(new RegExp(`(?:^| )${prefix}(\\\\d+)`).exec(element.className)[1]);
  const length = rows(visit, 'gs');
  const body = visit.closest('.cal-body');
  const busy = [...visit.closest('.cal-col').querySelectorAll('.appt, .cal-off, .cal-closed, .cal-buffer')];
  for (let row = 12; row + length + 9 < rows(body, 'gs'); row += 1) {
    const free = busy.every((other) => {
      if (other === visit) return Math.abs(rows(visit, 'gr') - row) > 12;
      const from = rows(other, 'gr');
      return from >= row + length + 6 || from + rows(other, 'gs') + 6 <= row;
    });
    if (free) return row;
  }
  return null;
}
"""
"""The first row of the visit's own column at which it has room, with half an hour around it."""


def visit_on(at: Visitor, days: int) -> Locator:
    """A visit that can be moved, so many days ahead in the demo, with room elsewhere in its column."""
    day = date.today() + timedelta(days=days)  # noqa: DTZ011 (any day near it will do)
    page = calendar_of(at, f"/calendar?day={day.isoformat()}")
    page.wait_for_load_state("networkidle")
    for visit in page.locator(MOVABLE).all():
        if visit.evaluate(PLACE) is not None:
            reference = visit.get_attribute("id")
            found = page.locator(f'[id="{reference}"]')
            found.scroll_into_view_if_needed()
            return found
    raise AssertionError("The demo has no visit to move.")


def row_of(visit: Locator, prefix: str = "gr") -> int:
    """Where a visit begins (``gr``), or how long it is (``gs``), in rows of five minutes."""
    found = re.search(rf"\b{prefix}(\d+)\b", visit.get_attribute("class") or "")
    assert found is not None
    return int(found[1])


def row_height(page: Page) -> float:
    """Pixels of five minutes."""
    return float(page.evaluate("document.querySelector('.cal-hours li').getBoundingClientRect().height / 12"))


def calendar_of(at: Visitor, path: str) -> Page:
    """A day's calendar, once a script listens to it: that comes after the page."""
    page = at.go(path)
    expect(page.locator("html[data-calendar]")).to_be_attached()
    return page


def drag(page: Page, visit: Locator, down: float) -> None:
    """Take a visit by its upper edge and carry it so far down, not letting go."""
    box = visit.bounding_box()
    assert box is not None
    x, y = box["x"] + 30, box["y"] + 5
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 8)
    page.mouse.move(x, y + down, steps=6)


def wanted_row(visit: Locator) -> int:
    row = visit.evaluate(PLACE)
    assert isinstance(row, int)
    return row


def test_a_visit_is_dragged_by_mouse_and_the_move_undone(visitor: Open) -> None:
    at = visitor((1440, 1600))
    at.sign_in_staff("reception")
    visit = visit_on(at, 1)
    before, after = row_of(visit), wanted_row(visit)
    drag(at.page, visit, (after - before) * row_height(at.page))
    expect(at.page.locator(".appt.is-lifted")).to_be_visible()
    expect(at.page.locator(".drag-thread path")).to_have_attribute("d", re.compile("^M"))
    at.page.mouse.up()
    toast = at.page.locator("#toast-polite .toast-item", has_text="Moved to")
    expect(toast).to_be_visible()
    expect(visit).to_have_class(re.compile(rf"\bgr{after}\b"))
    expect(visit).to_be_focused()
    at.check_accessibility()
    toast.get_by_role("button", name="Undo").click()
    expect(visit).to_have_class(re.compile(rf"\bgr{before}\b"))


def test_escape_lets_go_and_nothing_is_changed(visitor: Open) -> None:
    at = visitor((1440, 1600))
    at.sign_in_staff("reception")
    visit = visit_on(at, 1)
    before = row_of(visit)
    drag(at.page, visit, 40)
    expect(at.page.locator(".appt.is-lifted")).to_be_visible()
    at.page.keyboard.press("Escape")
    expect(at.page.locator(".appt.is-lifted")).to_have_count(0)
    at.page.mouse.up()
    expect(at.page.locator("#panel")).not_to_be_visible()
    expect(at.page.locator("#cal-says")).to_have_text("Left where it was.")
    assert row_of(visit) == before


def test_a_taken_place_is_answered_with_other_times(visitor: Open) -> None:
    at = visitor((1440, 1600))
    at.sign_in_staff("reception")
    page = calendar_of(at, f"/calendar?day={(date.today() + timedelta(days=1)).isoformat()}")  # noqa: DTZ011
    column = page.locator(f".cal-col:has({MOVABLE} ~ {MOVABLE})").first
    first, second = column.locator(MOVABLE).nth(0), column.locator(MOVABLE).nth(1)
    drag(page, first, (row_of(second) - row_of(first)) * row_height(page))
    page.mouse.up()
    panel = page.locator("#panel")
    expect(panel).to_be_visible()
    expect(panel.locator(".callout-danger")).to_be_visible()
    at.check_accessibility()
    page.keyboard.press("Escape")
    expect(first).to_be_focused()


def test_a_visit_is_made_longer_at_its_lower_edge_and_by_keyboard(visitor: Open) -> None:
    at = visitor((1440, 1600))
    at.sign_in_staff("reception")
    visit = visit_on(at, 2)
    length, page = row_of(visit, "gs"), at.page
    box = visit.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] - 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] - 8, steps=2)
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] - row_height(page) - 1, steps=3)
    expect(visit.locator(".appt-length")).to_contain_text(f"{(length - 1) * 5} min")
    page.mouse.up()
    expect(page.locator("#toast-polite")).to_contain_text("Now")
    expect(visit).to_have_class(re.compile(rf"\bgs{length - 1}\b"))
    expect(visit).to_be_focused()
    page.keyboard.press("Shift+ArrowUp")
    expect(page.locator("#cal-says")).to_contain_text("min")
    page.keyboard.press("Enter")
    expect(visit).to_have_class(re.compile(rf"\bgs{length - 2}\b"))


def touch(client: Any, kind: str, x: float, y: float) -> None:
    """One event of one finger."""
    points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
    client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_a_finger_that_rests_lifts_a_visit_and_one_that_strokes_does_not(visitor: Open) -> None:
    at = visitor((768, 1600), has_touch=True)
    at.sign_in_staff("reception")
    visit = visit_on(at, 3)
    page = at.page
    before, after = row_of(visit), wanted_row(visit)
    finger = page.context.new_cdp_session(page)
    box = visit.bounding_box()
    assert box is not None
    x, y = box["x"] + 30, box["y"] + 5
    touch(finger, "touchStart", x, y)
    for step in range(1, 5):
        touch(finger, "touchMove", x, y - 12 * step)
    touch(finger, "touchEnd", x, y)
    expect(page.locator(".appt.is-lifted")).to_have_count(0)
    visit.scroll_into_view_if_needed()
    box = visit.bounding_box()
    assert box is not None
    x, y = box["x"] + 30, box["y"] + 5
    touch(finger, "touchStart", x, y)
    expect(page.locator(".appt.is-lifted")).to_be_visible()
    down = (after - before) * row_height(page)
    for step in range(1, 6):
        touch(finger, "touchMove", x, y + down * step / 5)
    touch(finger, "touchEnd", x, y + down)
    expect(page.locator("#toast-polite")).to_contain_text("Moved to")
    expect(visit).to_have_class(re.compile(rf"\bgr{after}\b"))


def test_the_calendar_is_walked_by_keyboard(visitor: Open) -> None:
    at = visitor(DESKTOP)
    at.sign_in_staff("reception")
    day = (date.today() + timedelta(days=1)).isoformat()  # noqa: DTZ011
    page = calendar_of(at, f"/calendar?day={day}")
    expect(page.locator('.cal-body [tabindex="0"]')).to_have_count(1)
    page.keyboard.press("g")
    focused = page.locator(":focus")
    expect(focused).to_have_class(re.compile("appt|cal-gap"))
    page.keyboard.press("Home")
    first = focused.get_attribute("href")
    page.keyboard.press("ArrowDown")
    assert focused.get_attribute("href") != first
    page.keyboard.press("ArrowUp")
    assert focused.get_attribute("href") == first
    column = focused.evaluate("(item) => item.closest('.cal-col').dataset.name")
    page.keyboard.press("ArrowRight")
    assert focused.evaluate("(item) => item.closest('.cal-col').dataset.name") != column
    expect(page.locator('.cal-body [tabindex="0"]')).to_have_count(1)
    page.locator(MOVABLE).first.focus()
    page.keyboard.press("v")
    expect(page.locator("#panel")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys of the calendar")).to_be_visible()
    at.check_accessibility()
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    page.wait_for_url(re.compile("view=week"))
    page.keyboard.press("m")
    page.wait_for_url(re.compile("view=month"))
    page.keyboard.press("l")
    page.wait_for_url(re.compile("view=list"))
    assert f"day={day}" in page.url


def test_a_refresh_keeps_scroll_focus_and_what_is_open(visitor: Open) -> None:
    at = visitor(DESKTOP)
    at.sign_in_staff("reception")
    page = calendar_of(at, f"/calendar?day={(date.today() + timedelta(days=1)).isoformat()}")  # noqa: DTZ011
    page.wait_for_load_state("networkidle")
    page.keyboard.press("g")
    page.keyboard.press("End")
    held = page.locator(":focus").get_attribute("href")
    scrolled = page.evaluate("document.querySelector('.cal-scroll').scrollTop")
    assert scrolled > 0
    page.evaluate("document.querySelector('#cal-choose').open = true")
    with page.expect_response(re.compile(r"/calendar\?")):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('sutra:schedule', {bubbles: true}))")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#cal-actions a").last).to_be_visible()
    assert page.locator(":focus").get_attribute("href") == held
    assert page.evaluate("document.querySelector('.cal-scroll').scrollTop") == scrolled
    assert page.evaluate("document.querySelector('#cal-choose').open") is True
    expect(page.locator('.cal-body [tabindex="0"]')).to_have_count(1)


def test_the_month_leads_to_its_days(visitor: Open) -> None:
    at = visitor(DESKTOP)
    at.sign_in_staff("reception")
    page = at.go("/calendar?view=month")
    at.check_accessibility()
    today = page.locator(".month .is-today a")
    expect(today).to_contain_text("visit")
    page.keyboard.press("g")
    expect(today).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("view=day"))
    page.go_back()
    page.get_by_label("Whose calendar").select_option(index=1)
    expect(page.locator(".month caption")).to_contain_text(",")
    assert "resource=" in page.url


@pytest.fixture
def managed(clinic: Clinic) -> Iterator[None]:
    """The demo's receptionist manages the clinic too, for one test."""
    url = make_url(clinic.environment["DATABASE_URL"]).set(drivername="postgresql")
    connection = psycopg2.connect(url.render_as_string(hide_password=False))
    connection.autocommit = True
    who = "SELECT g.user_id, 'facility_admin', g.facility_id, now() FROM role_grants g JOIN users u"
    who += " ON u.id = g.user_id WHERE u.email = %s LIMIT 1"
    with connection, connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO role_grants (user_id, role, facility_id, created_at) {who}",
            (clinic.log_ins["reception"],),
        )
    yield
    with connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM role_grants WHERE role = 'facility_admin'")
    connection.close()


@pytest.mark.usefixtures("managed")
def test_the_list_is_filtered_sorted_and_taken_out(visitor: Open) -> None:
    at = visitor(DESKTOP)
    at.sign_in_staff("reception")
    page = at.go("/calendar?view=list&from=&to=")
    at.check_accessibility()
    page.get_by_text("More filters").click()
    page.get_by_role("checkbox", name="Done").check()
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile("status=completed"))
    expect(page.locator(".list-chip", has_text="Done")).to_be_visible()
    at.check_accessibility()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    status = lines[0].split(",").index("Status")
    assert len(lines) > 1
    assert all("completed" in line for line in lines[1:]), lines[0][status:]
    page.get_by_role("link", name="Patient", exact=True).click()
    page.wait_for_url(re.compile("sort=patient"))
    names = page.locator(".list-table .row-name").all_inner_texts()
    page.get_by_role("link", name="Patient", exact=True).click()
    page.wait_for_url(re.compile("sort=-patient"))
    assert page.locator(".list-table .row-name").all_inner_texts() == names[::-1] or len(names) == 50
    page.locator(".list-chip", has_text="Done").click()
    expect(page.locator(".list-chip", has_text="Done")).to_have_count(0)


@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        (DESKTOP, "light"),
        pytest.param(TABLET, "dark", marks=pytest.mark.long),
        pytest.param(PHONE, "light", marks=pytest.mark.long),
        (PHONE, "dark"),
    ],
)
def test_no_view_has_a_fault_in_any_width_or_scheme(
    visitor: Open, size: tuple[int, int], scheme: str
) -> None:
    at = visitor(size, color_scheme=scheme)
    at.sign_in_staff("reception")
    for view in ("day", "day&by=therapist", "day&by=room", "week", "month", "list"):
        at.go(f"/calendar?view={view}")
        at.check_accessibility()
    at.go("/calendar/print?by=outage")
    at.check_accessibility()
