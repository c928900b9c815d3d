"""The first questions on a phone: begun, skipped, finished; consents typed, drawn, and withdrawn."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from clinic.accounts.models import SessionKind
from clinic.app import create_app
from clinic.core.db import db, unit_of_work
from clinic.patients.models import Consent, IntakeLink
from clinic.patients.service.consent_kinds import ensure_usual
from tests.browser.conftest import PHONE
from tests.browser.test_waitlist import Morning, accessible
from tests.conftest import make_settings
from tests.factories import FacilityFactory, PatientFactory, household_login

pytestmark = [pytest.mark.browser]


@pytest.fixture
def clinic_here(
    make_database: Callable[[str], str], worker_number: int, browser: Browser
) -> Iterator[Morning]:
    app = create_app(make_settings(make_database("begins"), worker_number))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Morning(app, f"http://127.0.0.1:{server.server_port}", browser)
    yield made
    server.shutdown()
    with app.app_context():
        db.engine.dispose()
    assert not made.complaints, made.complaints


def test_from_the_first_question_to_a_withdrawn_consent(clinic_here: Morning) -> None:
    with clinic_here.app.app_context(), unit_of_work():
        facility = FacilityFactory(name="Sanjeevani Ayurveda", phone="+918041230000")
        patient = PatientFactory(name="Meenakshi Iyer", facility_id=facility.id)
        home = household_login(patient, mobile="+919845011723").id
        ensure_usual(published=True)
    phone = clinic_here.window(PHONE, home, SessionKind.PATIENT)
    phone.goto(f"{clinic_here.url}/portal")
    phone.get_by_role("button", name=re.compile("Intake form")).click()
    accessible(phone)
    phone.get_by_label("Full name").fill("Meenakshi Iyer")
    go_on(phone, "Your address")
    skip(phone, "Your body")
    phone.get_by_label("Height").fill("5'5\"")
    phone.get_by_label("Weight").fill("68 kg")
    expect(phone.get_by_text(re.compile("Body mass index 24.9: overweight"))).to_be_visible()
    accessible(phone)
    go_on(phone, "In an emergency")
    phone.get_by_label("Whom may we call?").fill("Ravi")
    phone.get_by_label("Their telephone").fill("98450 11724")
    go_on(phone, "Allergies")
    phone.get_by_label("No, not that I know").check()
    go_on(phone, "Medicines you take")
    accessible(phone)
    for heading in ("Your health so far", "Health insurance", "What you agree to"):
        skip(phone, heading)
    accessible(phone)
    phone.goto(f"{clinic_here.url}/portal")
    expect(phone.get_by_text("4 of 9 done")).to_be_visible()
    accessible(phone)

    phone.get_by_role("button", name=re.compile("Intake form")).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Your address")
    for heading in ("Your body", "In an emergency", "Allergies", "Medicines you take", "Your health so far"):
        skip(phone, heading)
    for heading in ("Health insurance", "What you agree to"):
        skip(phone, heading)
    phone.get_by_role("link", name=re.compile("^Examination and treatment")).click()
    expect(phone.get_by_label("Full name of who signs")).to_have_value("Meenakshi Iyer")
    accessible(phone)
    phone.get_by_role("button", name="I agree and sign").press("Enter")  # typed: no pointer is needed
    phone.get_by_role("link", name=re.compile("^Keeping and using my data")).click()
    draw(phone)
    expect(phone.get_by_text("Drawn.")).to_be_visible()
    accessible(phone)
    phone.get_by_role("button", name="I agree and sign").click()
    phone.get_by_role("button", name="Go on").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Is this right?")
    accessible(phone)
    phone.get_by_role("button", name="Send to the clinic").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Thank you")

    phone.goto(f"{clinic_here.url}/portal")
    phone.get_by_role("link", name=re.compile("^What you agree to")).click()
    accessible(phone)
    phone.get_by_role("link", name="Withdraw Keeping and using my data").click()
    expect(phone.get_by_text(re.compile("keeps only what the law demands"))).to_be_visible()
    accessible(phone)
    phone.get_by_role("button", name="Withdraw").click()
    expect(phone.get_by_role("heading", name="Withdrawn")).to_be_visible()
    phone.get_by_role("link", name="Show Keeping and using my data").click()
    expect(phone.get_by_role("img", name="Signature of Meenakshi Iyer, drawn by hand")).to_be_visible()
    accessible(phone)

    with clinic_here.app.app_context():
        kept = {consent.method: consent for consent in db.session.scalars(select(Consent))}
        assert set(kept) == {"typed", "drawn"}
        assert kept["drawn"].withdrawn_at is not None
        assert kept["typed"].withdrawn_at is None
        assert db.session.scalars(select(IntakeLink.submitted_at)).one() is not None
        db.session.remove()


def go_on(phone: Page, heading: str) -> None:
    phone.get_by_role("button", name="Save and go on").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(heading)


def skip(phone: Page, heading: str) -> None:
    phone.get_by_role("link", name="Skip for now").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(heading)


def draw(phone: Page) -> None:
    """A few strokes over the canvas."""
    canvas = phone.locator("[data-signature] canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    phone.mouse.move(box["x"] + 30, box["y"] + 30)
    phone.mouse.down()
    for step in range(12):
        phone.mouse.move(box["x"] + 40 + 18 * step, box["y"] + 25 + 50 * (step % 2))
    phone.mouse.up()
