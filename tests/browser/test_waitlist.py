"""Waiting for a time, by phone: join in the portal, the desk cancels a visit, the link in a message books it.

The clock is stopped on a morning, because nobody is written to at night; so the clinic runs in this process.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from clinic.accounts.models import SessionKind, User
from clinic.accounts.service.open_sessions import start_session
from clinic.app import create_app
from clinic.core import clock
from clinic.core.access import SYSTEM, Role
from clinic.core.db import db, unit_of_work
from clinic.notifications import sending
from clinic.notifications.models import ConsoleMessage, Message
from clinic.scheduling.models import Appointment, WaitlistEntry
from clinic.scheduling.service import Booking, book, waitlist
from tests.browser.conftest import AXE, DESKTOP, PHONE
from tests.conftest import make_settings
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    grant,
    household_login,
    practitioner_at,
)

MORNING = datetime(2026, 11, 24, 5, 12, tzinfo=UTC)
"""10:42 on a Tuesday in Bengaluru."""


class Morning:
    """A small clinic whose Thursday at ten is taken, served from this process."""

    def __init__(self, app: Flask, url: str, browser: Browser) -> None:
        self.app, self.url, self.browser = app, url, browser
        self.complaints: list[str] = []

    def window(self, size: tuple[int, int], user_id: int | None, kind: SessionKind | None = None) -> Page:
        """A browser of that size in which somebody is signed in, or nobody."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="en-IN", reduced_motion="reduce"
        )
        if user_id is not None and kind is not None:
            context.add_cookies([{"name": "sutra", "value": self._cookie(user_id, kind), "url": self.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        return page

    def _cookie(self, user_id: int, kind: SessionKind) -> str:
        with self.app.app_context():
            user = db.session.get_one(User, user_id)
            token, _row = start_session(user, kind, origin="127.0.0.1", agent="tests")
            db.session.commit()
        client = self.app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
        kept = client.get_cookie("sutra")
        assert kept is not None
        return kept.value


@pytest.fixture
def hour() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(MORNING, tick=True) as traveller:
        yield traveller


@pytest.fixture
def morning(
    make_database: Callable[[str], str], worker_number: int, browser: Browser, hour: object
) -> Iterator[Morning]:
    app = create_app(make_settings(make_database("waits"), worker_number))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Morning(app, f"http://127.0.0.1:{server.server_port}", browser)
    yield made
    server.shutdown()
    with app.app_context():
        db.engine.dispose()
    assert not made.complaints, made.complaints


def accessible(page: Page) -> None:
    """axe finds nothing, and nothing is wider than the screen."""
    page.wait_for_load_state("networkidle")
    found = Axe().run(page, options=AXE).response["violations"]
    assert not found, [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_from_the_phone_to_the_visit(morning: Morning, hour: time_machine.Coordinates) -> None:
    with morning.app.app_context(), unit_of_work():
        facility = FacilityFactory(name="Sanjeevani Ayurveda", phone="+918041230000")
        service = ServiceFactory(name="Consultation", facility_id=facility.id)
        vaidya = practitioner_at(facility, name="Dr Vaidehi Kulkarni")
        patient = PatientFactory(name="Meenakshi Iyer", facility_id=facility.id)
        other = PatientFactory(name="Kavita Deshmukh", facility_id=facility.id)
        day = clock.today(facility.zone) + timedelta(days=2)
        visit = book(
            SYSTEM,
            Booking(
                patient_id=other.id,
                practitioner_id=vaidya.id,
                service_id=service.id,
                facility_id=facility.id,
                starts=clock.at(day, time(10), facility.zone),
                tell=False,
            ),
        )
        home = household_login(patient, mobile="+919845011723").id
        desk = grant(UserFactory(name="Asha"), Role.RECEPTIONIST, facility=facility).id
        reference, service_id = visit.reference, service.id

    phone = morning.window(PHONE, home, SessionKind.PATIENT)
    phone.goto(f"{morning.url}/portal/book/{service_id}")
    phone.get_by_role("link", name=re.compile("No time that suits")).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("When would suit you?")
    phone.get_by_label("First day").fill(day.isoformat())
    phone.get_by_label("Last day").fill(day.isoformat())
    phone.get_by_text("Only between certain hours").click()
    phone.get_by_label("Not before").fill("10:00")
    accessible(phone)
    phone.get_by_role("button", name="Tell me when one is free").click()
    expect(phone.get_by_text("Give both: from when, and until when.").first).to_be_visible()
    phone.get_by_label("Over by").fill("10:30")
    accessible(phone)
    phone.get_by_role("button", name="Tell me when one is free").click()
    expect(phone.get_by_role("heading", name="Consultation")).to_be_visible()
    accessible(phone)

    reception = morning.window(DESKTOP, desk, SessionKind.STAFF)
    reception.goto(f"{morning.url}/calendar")
    reception.get_by_role("link", name=re.compile("^Waitlist")).click()
    expect(reception.get_by_role("link", name="Meenakshi Iyer", exact=True)).to_be_visible()
    accessible(reception)
    reception.goto(f"{morning.url}/appointments/{reference}")
    reception.locator("summary", has_text=re.compile("^Cancel")).click()
    reception.locator("details[open] select:visible").last.select_option(label="Booked by mistake")
    reception.get_by_role("button", name="Cancel the visit").click()
    expect(reception.get_by_text("Cancelled").first).to_be_visible()

    with morning.app.app_context():
        assert waitlist.look() == 0  # the cancellation can still be undone
        hour.shift(timedelta(seconds=61))
        assert waitlist.look() == 1
        by_text = (Message.kind == "waitlist_offer", Message.channel == "sms")
        message_id = db.session.scalars(select(Message.id).where(*by_text)).one()
        assert sending.send(message_id) == "sent"
        shown = db.session.scalars(
            select(ConsoleMessage.body).where(ConsoleMessage.kind == "waitlist_offer")
        ).one()
        db.session.remove()
    link = re.search(r"/o/[A-Za-z0-9_-]{22}", shown)
    assert link is not None
    reception.goto(f"{morning.url}/waitlist")
    expect(reception.get_by_text(re.compile(r"^(30|29):\d\d$"))).to_be_visible()
    accessible(reception)

    anywhere = morning.window(PHONE, None)
    anywhere.goto(morning.url + link.group())
    expect(anywhere.get_by_text(re.compile("We keep it for you until"))).to_be_visible()
    accessible(anywhere)
    anywhere.get_by_role("button", name="Take this time").click()
    expect(anywhere.get_by_text("This time is yours.")).to_be_visible()
    accessible(anywhere)

    with morning.app.app_context():
        booked = db.session.scalars(select(Appointment).where(Appointment.created_via == "waitlist")).one()
        assert booked.starts == clock.at(day, time(10), "Asia/Kolkata")
        assert db.session.scalars(select(WaitlistEntry.status)).all() == ["accepted"]
        db.session.remove()
