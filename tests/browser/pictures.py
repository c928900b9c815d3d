"""The README's pictures, from the demo clinic at 10:42 of a Tuesday: ``python -m tests.browser.pictures``."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import time_machine
from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from clinic import demo
from clinic.accounts.models import SessionKind, User
from clinic.accounts.service.open_sessions import start_session
from clinic.app import create_app
from clinic.config import read_settings
from clinic.core.db import db
from clinic.encounters.models import Note
from clinic.local.testing import start_test_services
from tests.browser.conftest import DESKTOP, PHONE
from tests.chromium import FLAGS, chromium_path

FOLDER = Path(__file__).parents[2] / "docs" / "img"
MOMENT = datetime(2026, 11, 24, 5, 12, tzinfo=UTC)
"""10:42 on a Tuesday in Bengaluru."""
STAFF_PAGES = (
    ("today", "reception", "/today"),
    ("calendar", "reception", "/calendar"),
    ("patient", "reception", "/patients/1"),
    ("my-day", "vaidya", "/my-day"),
)


def main() -> None:
    """Start a clinic of its own, stop the clock at a busy moment, and take every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    services = start_test_services()
    try:
        from tests.conftest import environment, use_services

        use_services(services.database_url, services.redis_url)
        name = services.database_url.split("?")[0].rsplit("/", 1)[1]
        with time_machine.travel(MOMENT, tick=True):
            app = create_app(read_settings(environment(name, SUTRA_ENV="development")))
            with app.app_context():
                upgrade()
                demo.load()
                facts = demo.log_ins()
            server = make_server("127.0.0.1", 0, app, threaded=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            _take(app, f"http://127.0.0.1:{server.server_port}", facts)
            server.shutdown()
    finally:
        services.stop()


def _household_cookie(app: Flask, mobile: str) -> str:
    """The cookie of the household on that mobile, as after its code."""
    with app.app_context():
        user = db.session.scalars(select(User).where(User.mobile == f"+91{mobile}")).one()
        token, _row = start_session(user, SessionKind.PATIENT, origin="127.0.0.1", agent="pictures")
        db.session.commit()
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    kept = client.get_cookie("sutra")
    assert kept is not None
    return kept.value


def _draft_path(app: Flask) -> str:
    with app.app_context():
        return f"/notes/{db.session.scalar(select(Note.id).where(Note.status == 'draft').limit(1))}"


def _take(app: Flask, url: str, facts: dict[str, str]) -> None:
    pages = [(name, who, path, "light") for name, who, path in STAFF_PAGES]
    pages += [
        ("note", "vaidya", _draft_path(app), "light"),
        ("calendar-dark", "reception", "/calendar", "dark"),
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        for name, who, path, scheme in pages:
            size = {"width": DESKTOP[0], "height": DESKTOP[1]}
            page = browser.new_page(viewport=size, color_scheme="dark" if scheme == "dark" else "light")
            _sign_in(page, url, facts[who], facts["password"])
            page.goto(url + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"{name}.png")
            page.context.close()
        for locale in ("en", "hi"):
            phone = browser.new_context(
                viewport={"width": PHONE[0], "height": PHONE[1]}, device_scale_factor=2, locale=f"{locale}-IN"
            )
            phone.add_cookies(
                [{"name": "sutra", "value": _household_cookie(app, facts["patient_mobile"]), "url": url}]
            )
            page = phone.new_page()
            page.goto(url + "/portal")
            if locale == "hi":
                page.get_by_role("button", name="हिन्दी").first.click()
                page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"portal-{locale}.png")
            phone.close()
        browser.close()


def _sign_in(page: Page, url: str, email: str, password: str) -> None:
    page.goto(url + "/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda address: "/sign-in" not in address)


if __name__ == "__main__":
    main()
