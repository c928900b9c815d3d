"""The second step and a passkey in a real browser, with Chromium's own virtual authenticator."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from clinic.accounts import terms
from clinic.accounts.service import passwords
from clinic.app import create_app
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from tests.browser.conftest import AXE, DESKTOP, PHONE
from tests.conftest import make_settings
from tests.factories import FacilityFactory, UserFactory, grant

PASSWORD = "Thread-knot-7!"


@pytest.fixture
def clinic_at(make_database: Callable[[str], str], worker_number: int) -> Iterator[str]:
    """The address of a small clinic where Asha receives patients; passkeys need a name, not a number."""
    settings = make_settings(make_database("passkeys"), worker_number)
    server = make_server("127.0.0.1", 0, Flask("not yet"), threaded=True)
    url = f"http://localhost:{server.server_port}"
    server.app = app = create_app(replace(settings, public_url=url))
    with app.app_context(), unit_of_work():
        desk = UserFactory(name="Asha", email="asha@clinic.example")
        desk.password_hash = passwords.hashed(PASSWORD)
        desk.terms_accepted_version, desk.terms_accepted_at = terms.CURRENT, clock.now()
        grant(desk, Role.RECEPTIONIST, facility=FacilityFactory(name="Sanjeevani Ayurveda"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield url
    server.shutdown()
    with app.app_context():
        db.engine.dispose()


def accessible(page: Page) -> None:
    """axe finds nothing, and nothing is wider than the screen."""
    page.wait_for_load_state("networkidle")
    found = Axe().run(page, options=AXE).response["violations"]
    assert not found, [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def shown(secret: str, steps: int = 0) -> str:
    """What the app on the phone shows."""
    return pyotp.HOTP(secret).at(int(clock.now().timestamp()) // 30 + steps)


def give_password(page: Page, url: str) -> None:
    page.goto(f"{url}/sign-in")
    page.get_by_label("E-mail").fill("asha@clinic.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.locator(".person-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()


@pytest.mark.parametrize(
    "size", [pytest.param(DESKTOP, marks=pytest.mark.long), PHONE], ids=["desktop", "phone"]
)
def test_from_a_password_to_a_code_to_a_passkey(
    clinic_at: str, browser: Browser, size: tuple[int, int]
) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="en-IN", reduced_motion="reduce"
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))

    give_password(page, clinic_at)
    page.goto(f"{clinic_at}/account")
    accessible(page)
    page.get_by_role("link", name="Second step").click()
    accessible(page)
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Set it up").click()
    key = page.locator("#key").inner_text()
    assert re.fullmatch(r"([A-Z2-7]{4} ){7}[A-Z2-7]{4}", key)
    secret = key.replace(" ", "")
    expect(page.locator("img.qr")).not_to_have_js_property("naturalWidth", 0)
    accessible(page)
    page.locator(".code-input").press_sequentially(shown(secret, -1))
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    codes = page.locator("#codes li").all_inner_texts()
    assert len(codes) == 10
    accessible(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").split() == codes
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as text").click()
    assert codes[0] in download.value.path().read_text()
    page.get_by_role("link", name="I have kept them").click()
    accessible(page)

    sign_out(page)
    give_password(page, clinic_at)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Use a recovery code").click()
    accessible(page)
    page.get_by_role("link", name="Use the authenticator app").click()
    page.locator(".code-input").press_sequentially("000000")
    expect(page.locator("#code-error")).to_contain_text("This code is not right")
    accessible(page)
    page.locator(".code-input").fill("")
    page.locator(".code-input").press_sequentially(shown(secret))
    page.wait_for_url(lambda address: "/sign-in" not in address)

    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    virtual = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device = devices.send("WebAuthn.addVirtualAuthenticator", {"options": virtual})["authenticatorId"]
    page.goto(f"{clinic_at}/account/passkeys")
    accessible(page)
    page.get_by_role("link", name="Add a passkey").click()
    accessible(page)
    page.get_by_label("Name").fill("Front desk")
    page.get_by_role("button", name="Create passkey").click()
    expect(page.get_by_text("Front desk")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Create passkey").click()
    expect(page.get_by_text("This device has a passkey of yours already.")).to_be_visible()

    # Without the device's consent nothing happens by itself, and the button says so in words.
    devices.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": device, "enabled": False})
    sign_out(page)
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_visible()
    accessible(page)
    devices.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": device, "enabled": True})
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(lambda address: "/sign-in" not in address)
    page.goto(f"{clinic_at}/account/passkeys")
    expect(page.get_by_text(re.compile("Last used"))).to_be_visible()
    page.get_by_role("link", name="Rename Front desk").click()
    accessible(page)
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="Remove Front desk").click()
    accessible(page)
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("No passkey yet")).to_be_visible()
    context.close()
    assert not complaints, complaints
