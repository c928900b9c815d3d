"""The README's pictures, from the demo clinic at 10:42 of a Tuesday: ``python -m tests.browser.pictures``."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import time_machine
from flask_migrate import upgrade
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from clinic import demo
from clinic.app import create_app
from clinic.config import read_settings
from clinic.local.testing import start_test_services
from tests.browser.conftest import DESKTOP, PHONE
from tests.chromium import FLAGS, chromium_path

FOLDER = Path(__file__).parents[2] / "docs" / "img"
MOMENT = datetime(2026, 11, 24, 5, 12, tzinfo=UTC)
"""10:42 on a Tuesday in Bengaluru."""
STAFF_PAGES = (
    ("today", "reception", "/today"),
    ("calendar", "reception", "/calendar"),
    ("book", "reception", "/appointments/new?patient=3"),
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
            _take(f"http://127.0.0.1:{server.server_port}", facts)
            server.shutdown()
    finally:
        services.stop()


def _take(url: str, facts: dict[str, str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        for scheme in ("light", "dark"):
            for name, who, path in STAFF_PAGES:
                page = browser.new_page(
                    viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, color_scheme=scheme
                )
                _sign_in(page, url, facts[who], facts["password"])
                page.goto(url + path)
                page.wait_for_load_state("networkidle")
                page.screenshot(
                    path=FOLDER / (f"{name}.png" if scheme == "light" else f"{name}-{scheme}.png")
                )
                page.context.close()
        phone = browser.new_page(viewport={"width": PHONE[0], "height": PHONE[1]}, device_scale_factor=2)
        phone.goto(url + "/portal/sign-in")
        phone.screenshot(path=FOLDER / "portal-sign-in.png")
        browser.close()


def _sign_in(page: Page, url: str, email: str, password: str) -> None:
    page.goto(url + "/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/sign-in" not in address)


if __name__ == "__main__":
    main()
