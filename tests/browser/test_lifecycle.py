"""How a visit ends and what follows, in a real browser: undone by keyboard, moved by link, to be called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import closing

import psycopg2
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Clinic, Visitor

Open = Callable[..., Visitor]
AHEAD = (
    "status = 'confirmed' AND mode = 'in_person' AND session_id IS NULL"
    " AND lower(during) > now() + interval '26 hours'"
)


def ask(clinic: Clinic, statement: str, *values: object) -> tuple[object, ...]:
    """One row of the clinic's database."""
    address = clinic.environment["DATABASE_URL"].replace("+psycopg2", "")
    with closing(psycopg2.connect(address)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple[object, ...] = cursor.fetchone() or ()
        return row


def test_a_cancellation_is_undone_from_its_notice_by_keyboard(clinic: Clinic, visitor: Open) -> None:
    (reference,) = ask(clinic, f"SELECT reference FROM appointments WHERE {AHEAD} ORDER BY id LIMIT 1")
    reception = visitor(DESKTOP)
    reception.sign_in_staff("reception")
    page = reception.go(f"/appointments/{reference}")
    page.get_by_text("Cancel", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cancel the visit").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Choose why.").first).to_be_visible()
    page.get_by_label("Why", exact=True).select_option("unwell")
    page.get_by_role("button", name="Cancel the visit").focus()
    page.keyboard.press("Enter")
    notice = page.locator("[data-undo-toast]")
    expect(notice).to_contain_text("The patient is told in")
    reception.check_accessibility()
    notice.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Undone. The visit is as it was.")).to_be_visible()
    expect(page.locator("#visit .chip").first).to_have_text(re.compile("Confirmed"))
    assert ask(clinic, "SELECT status FROM appointments WHERE reference = %s", reference) == ("confirmed",)


def test_a_visit_is_moved_by_its_link_on_a_phone(clinic: Clinic, visitor: Open) -> None:
    token = "Lk_" + "a" * 19
    (reference, before) = ask(
        clinic,
        "WITH visit AS (SELECT a.id, a.reference, lower(a.during) AS starts FROM appointments a"
        " JOIN services s ON s.id = a.service_id"
        f" WHERE {AHEAD} AND s.online_booking AND s.change_minutes < 1440"
        " ORDER BY a.id DESC LIMIT 1),"
        " link AS (INSERT INTO appointment_links (appointment_id, token_hash, created_at)"
        " SELECT id, %s, now() FROM visit) SELECT reference, starts FROM visit",
        hashlib.sha256(token.encode()).hexdigest(),
    )
    patient = visitor(PHONE, java_script_enabled=True)
    page = patient.go(f"/v/{token}")
    patient.check_accessibility()
    page.get_by_role("button", name="I will come").click()
    expect(page.get_by_text("You said that you will come.")).to_be_visible()
    page.get_by_role("link", name="Move", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("When suits you?")
    patient.check_accessibility()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".slot").first.click()
    page.get_by_role("button", name="Move to this time").click()
    expect(page.get_by_text("Your visit is moved.")).to_be_visible()
    patient.check_accessibility()
    (after,) = ask(clinic, "SELECT lower(during) FROM appointments WHERE reference = %s", reference)
    assert after != before


def test_a_follow_up_is_said_listed_and_booked(clinic: Clinic, visitor: Open) -> None:
    (reference, name) = ask(
        clinic,
        "SELECT a.reference, p.name FROM appointments a JOIN patients p ON p.id = a.patient_id"
        " WHERE a.status = 'completed' AND NOT EXISTS (SELECT FROM appointments later"
        " WHERE later.patient_id = a.patient_id AND lower(later.during) > lower(a.during)"
        " AND a.id <> later.id AND (later.practitioner_id = a.practitioner_id"
        " OR later.service_id = a.service_id))"
        " ORDER BY a.id DESC LIMIT 1",
    )
    reception = visitor(DESKTOP)
    reception.sign_in_staff("reception")
    page = reception.go(f"/appointments/{reference}")
    page.get_by_label("Follow-up").select_option("1w")
    page.get_by_role("button", name="Keep the follow-up").click()
    expect(page.get_by_role("link", name="Book follow-up")).to_be_visible()
    reception.check_accessibility()
    page = reception.go("/follow-ups?show=all")
    expect(page.get_by_role("link", name=str(name), exact=True)).to_be_visible()
    reception.check_accessibility()
    page.get_by_role("link", name=f"Book the follow-up of {name}").click()
    expect(page.locator("#panel-content")).to_contain_text(str(name))
