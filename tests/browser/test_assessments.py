"""Assessments under people's fingers: the questions on a phone in both languages, the vaidya at the desk."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Clinic, Visitor
from tests.browser.test_household import code_for, codes_to, fits, type_code

Open = Callable[..., Visitor]
MOBILE = "9845233045"
"""Kavita Deshmukh's, who has answered nothing yet."""


def answer(page: Page, number: int, place: int) -> None:
    """Answer the question that is open, and go on to the next."""
    page.locator("input[name=first]").nth(place).check()
    page.locator(".prakriti-question button.btn-primary").click()
    page.wait_for_url(re.compile(r"/check$" if number == 18 else rf"/{number + 1}$"))


def test_the_questions_are_answered_on_a_phone_in_two_languages_and_sent(
    clinic: Clinic, visitor: Open
) -> None:
    at = visitor(PHONE)
    page = at.go("/portal")
    seen = codes_to(clinic, MOBILE)
    page.get_by_label("Mobile number").fill(MOBILE)
    page.get_by_role("button", name="Send the code").click()
    page.wait_for_url("**/portal/code")
    type_code(page, code_for(at, MOBILE, seen))
    page.wait_for_url(lambda url: "/code" not in url)
    at.go("/portal/health")
    page.get_by_role("link", name="Prakriti, your nature").click()
    at.check_accessibility()
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url(re.compile(r"/1$"))
    at.check_accessibility()
    assert fits(page)
    for number in range(1, 9):
        answer(page, number, 1)
    page.get_by_role("button", name="हिन्दी").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("आम तौर पर पेट कैसे साफ़ होता है?")
    at.check_accessibility()
    assert fits(page)
    for number in range(9, 19):
        answer(page, number, 2)
    at.check_accessibility()
    assert fits(page)
    expect(page.locator(".rows li")).to_have_count(18)
    page.locator(".sheet-foot button.btn-primary").click()
    page.wait_for_url(re.compile(r"/portal/prakriti$"))
    at.check_accessibility()


def test_a_vaidya_goes_through_answers_and_confirms_them(visitor: Open) -> None:
    at = visitor(DESKTOP)
    at.sign_in_staff("vaidya")
    page = at.go("/patients/2/assessments")
    at.check_accessibility()
    page.get_by_role("link", name="Go through them").click()
    page.wait_for_url(re.compile(r"/assessments/\d+$"))
    at.check_accessibility()
    item = page.locator("#item-thirst")
    with page.expect_response(lambda reply: reply.url.endswith("/state")):
        item.locator("input[name=thirst-first][value=kapha]").check()
    expect(page.locator("[data-save-state]")).to_have_attribute("data-state", "saved")
    expect(page.locator("#assessment-state")).to_contain_text("18 of 18 answered")
    expect(item).to_contain_text("Patient: Very thirsty")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Confirmed by Dr Vaidehi Kulkarni")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Thirst"))).to_contain_text("changed")
    at.check_accessibility()


def test_a_vikriti_is_filled_in_by_keyboard_and_set_beside_the_one_before(visitor: Open) -> None:
    at = visitor(DESKTOP)
    at.sign_in_staff("vaidya")
    page = at.go("/patients/1/assessments")
    at.check_accessibility()
    page.get_by_role("button", name="Vikriti").click()
    page.wait_for_url(re.compile(r"/assessments/\d+$"))
    at.check_accessibility()
    for dosha, steps in (("vata", 4), ("pitta", 3), ("kapha", 3)):
        page.locator(f"input[name={dosha}]").first.focus()
        page.keyboard.press("Space")
        for _step in range(steps):
            page.keyboard.press("ArrowRight")
    page.locator("input[name=ama]").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("input[name=vata]:checked")).to_have_value("vriddhi-1")
    expect(page.locator("[data-save-state]")).to_have_attribute("data-state", "saved")
    expect(page.locator("#assessment-state")).to_contain_text("Nothing is missing")
    page.reload()
    expect(page.locator("input[name=vata]:checked")).to_have_value("vriddhi-1")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("raised, 1 of 3")).to_be_visible()
    page.get_by_role("link", name="Side by side").click()
    expect(page.locator("td.is-changed").first).to_be_visible()
    page.locator(".as-table > summary").click()
    at.check_accessibility()
