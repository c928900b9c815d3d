"""Booking, moving and cancelling with the keyboard alone, and what somebody hears who does not see the page.

Nothing is clicked or filled: keys are pressed, and after each the focus is where the next one is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta

import psycopg2
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Clinic, Visitor, day_with_many_times

Open = Callable[..., Visitor]
expect.set_options(timeout=30_000)  # what is looked for appears, however busy the machine

IS_FOCUSED = "(element) => element === document.activeElement"
IS_HEARD = """
(region) => {
  const open = document.querySelector('dialog:modal');
  return region.getAttribute('aria-live') === 'polite' && (!open || open.contains(region));
}
"""
"""A region that says what is put into it; outside an open dialog nothing is said."""


def tab_to(page: Page, wanted: Locator, *, back: bool = False) -> None:
    """Press Tab until that element has the focus. A trap or something out of reach fails."""
    expect(wanted).to_be_visible()
    for _press in range(80):
        if wanted.evaluate(IS_FOCUSED):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"Tab does not reach {wanted}")


def press_on(page: Page, wanted: Locator, key: str = "Enter") -> None:
    """Tab to an element and press a key on it."""
    tab_to(page, wanted)
    page.keyboard.press(key)


def heard(page: Page, words: str) -> None:
    """A notice with these words stands in a live region which can be heard as things are."""
    region = page.locator("#toast-polite")
    expect(region, f"says {words!r}").to_contain_text(words)
    assert region.evaluate(IS_HEARD), f"{words!r} is said where nobody hears it"


def sign_in(at: Visitor, who: str) -> None:
    """Sign in as staff, from the first Tab on."""
    page = at.go("/sign-in")
    tab_to(page, page.get_by_label("E-mail"))
    page.keyboard.type(at.clinic.log_ins[who])
    tab_to(page, page.get_by_label("Password", exact=True))
    page.keyboard.type(at.clinic.log_ins["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def newest_visit(clinic: Clinic) -> tuple[str, str]:
    """Reference and day of the visit that was booked last."""
    address = clinic.environment["DATABASE_URL"].replace("+psycopg2", "")
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.reference, (lower(a.during) AT TIME ZONE f.zone)::date::text FROM appointments a"
            " JOIN facilities f ON f.id = a.facility_id ORDER BY a.id DESC LIMIT 1"
        )
        reference, day = cursor.fetchone() or ("", "")
        return reference, day


def test_a_visit_is_booked_moved_and_cancelled_by_keyboard(clinic: Clinic, visitor: Open) -> None:
    reception = visitor(DESKTOP)
    sign_in(reception, "reception")
    _find(reception)
    _book(reception)
    reference, day = newest_visit(clinic)
    reception.go(f"/calendar?day={day}").wait_for_load_state("networkidle")
    visit = reception.page.locator(f"#v{reference}")
    _walk_to(reception.page, visit)
    _move(reception, visit)
    _cancel(reception, visit)


def _find(at: Visitor) -> None:
    """From anywhere to the patient, and on to the form with the patient in it."""
    page = at.go("/today")
    page.wait_for_load_state("networkidle")
    box = page.get_by_role("searchbox", name="Find a patient or a booking")
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("ramesh yada")
    found = page.locator("[data-search-results]").get_by_role("link", name="रमेश यादव")
    expect(found).to_be_visible()
    at.check_accessibility()
    page.keyboard.press("ArrowDown")
    expect(found).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("रमेश यादव")
    press_on(page, page.locator("main").get_by_role("link", name="Book", exact=True))
    expect(page.get_by_role("button", name="Choose another patient")).to_be_visible()
    at.check_accessibility()


def _book(at: Visitor) -> None:
    """In the calendar's panel: patient, service, time, book; refused first where something is missing."""
    day = date.today() + timedelta(days=4)  # noqa: DTZ011 (any day near it will do)
    page = at.go(f"/calendar?day={day.isoformat()}")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("n")
    panel = page.get_by_role("dialog", name="Book appointment")
    term, service = panel.get_by_label("Name or mobile"), panel.get_by_label("Service")
    book = panel.locator("button[value=book]")
    expect(term).to_be_focused()
    at.check_accessibility()

    press_on(page, book)
    expect(term).to_have_attribute("aria-invalid", "true")
    expect(term).to_be_focused()
    expect(term).to_have_accessible_description("Choose the patient.")
    page.keyboard.type("ramesh yada")
    press_on(page, panel.get_by_role("button", name=re.compile("रमेश यादव")))
    expect(panel.get_by_role("button", name="Choose another patient")).to_be_visible()
    expect(service).to_be_focused()
    at.check_accessibility()

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(service.locator("option:checked")).to_have_text("Consultation, 30 min")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("button", name="Choose another service")).to_be_visible()
    expect(panel.get_by_label("Practitioner", exact=True)).to_be_focused()

    press_on(page, book)
    times = panel.get_by_role("radiogroup", name="Free times")
    expect(times).to_have_accessible_description("Choose a time.")
    expect(times.get_by_role("radio").first).to_be_focused()
    at.check_accessibility()
    _choose_a_time(page, times, book)
    tab_to(page, panel.get_by_label("Practitioner", exact=True), back=True)
    press_on(page, book)
    heard(page, "Booked: ")
    expect(panel).to_have_count(0)
    expect(page.locator("#cal-actions").get_by_role("link", name="Book")).to_be_focused()
    at.check_accessibility()


