"""Papers in a browser: dropped at the desk, photographed on a phone, looked through by keys."""

from __future__ import annotations

import base64
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Clinic, Visitor
from tests.browser.test_household import sign_in_family
from tests.records.files import jpeg, pdf

Open = Callable[..., Visitor]
DROP = """(place, files) => {
  const carried = new DataTransfer();
  for (const [name, type, text] of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    carried.items.add(new File([bytes], name, { type }));
  }
  const options = { bubbles: true, cancelable: true, dataTransfer: carried };
  for (const kind of ["dragover", "drop"]) place.dispatchEvent(new DragEvent(kind, options));
}"""


def drop(page: Page, *files: tuple[str, str, bytes]) -> None:
    """Let files fall on the place for them, once a script listens: it may come after the page."""
    expect(page.locator("form[data-upload-started]")).to_be_attached()
    texts = [[name, kind, base64.b64encode(data).decode()] for name, kind, data in files]
    page.locator("[data-drop]").evaluate(DROP, texts)


def test_files_are_dropped_sent_one_by_one_and_opened_by_keys(visitor: Open) -> None:
    vaidya = visitor()
    vaidya.sign_in_staff("vaidya")
    page = vaidya.go("/patients/1/papers")
    vaidya.check_accessibility()
    drop(page, ("x-ray.jpg", "image/jpeg", jpeg("X-ray")), ("letter.pdf", "application/pdf", pdf(3)))
    expect(page.locator("[data-queue] li")).to_have_count(2)
    page.get_by_label("Title").fill("Dropped")
    page.get_by_role("button", name="Add papers").click()
    expect(page.get_by_role("link", name="Dropped")).to_have_count(2)

    page.get_by_role("link", name="Dropped").first.click()
    pages = page.locator("[data-paper-pages]")
    expect(pages.locator("img")).to_have_count(3)
    vaidya.check_accessibility()
    page.keyboard.press("+")
    expect(pages).to_have_attribute("data-level", "1")
    page.keyboard.press("-")
    before = page.url
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: url != before)
    expect(page.get_by_role("heading", level=1)).to_have_text("Dropped")


def test_a_refused_file_stays_in_the_list_with_its_reason(visitor: Open) -> None:
    vaidya = visitor()
    vaidya.sign_in_staff("vaidya")
    page = vaidya.go("/patients/1/papers")
    drop(page, ("bad.jpg", "image/jpeg", b"<svg onload=alert(1)>"))
    page.get_by_role("button", name="Add papers").click()
    refused = "Only pictures (JPEG, PNG) and PDF files"
    expect(page.locator("[data-queue]")).to_contain_text(refused, timeout=20_000)


def test_a_patient_sends_a_photo_from_the_camera(clinic: Clinic, visitor: Open) -> None:
    family = visitor(PHONE)
    sign_in_family(family, clinic, "Meenakshi")
    page = family.go("/portal/papers")
    page.locator(".papers-new summary").click()
    page.get_by_label("Or take a photo").set_input_files(
        {"name": "image.jpg", "mimeType": "image/jpeg", "buffer": jpeg("From the phone")}
    )
    page.get_by_label("Title").fill("From the phone")
    family.check_accessibility()
    page.get_by_role("button", name="Send to the clinic").click()
    page.get_by_role("link", name="From the phone").first.click()
    expect(page.locator(".paper-page")).to_be_visible()
    family.check_accessibility()
