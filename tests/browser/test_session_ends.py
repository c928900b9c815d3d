"""A session ends while somebody writes an assessment, a prescription or a form: the same person signs in over
the page and goes on where they were; another person's sign-in saves nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Clinic, Visitor
from tests.browser.typing import end_sessions, sql

Open = Callable[..., Visitor]
SLOW = 20_000
"""Milliseconds: a page or a save on a busy machine."""
OUT = "You are signed out. What you typed is kept on this page."


def end_session(at: Visitor, who: str) -> None:
    """Once everything that the page asks for by itself is there."""
    at.page.wait_for_load_state("networkidle")
    end_sessions(at.clinic, at.clinic.log_ins[who])


def sign_in_again(page: Page, clinic: Clinic) -> None:
    """Into the dialog that is open."""
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible(timeout=SLOW)
    dialog.get_by_label("Password").fill(clinic.log_ins["password"])
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog).to_be_hidden(timeout=SLOW)


def test_an_assessment_is_saved_once_its_writer_is_back(visitor: Open) -> None:
    at = visitor(DESKTOP)
    at.sign_in_staff("vaidya")
    page = at.go("/patients/3/assessments")
    page.get_by_role("button", name="Vikriti").click()
    page.wait_for_url(re.compile(r"/assessments/\d+$"))
    end_session(at, "vaidya")
    page.locator("input[name=vata][value=vriddhi-2]").check()
    expect(page.locator("[data-save-state]")).to_have_attribute("data-state", "signed-out", timeout=SLOW)
    page.locator(".still-here").get_by_role("button", name="Sign in again").click()
    at.check_accessibility()
    sign_in_again(page, at.clinic)
    expect(page.locator("[data-save-state]")).to_have_attribute("data-state", "saved", timeout=SLOW)
    expect(page.locator("input[name=vata][value=vriddhi-2]")).to_be_focused()
    page.reload()
    expect(page.locator("input[name=vata]:checked")).to_have_value("vriddhi-2")


def test_a_medicine_that_was_to_be_added_is_added_after_signing_in_and_by_nobody_else(visitor: Open) -> None:
    at = visitor(DESKTOP)
    at.sign_in_staff("vaidya")
    page = at.go("/patients/3/prescriptions")
    page.get_by_role("button", name=re.compile("New prescription|Write a prescription")).click()
    expect(page.locator("#new-name")).to_be_visible(timeout=SLOW)
    before = page.locator("[data-rx-line]").count()
    end_session(at, "vaidya")
    page.locator("#new-name").fill("Tab Paracetamol 500 mg 1-0-1 x 5 days")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible(timeout=SLOW)
    other = page.context.new_page()
    Visitor(other, at.clinic, []).sign_in_staff("reception")
    expect(page.locator("[data-session-words]")).to_contain_text("is signed in here now", timeout=SLOW)
    assert page.locator("[data-rx-line]").count() == before
    sign_in_again(page, at.clinic)
    expect(page.locator("[data-rx-line]")).to_have_count(before + 1, timeout=SLOW)
    expect(page.locator("[data-rx-line]").last).to_contain_text("Paracetamol")


def test_a_registration_waits_on_a_phone_until_its_writer_is_back(visitor: Open) -> None:
    at = visitor(PHONE)
    at.sign_in_staff("reception")
    page = at.go("/patients/new")
    page.get_by_label("Full name").fill("Revathi Subramaniam")
    end_session(at, "reception")
    page.locator("#mobile").fill("9845077001")
    page.locator("#mobile").blur()
    expect(page.get_by_text(OUT).first).to_be_visible(timeout=SLOW)
    at.check_accessibility()
    page.get_by_role("button", name="Register", exact=True).click()
    at.check_accessibility()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_label("Full name")).to_have_value("Revathi Subramaniam")
    page.get_by_role("button", name="Register", exact=True).click()
    sign_in_again(page, at.clinic)
    page.wait_for_url(re.compile(r"/patients/\d+"))
    expect(page.get_by_role("heading", name="Revathi Subramaniam")).to_be_visible()


def test_a_form_sent_as_a_page_asks_first_and_keeps_what_was_typed(visitor: Open) -> None:
    at = visitor(DESKTOP)
    at.sign_in_staff("admin")
    page = at.go("/practitioners/1/edit")
    speciality = page.get_by_label("Speciality")
    speciality.fill("Kayachikitsa and rasayana")
    end_session(at, "admin")
    page.clock.install()
    other = page.context.new_page()
    Visitor(other, at.clinic, []).sign_in_staff("reception")
    page.clock.fast_forward("01:30")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("is signed in here now").first).to_be_visible()
    expect(speciality).to_have_value("Kayachikitsa and rasayana")
    saved = "SELECT count(*) FROM practitioners WHERE specialization LIKE %s"
    assert sql(at.clinic, saved, "%rasayana") == [(0,)]
    sign_in_again(page, at.clinic)
    expect(page.get_by_text("Kayachikitsa and rasayana").first).to_be_visible(timeout=SLOW)
