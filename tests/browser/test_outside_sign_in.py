"""Signing in with Google as somebody does it: there, back, and their password once, past the policy."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from clinic.accounts import terms
from clinic.accounts.models import User
from clinic.accounts.service import create_staff
from clinic.app import create_app
from clinic.core import clock
from clinic.core.access import SYSTEM, Role
from clinic.core.db import db, unit_of_work
from tests.accounts.providers import CLIENT, SECRET, FakeProvider, running_provider
from tests.browser.conftest import AXE
from tests.conftest import make_settings
from tests.factories import FacilityFactory

pytestmark = pytest.mark.browser
EMAIL, PASSWORD = "rina@clinic.example", "Thread-knot-7!"


@dataclass
class Place:
    """A clinic's address, and the provider it signs people in with."""

    url: str
    provider: FakeProvider


@pytest.fixture
def place(make_database: Callable[[str], str], worker_number: int) -> Iterator[Place]:
    with running_provider() as provider, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        provider.email = EMAIL
        settings = make_settings(
            make_database("outside"),
            worker_number,
            PUBLIC_URL=f"http://127.0.0.1:{port}",
            GOOGLE_CLIENT_ID=CLIENT,
            GOOGLE_CLIENT_SECRET=SECRET,
            GOOGLE_ISSUER_URL=provider.url,
        )
        app = create_app(settings)
        with app.app_context(), unit_of_work():
            here = FacilityFactory()
            user = create_staff(
                SYSTEM,
                name="Rina Das",
                email=EMAIL,
                roles={Role.RECEPTIONIST},
                facility_id=here.id,
                password=PASSWORD,
            )
            user.email_verified_at = user.terms_accepted_at = clock.now()
            user.terms_accepted_version = terms.CURRENT
        server = make_server("127.0.0.1", port, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Place(f"http://127.0.0.1:{port}", provider)
        finally:
            server.shutdown()
            with app.app_context():
                assert db.session.query(User).count() == 1, "nobody gets an account by signing in"
                db.engine.dispose()


def looks_right(page: Page) -> None:
    found = Axe().run(page, options=AXE).response["violations"]
    assert not found, [(one["id"], one["nodes"][0]["html"][:120]) for one in found]


def to_provider_and_back(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Sign in with Google").click()
    page.get_by_role("button", name=EMAIL).click()


def test_google_signs_somebody_in_after_their_password_once(browser: Browser, place: Place) -> None:
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{place.url}/sign-in?next=/account/connections")
    looks_right(page)
    to_provider_and_back(page, page.url)
    expect(page.get_by_role("heading", name="Connect your Google account")).to_be_visible()
    looks_right(page)
    page.get_by_label("Password of your account here").fill(PASSWORD)
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("heading", name="Connected accounts")).to_be_visible()
    expect(page.get_by_text(EMAIL)).to_be_visible()
    looks_right(page)
    page.goto(f"{place.url}/account/email")
    looks_right(page)
    page.context.clear_cookies()
    to_provider_and_back(page, f"{place.url}/sign-in?next=/account")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    looks_right(page)
    page.context.clear_cookies()
    place.provider.wrong.add("denied")
    to_provider_and_back(page, f"{place.url}/sign-in")
    expect(page.get_by_role("heading", name="You said no")).to_be_visible()
    looks_right(page)
    assert not [text for text in said if "Failed to load resource" not in text]
    page.context.close()