def _choose_a_time(page: Page, times: Locator, done: Locator) -> str:
    """The first of the free times and then the one after it; its words, such as ``Fri 11:45``, are the
    button's too.
    """
    tab_to(page, times.get_by_role("radio").first)
    page.keyboard.press("Space")
    chosen = times.locator("input:checked")
    expect(chosen).to_be_focused()
    first = chosen.get_attribute("id")
    page.keyboard.press("ArrowDown")
    second = times.locator(f"input:checked:not(#{first})")
    expect(second).to_be_focused()
    says = (second.get_attribute("aria-label") or "").split(",")[0]
    expect(done).to_contain_text(says)
    expect(second).to_be_focused()
    return says


def _walk_to(page: Page, visit: Locator) -> None:
    """From column to column and down each of them, by arrows."""
    key = "() => document.activeElement.outerHTML"
    page.keyboard.press("g")
    expect(page.locator(".cal :focus")).to_have_count(1)
    for _column in range(page.locator(".cal-col").count()):
        page.keyboard.press("Home")
        before = ""
        while before != page.evaluate(key):
            if visit.evaluate(IS_FOCUSED):
                return
            before = page.evaluate(key)
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
    raise AssertionError("The arrows do not reach the visit.")


def _open(page: Page, visit: Locator) -> Locator:
    """The visit in the panel, whose name is the time: it has the focus."""
    expect(visit).to_be_focused()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name=re.compile(r"\d\d:\d\d"))
    expect(panel).to_be_visible()
    expect(page.locator("#panel-title")).to_be_focused()
    return panel


def _move(at: Visitor, visit: Locator) -> None:
    """To another of the next free times: said, and the focus on the visit, which has its new time."""
    page = at.page
    panel = _open(page, visit)
    at.check_accessibility()
    press_on(page, panel.get_by_role("link", name="Move", exact=True))
    panel = page.get_by_role("dialog", name="Move visit")
    expect(page.locator("#panel-title")).to_be_focused()
    at.check_accessibility()
    move = panel.locator("button[value=move]")
    press_on(page, move)
    times = panel.get_by_role("radiogroup", name="Free times")
    expect(times).to_have_accessible_description("Choose a time.")
    expect(times.get_by_role("radio").first).to_be_focused()
    says = _choose_a_time(page, times, move)
    press_on(page, move)
    heard(page, f"Moved to {says}")
    expect(panel).to_have_count(0)
    expect(visit).to_contain_text(says.split()[-1])
    expect(visit).to_be_focused()
    at.check_accessibility()


def _cancel(at: Visitor, visit: Locator) -> None:
    """Refused without a reason, done, undone from the notice, and done again."""
    page = at.page
    panel = _open(page, visit)
    title = page.locator("#panel-title")
    press_on(page, panel.get_by_text("Cancel", exact=True))
    done = panel.get_by_role("button", name="Cancel the visit")
    press_on(page, done)
    why = panel.locator("#code-cancel")
    expect(why).to_be_focused()
    expect(why).to_have_accessible_description("Choose why.")
    at.check_accessibility()
    page.keyboard.press("ArrowDown")
    press_on(page, done)
    heard(page, "cancelled.")
    expect(title).to_be_focused()
    at.check_accessibility()
    notice = page.locator("[data-undo-toast]", has_text="cancelled.")
    press_on(page, notice.get_by_role("button", name="Undo"))
    heard(page, "Undone. The visit is as it was.")
    expect(panel.locator(".chip").first).to_have_text(re.compile("Confirmed"))
    expect(title).to_be_focused()
    press_on(page, panel.get_by_text("Cancel", exact=True))
    tab_to(page, why)
    page.keyboard.press("ArrowDown")
    press_on(page, done)
    heard(page, "cancelled.")
    expect(panel.locator(".chip").first).to_have_text(re.compile("Cancelled"))
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    page.wait_for_function("document.activeElement !== document.body")


def _code_for(at: Visitor, mobile: str) -> str:
    """The newest code that was sent there; waits for the worker."""
    for _attempt in range(150):
        for message in at.clinic.messages():
            code = re.search(r"\b\d{6}\b", message["text"])
            if message["to"].endswith(mobile) and code:
                return code.group()
        at.page.wait_for_timeout(100)
    raise AssertionError("No code was sent.")


def test_a_patient_books_by_keyboard_on_a_narrow_screen(clinic: Clinic, visitor: Open) -> None:
    patient = visitor(PHONE)
    mobile = clinic.log_ins["patient_mobile"]
    page = patient.go("/portal")
    tab_to(page, page.get_by_label("Mobile number"))
    page.keyboard.type(mobile)
    page.keyboard.press("Enter")
    page.wait_for_url("**/portal/code")
    tab_to(page, page.locator("input[autocomplete=one-time-code]"))
    page.keyboard.type(_code_for(patient, mobile))
    page.wait_for_url("**/portal/choose**")
    press_on(page, page.locator(".choose-person").first)
    page.wait_for_url("**/portal")
    press_on(page, page.get_by_role("link", name=re.compile("^Book")).first)
    page.wait_for_url("**/portal/book")
    patient.check_accessibility()
    press_on(page, page.get_by_role("link", name=re.compile("Follow-up")).first)
    expect(page.get_by_role("heading", level=1)).to_have_text("When suits you?")
    press_on(page, day_with_many_times(page))
    expect(page.get_by_role("radio").nth(5)).to_be_visible()
    book = page.get_by_role("button", name="Book this time")
    press_on(page, book)
    first = page.get_by_role("radio").first
    expect(first).to_be_focused()
    page.keyboard.press("Space")
    expect(first).to_be_checked()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio").nth(1)).to_be_checked()
    expect(page.get_by_role("radio").nth(1)).to_be_focused()
    expect(page.locator(".kept[role=status]")).to_contain_text(re.compile(r"\d"))
    patient.check_accessibility()
    press_on(page, book)
    expect(page.get_by_text("Your visit is booked")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    patient.check_accessibility()
