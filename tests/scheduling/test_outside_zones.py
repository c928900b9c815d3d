"""The clinic's times for a reader in another zone: a line of a script, and nothing where clocks agree."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response
from playwright.sync_api import Browser
from werkzeug.serving import make_server

SCRIPTS = Path(__file__).parents[2] / "static" / "js"
PAGE = """<!doctype html><html lang="{lang}"><title>x</title>
<p id="soon" hidden data-clinic-zone="Asia/Kolkata" data-moment="2026-11-24T05:00:00+00:00"
   data-text="10:30 am India time; {{there}} where you are"></p>
<p id="summer" hidden data-clinic-zone="Asia/Kolkata" data-moment="2026-07-24T05:00:00+00:00"
   data-text="{{there}}, to your clock"></p>
<p id="broken" hidden data-clinic-zone="Asia/Kolkata" data-moment="never" data-text="{{there}}"></p>
<script type="module" src="/start.js"></script></html>"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A page with such lines, under the policy that the real pages have."""
    app = Flask("zones", static_folder=str(SCRIPTS), static_url_path="/js")

    @app.get("/<lang>")
    def page(lang: str) -> Response:
        answer = Response(PAGE.format(lang=lang))
        answer.headers["Content-Security-Policy"] = "default-src 'self'"
        return answer

    @app.get("/start.js")
    def start() -> Response:
        script = 'import { startZones } from "/js/zones.js"; startZones(document); document.title = "done";'
        return Response(script, mimetype="text/javascript")

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def lines(browser: Browser, address: str, zone: str, lang: str = "en") -> dict[str, str]:
    """What is shown of each line in a browser of that zone; hidden ones are left out."""
    context = browser.new_context(timezone_id=zone)
    complaints: list[str] = []
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/{lang}")
        page.wait_for_function("document.title === 'done'")
        assert complaints == []
        shown = page.locator("p:not([hidden])")
        return {str(line.get_attribute("id")): line.inner_text() for line in shown.all()}
    finally:
        context.close()


pytestmark = [pytest.mark.browser]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Calcutta", "Asia/Colombo"])
def test_nothing_is_said_where_clocks_agree(browser: Browser, address: str, zone: str) -> None:
    assert lines(browser, address, zone) == {}


def test_a_reader_in_london_sees_their_own_time_in_winter_and_in_summer(
    browser: Browser, address: str
) -> None:
    shown = lines(browser, address, "Europe/London")
    assert shown["soon"] == "10:30 am India time; 5:00 am where you are"
    assert shown["summer"].startswith("6:00 am")
    assert "broken" not in shown


def test_another_day_is_named(browser: Browser, address: str) -> None:
    assert "Mon" in lines(browser, address, "America/Los_Angeles")["soon"]


def test_the_time_is_in_the_pages_language(browser: Browser, address: str) -> None:
    assert "5:00" in lines(browser, address, "Europe/London", "hi")["soon"]
