"""What a phone fetches to see the portal for the first time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from clinic.accounts.models import SessionKind
from clinic.accounts.service.open_sessions import start_session
from clinic.app import create_app
from clinic.core import clock
from clinic.core.db import db
from tests.conftest import make_settings
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    appointment,
    household_login,
    practitioner_at,
)

LIMIT = 100 * 1024
OWN_LETTERS = """
const plain = CanvasRenderingContext2D.prototype.measureText;
CanvasRenderingContext2D.prototype.measureText = function (text) {
  return /[\\u0900-\\u097f]/.test(text) ? { width: text.codePointAt(0) } : plain.call(this, text);
};
"""
"""A phone with Devanagari letters of its own, as all have that are sold in India; others fetch them."""
pytestmark = [
    pytest.mark.browser,
]


@pytest.fixture(scope="module")
def phone(make_database: Callable[[str], str], worker_number: int) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a running clinic, and the cookies of a household with a visit tomorrow, by language."""
    app = create_app(make_settings(make_database("weight"), worker_number))
    with app.app_context():
        facility = FacilityFactory(name="Sanjeevani Ayurveda", phone="+918041230000", city="Bengaluru")
        family = [
            PatientFactory(name=name, facility_id=facility.id) for name in ("Meenakshi Rao", "मीनाक्षी राव")
        ]
        service = ServiceFactory(
            name="Niruha basti",
            name_hi="निरूह बस्ति",
            facility_id=facility.id,
            before_you_come="Come on an empty stomach. Sip warm water only.\nNo travel afterwards.",
            before_you_come_hi="ख़ाली पेट आएँ। केवल गुनगुना पानी घूँट-घूँट पिएँ।\nबाद में यात्रा न करें।",
        )
        practitioner = practitioner_at(facility, name="Dr Vaidehi Kulkarni")
        appointment(
            family[0], practitioner, clock.now().replace(microsecond=0) + timedelta(days=1), service=service
        )
        token, _row = start_session(
            household_login(*family), SessionKind.PATIENT, origin="127.0.0.1", agent="tests"
        )
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


@pytest.mark.parametrize("language", ["en-IN", "hi-IN"])
@pytest.mark.parametrize("path", ["/portal", "/portal/book", "/portal/book/1", "/portal/sign-in"])
def test_a_first_view_is_under_100_kb_as_sent(
    browser: Browser, phone: tuple[str, dict[str, str]], language: str, path: str
) -> None:
    address, cookies = phone
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale=language)
    if path != "/portal/sign-in":
        context.add_cookies([{"name": "sutra", "value": cookies[language[:2]], "url": address}])
    context.add_init_script(OWN_LETTERS)
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    sent: dict[str, float] = {}
    names: dict[str, str] = {}
    wire.on(
        "Network.requestWillBeSent", lambda event: names.update({event["requestId"]: event["request"]["url"]})
    )
    wire.on(
        "Network.loadingFinished", lambda event: sent.update({event["requestId"]: event["encodedDataLength"]})
    )

    answer = page.goto(address + path, wait_until="networkidle")

    assert answer
    assert answer.status == 200
    assert page.locator("html").get_attribute("lang") == language[:2]
    fetched = {names[key]: size for key, size in sent.items() if not names[key].startswith("data:")}
    assert len(fetched) > 5
    assert not any("bootstrap" in name for name in fetched)
    assert sum(fetched.values()) <= LIMIT, sorted(fetched.items(), key=lambda entry: -entry[1])
    context.close()
