"""One day of the clinic, walked by the four people it is for: at the desk's width, and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Clinic, Visitor, day_with_many_times

Open = Callable[..., Visitor]
expect.set_options(timeout=30_000)  # what is looked for appears, however busy the machine


@pytest.mark.parametrize(
    ("size", "name", "mobile"),
    [
        pytest.param(DESKTOP, "Sharada Hegde", "98860 10001", id="desktop"),
        pytest.param(PHONE, "Vasudha Kini", "98860 10002", id="phone", marks=pytest.mark.long),
    ],
)
def test_a_day_from_intake_to_signed_note(
    clinic: Clinic, visitor: Open, size: tuple[int, int], name: str, mobile: str
) -> None:
    _somebody_is_always_free(clinic)
    reception, vaidya, admin, patient = visitor(size), visitor(size), visitor(size), visitor(PHONE)
    reception.sign_in_staff("reception")
    _register(reception, name, mobile)
    _send_intake_link(reception)
    _fill_intake(patient, clinic, name, mobile)
    _review_intake(reception)
    _book(reception, name)
    _patient_signs_in(patient, clinic, mobile)
    _patient_books_and_cancels(patient)
    _walk_in(reception, name)
    vaidya.sign_in_staff("vaidya")
    _write_note(vaidya, name)
    _signed_note_stays_with_the_clinicians(reception, vaidya)
    _board_shows_done(reception, name)
    _fates_are_known(reception, name)
    admin.sign_in_staff("admin")
    _deactivated_person_is_out(admin, reception)


def _somebody_is_always_free(clinic: Clinic) -> None:
    """Everybody and every room can take more at a time: a walk-in is taken in at whatever hour this runs."""
    connection = psycopg2.connect(clinic.environment["DATABASE_URL"].replace("+psycopg2", ""))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO resource_units (resource_id, number)"
                " SELECT id, number FROM resources, generate_series(1, 4) number ON CONFLICT DO NOTHING"
            )
    finally:
        connection.close()


def _register(at: Visitor, name: str, mobile: str) -> None:
    page = at.go("/patients/new")
    at.check_accessibility()
    page.get_by_label("Full name").fill(name)
    page.get_by_label("Mobile", exact=True).fill("98860")
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_text("A mobile number has 10 digits, this has 5.").first).to_be_visible()
    expect(page.get_by_label("Full name")).to_have_value(name)
    page.get_by_label("Mobile", exact=True).fill(mobile)
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    at.check_accessibility()


def _send_intake_link(at: Visitor) -> None:
    at.page.get_by_role("button", name="Send intake link").click()
    expect(at.page.get_by_text(re.compile("link", re.I)).first).to_be_visible()


def _message_to(clinic: Clinic, page: Page, mobile: str, holds: str) -> str:
    """The newest message to that mobile which holds the pattern; waits for the worker to have sent it."""
    number = "+91" + mobile.replace(" ", "")
    for _attempt in range(150):
        for message in clinic.messages():
            if message["to"] == number and re.search(holds, message["text"]):
                return str(message["text"])
        page.wait_for_timeout(100)
    raise AssertionError(f"No message holds {holds!r}")


def _fill_intake(at: Visitor, clinic: Clinic, name: str, mobile: str) -> None:
    text = _message_to(clinic, at.page, mobile, r"/intake/")
    link = re.search(r"https?://\S+/intake/\S+", text)
    assert link is not None
    page = at.go(urlsplit(link.group().rstrip(".")).path)
    at.check_accessibility()
    for _section in range(10):
        if page.get_by_role("button", name="Send to the clinic").count():
            break
        full_name = page.get_by_label("Full name")
        if full_name.count():
            full_name.fill(name)
        for answer in ("No, not that I know", "No, none"):
            if page.get_by_role("radio", name=answer).count():
                page.get_by_role("radio", name=answer).check(force=True)
        emergency = page.get_by_label("Whom may we call?")
        if emergency.count():
            emergency.fill("Ravi")
            page.get_by_label("Their telephone").fill("98450 11724")
        city = page.get_by_label(re.compile("city", re.I))
        if city.count():
            city.first.fill("मैसूर")
        page.locator("main form button[type=submit]").last.click()
        page.wait_for_load_state()
    at.check_accessibility()
    expect(page.get_by_text("मैसूर")).to_be_visible()
    page.get_by_role("button", name="Send to the clinic").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


def _review_intake(at: Visitor) -> None:
    at.page.reload()
    at.page.get_by_role("link", name="Look it over").click()
    at.check_accessibility()
    expect(at.page.get_by_text("मैसूर").first).to_be_visible()
    at.page.get_by_role("button", name="Take over and close").click()
    expect(at.page.get_by_role("link", name="Look it over")).to_have_count(0)
    expect(at.page.get_by_text("मैसूर").first).to_be_visible()


def _book(at: Visitor, name: str) -> None:
    page = at.page
    page.get_by_role("link", name="Book", exact=True).first.click()
    page.get_by_label("Service").select_option(label="Consultation, 30 min")
    free = page.locator("#book-form label.slot")
    expect(free.first).to_be_visible()
    free.last.click()
    at.check_accessibility()
    page.locator("#book-form button[value=book]").last.click()
    expect(page.locator("#book-form")).to_have_count(0)
    at.go("/calendar?view=list")
    at.check_accessibility()


def _patient_signs_in(at: Visitor, clinic: Clinic, mobile: str) -> None:
    page = at.go("/portal")
    page.get_by_label("Mobile number").fill(mobile)
    page.get_by_role("button", name="Send the code").click()
    page.wait_for_url("**/portal/code")
    at.check_accessibility()
    text = _message_to(clinic, page, mobile, r"\b\d{6}\b")
    code = re.search(r"\b\d{6}\b", text)
    assert code is not None
    page.locator("input[autocomplete=one-time-code]").fill(code.group())
    if page.url.endswith("/portal/code"):
        page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/portal")
    at.check_accessibility()
    expect(page.get_by_text("Consultation").first).to_be_visible()


def _patient_books_and_cancels(at: Visitor) -> None:
    page = at.page
    page.get_by_role("link", name=re.compile("^Book")).first.click()
    at.check_accessibility()
    page.get_by_role("link", name=re.compile("Follow-up")).first.click()
    at.check_accessibility()
    day_with_many_times(page).click()
    expect(page.locator("label.slot").nth(5)).to_be_visible()
    page.locator("label.slot").last.click()
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    at.check_accessibility()
    at.go("/portal/visits")
    page.get_by_role("link", name=re.compile("Follow-up")).first.click()
    page.get_by_role("link", name=re.compile("Cancel")).first.click()
    at.check_accessibility()
    page.get_by_role("button", name="Yes, cancel this visit").click()
    expect(page.get_by_text(re.compile("[Cc]ancelled")).first).to_be_visible()


def _walk_in(at: Visitor, name: str) -> None:
    page = at.go("/appointments/new?walk_in=1")
    page.get_by_label("Name or mobile").fill(name)
    page.get_by_role("button", name="Find").click()
    page.locator("#book").get_by_role("button", name=re.compile(name)).first.click()
    expect(page.get_by_role("button", name="Choose another patient")).to_be_visible()
    page.get_by_label("Service").select_option(label="Follow-up, 15 min")
    expect(page.get_by_role("button", name="Choose another service")).to_be_visible()
    page.get_by_label("Dr Vaidehi Kulkarni").check()
    expect(page.locator("#book-form .panel-foot .say")).to_contain_text("Dr Vaidehi Kulkarni")
    _book_now(page)
    at.go("/today")
    at.check_accessibility()
    row = page.locator("#arrived").get_by_role("listitem").filter(has_text=name)
    expect(row.get_by_role("button", name=f"Start with {name}")).to_be_visible()


def _book_now(page: Page) -> None:
    """Book the walk-in; outside working hours it takes a reason."""
    book = page.locator("#book-form button[value=book]").last
    reason, gone = page.locator("#override_reason"), page.locator("main:not(:has(#book-form))")
    book.click()
    expect(reason.or_(gone).first).to_be_visible()
    if reason.count():
        reason.fill("Walked in")
        book.click()
    expect(gone).to_be_visible()


def _write_note(at: Visitor, name: str) -> None:
    page = at.go("/my-day")
    at.check_accessibility()
    page.get_by_role("button", name=f"Start with {name}").click()
    page.wait_for_load_state("networkidle")
    row = page.get_by_role("listitem").filter(has_text=name).last
    row.get_by_role("button", name=re.compile("Write note")).click()
    page.wait_for_url(re.compile(r"/notes/\d+"))
    at.check_accessibility()
    text = page.locator("main form textarea").first
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.status == 200):
        text.fill("पेट ठीक है। Sleeps six hours, stiffness less.")
    expect(page.get_by_text(re.compile(r"Saved \d\d:\d\d")).first).to_be_visible()
    page.reload()
    expect(page.locator("main form textarea").first).to_have_value(
        "पेट ठीक है। Sleeps six hours, stiffness less."
    )
    for needed in page.locator("main form textarea").all():
        if not needed.input_value():
            needed.fill("As before.")
    page.get_by_role("button", name="Sign note").click()
    expect(page.get_by_text(re.compile("[Ss]igned")).first).to_be_visible()
    at.check_accessibility()
    page.get_by_role("textbox").last.fill("She rang: no fever.")
    page.get_by_role("button", name="Add to the note").click()
    expect(page.get_by_text("She rang: no fever.")).to_be_visible()


def _signed_note_stays_with_the_clinicians(reception: Visitor, vaidya: Visitor) -> None:
    path = urlsplit(vaidya.page.url).path
    answer = reception.page.goto(reception.clinic.url + path)
    assert answer is not None
    assert answer.status in (403, 404)


def _board_shows_done(at: Visitor, name: str) -> None:
    page = at.go("/today")
    done = page.get_by_role("button", name=f"The visit of {name} is done")
    done.click()
    expect(page.locator("#done").get_by_role("listitem").filter(has_text=name)).to_be_visible()
    expect(done).to_have_count(0)


def _fates_are_known(at: Visitor, name: str) -> None:
    page = at.go("/messages")
    at.check_accessibility()
    page.get_by_role("link", name="Sent", exact=True).click()
    page.wait_for_url("**/messages?show=sent")
    at.check_accessibility()
    expect(page.get_by_role("list", name="Messages").get_by_text(name).first).to_be_visible()


def _deactivated_person_is_out(admin: Visitor, reception: Visitor) -> None:
    page = admin.go("/people")
    admin.check_accessibility()
    page.get_by_role("link", name="Asha Raghunath").first.click()
    page.get_by_role("button", name="Stop this account").click()
    expect(page.get_by_role("button", name="Open the account again")).to_be_visible()
    reception.go("/today")
    assert "/sign-in" in reception.page.url
    page.get_by_role("button", name="Open the account again").click()
    expect(page.get_by_role("button", name="Stop this account")).to_be_visible()
