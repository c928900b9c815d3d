"""A family on a phone: signing in by code, for whom, the details with a photo, another number."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Clinic, Visitor

Open = Callable[..., Visitor]
NEW = "98123 45670"


def code_for(at: Visitor, mobile: str, already: int) -> str:
    """The digits of the newest message to a number, once there are more of them than ``already``."""
    end = mobile.replace(" ", "")[-10:]
    for _attempt in range(300):
        found = [
            code.group()
            for message in at.clinic.messages()
            if message["to"].replace(" ", "").endswith(end)
            and (code := re.search(r"\b\d{6}\b", message["text"]))
        ]
        if len(found) > already:
            return found[0]
        at.page.wait_for_timeout(100)
    raise AssertionError(f"no code came to {mobile}")


def codes_to(clinic: Clinic, mobile: str) -> int:
    end = mobile.replace(" ", "")[-10:]
    return sum(
        bool(re.search(r"\b\d{6}\b", message["text"]))
        for message in clinic.messages()
        if message["to"].replace(" ", "").endswith(end)
    )


def type_code(page: Page, digits: str) -> None:
    """The sixth digit sends the form where scripts run; the button does where they do not."""
    before = page.url
    page.locator("input[autocomplete=one-time-code]").fill(digits)
    page.wait_for_url(lambda url: url != before)


def sign_in_family(at: Visitor, clinic: Clinic, who: str) -> None:
    """Sign in at the number that several people share, and go on for one of them: by a code the first time,
    and with the session it began from then on, as long as that is open.
    """
    mobile = clinic.log_ins["patient_mobile"]
    at.page.context.add_cookies(clinic.family_cookies)
    page = at.go("/portal")
    if page.get_by_label("Mobile number").count():
        seen = codes_to(clinic, mobile)
        page.get_by_label("Mobile number").fill(mobile)
        page.get_by_role("button", name="Send the code").click()
        page.wait_for_url("**/portal/code")
        type_code(page, code_for(at, mobile, seen))
        page.locator(".choose-person", has_text=who).click()
        page.wait_for_url("**/portal")
        keep_family(at)
    elif who not in page.locator(".family [aria-current]").inner_text():
        page.locator(".family button", has_text=who).click()
    expect(page.locator(".family [aria-current]")).to_contain_text(who)


def keep_family(at: Visitor) -> None:
    """Keep the cookies of a family's session for the tests that come after."""
    at.clinic.family_cookies = at.page.context.cookies()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_family_signs_in_chooses_adds_a_photo_and_changes_its_number(clinic: Clinic, visitor: Open) -> None:
    family, old = visitor(PHONE), clinic.log_ins["patient_mobile"]
    page = family.go("/portal")
    seen = codes_to(clinic, old)
    page.get_by_label("Mobile number").fill(old)
    page.get_by_role("button", name="Send the code").click()
    page.wait_for_url("**/portal/code")
    family.check_accessibility()
    type_code(page, code_for(family, old, seen))

    expect(page.get_by_role("heading", level=1)).to_have_text("Who is it for?")
    assert page.locator(".choose-person").first.bounding_box()["height"] >= 44  # type: ignore[index]
    family.check_accessibility()
    page.locator(".choose-person", has_text="Raghavan").click()
    page.wait_for_url("**/portal")
    expect(page.locator(".family [aria-current]")).to_contain_text("Raghavan")
    page.locator(".family button", has_text="Meenakshi").click()
    expect(page.locator(".family [aria-current]")).to_contain_text("Meenakshi")
    family.check_accessibility()

    family.go("/portal/details")
    picture = BytesIO()
    Image.new("RGB", (1200, 1600), (160, 110, 80)).save(picture, "JPEG")
    page.get_by_label("A photo from this device").set_input_files(
        {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": picture.getvalue()}
    )
    page.get_by_role("button", name="Save the photo").click()
    face = page.get_by_role("img", name="Photo of Meenakshi Iyer")
    expect(face).to_be_visible()
    expect(face).to_have_js_property("naturalWidth", 384)
    family.check_accessibility()
    assert fits(page)

    page.get_by_role("link", name="Change the mobile number").click()
    family.check_accessibility()
    seen = codes_to(clinic, old)
    page.get_by_label("New mobile number").fill(NEW)
    page.get_by_role("button", name="Send the first code").click()
    page.wait_for_url("**/prove/mobile-old")
    family.check_accessibility()
    type_code(page, code_for(family, old, seen))
    page.wait_for_url("**/prove/mobile-new")
    type_code(page, code_for(family, NEW, 0))
    page.wait_for_url("**/portal/details")
    expect(page.get_by_text(f"You sign in with {NEW} from now on")).to_be_visible()
    family.check_accessibility()
    _back_again(family, NEW, old)
    keep_family(family)


def _back_again(family: Visitor, now: str, before: str) -> None:
    """Other tests of this clinic sign in with the number it came with."""
    page = family.go("/portal/mobile")
    page.get_by_label("New mobile number").fill(before)
    seen_now, seen_before = codes_to(family.clinic, now), codes_to(family.clinic, before)
    page.get_by_role("button", name="Send the first code").click()
    page.wait_for_url("**/prove/mobile-old")
    type_code(page, code_for(family, now, seen_now))
    page.wait_for_url("**/prove/mobile-new")
    type_code(page, code_for(family, before, seen_before))
    page.wait_for_url("**/portal/details")
