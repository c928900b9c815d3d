"""A patient on a phone: choices, the inbox, and the page that is shown without a network."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from sqlalchemy import select
from werkzeug.serving import make_server

from clinic.accounts.models import SessionKind
from clinic.accounts.service.open_sessions import start_session
from clinic.app import create_app
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.notifications import push, sending
from clinic.notifications.models import Message
from clinic.scheduling import messages
from tests.conftest import make_settings
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    appointment,
    household_login,
    practitioner_at,
)

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def phone(make_database: Callable[[str], str], worker_number: int) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a running clinic, and a household's cookies by language; it was told of two visits."""
    private, _public = push.new_key()
    settings = make_settings(
        make_database("phone"), worker_number, VAPID_PRIVATE_KEY=private, VAPID_SUBJECT="mailto:it@sutra.test"
    )
    app = create_app(settings)
    with app.app_context():
        facility = FacilityFactory(name="Sanjeevani Ayurveda", phone="+918041230000", city="Bengaluru")
        family = [
            PatientFactory(name=name, facility_id=facility.id) for name in ("Meenakshi Rao", "Raghav Rao")
        ]
        login = household_login(*family)
        login.last_sign_in_at = clock.now()
        vaidya = practitioner_at(facility, name="Dr Vaidehi Kulkarni")
        for days, one in enumerate(family, start=1):
            row = appointment(
                one,
                vaidya,
                clock.now().replace(microsecond=0) + timedelta(days=days),
                service=ServiceFactory(name="Shirodhara", name_hi="शिरोधारा", facility_id=facility.id),
            )
            with unit_of_work():
                messages.booked(row, tell=True)
        for message_id in db.session.scalars(select(Message.id).where(Message.channel == "in_app")).all():
            sending.send(message_id)
        token, _row = start_session(login, SessionKind.PATIENT, origin="127.0.0.1", agent="tests")
        db.session.commit()
        db.engine.dispose()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    cookies = {
        language: signer.dumps({"_user_id": token, "_fresh": True, "locale": language})
        for language in ("en", "hi")
    }
    yield f"http://127.0.0.1:{server.server_port}", cookies
    server.shutdown()
    thread.join()
    with app.app_context():
        db.engine.dispose()


def look_at(page: Page, name: str) -> None:
    """Keep a picture where somebody asked for pictures."""
    if folder := os.environ.get("SUTRA_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def is_clean(page: Page) -> None:
    """Nothing for axe to find, and nothing that sticks out sideways."""
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found] == [], found
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("language", ["en", "hi"])
def test_a_phone_chooses_reads_its_inbox_and_says_what_to_do_without_a_network(
    browser: Browser, phone: tuple[str, dict[str, str]], language: str
) -> None:
    address, cookies = phone
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_cookies([{"name": "sutra", "value": cookies[language], "url": address}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)

    page.goto(f"{address}/portal/preferences")
    box = page.locator('input[value="reminder_2h sms"]')
    box.set_checked(language == "hi")  # the second walk puts back what the first took away
    is_clean(page)
    look_at(page, f"preferences-{language}")
    page.get_by_role("button", name="Save" if language == "en" else "सहेजें", exact=True).click()
    page.wait_for_load_state()
    assert page.locator('input[value="reminder_2h sms"]').is_checked() is (language == "hi")

    page.goto(f"{address}/portal/inbox")
    is_clean(page)
    look_at(page, f"inbox-{language}")
    if language == "en":
        page.locator(".inbox-item.is-new button").first.click()
        page.wait_for_url("**/portal/visits/*")

    page.goto(f"{address}/portal")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    look_at(page, f"home-{language}")
    page.reload()
    page.wait_for_load_state("networkidle")
    kept = page.evaluate(
        "caches.keys().then(async (names) => (await Promise.all(names.map(async (name) =>"
        " (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname)))).flat())"
    )
    assert "/portal/offline" in kept
    assert all(path == "/portal/offline" or path.startswith("/static/") for path in kept), kept
    assert complaints == []

    context.set_offline(True)
    page.goto(f"{address}/portal/visits")
    said = page.locator("main").inner_text()
    assert "No connection" in said
    assert "080 4123 0000" in said
    assert "Meenakshi" not in page.content()
    is_clean(page)
    look_at(page, f"offline-{language}")
    context.set_offline(False)
    page.goto(f"{address}/portal/visits")
    assert "Shirodhara" in page.content() or "शिरोधारा" in page.content()
    context.close()
