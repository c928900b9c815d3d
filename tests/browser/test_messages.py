"""A message to many is undone and sent, a lost one goes again, a visit tells its messages: in a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select, update
from werkzeug.serving import make_server

from clinic.accounts.models import SessionKind
from clinic.app import create_app
from clinic.core import clock
from clinic.core.access import SYSTEM, Role
from clinic.core.db import db, unit_of_work
from clinic.notifications import broadcasts
from clinic.notifications.models import Broadcast, Message
from clinic.scheduling import messages
from clinic.scheduling.service import events
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_waitlist import Morning, accessible
from tests.conftest import make_settings
from tests.factories import FacilityFactory, PatientFactory, UserFactory, appointment, grant, practitioner_at


@pytest.fixture
def house(make_database: Callable[[str], str], worker_number: int, browser: Browser) -> Iterator[Morning]:
    settings = make_settings(make_database("told"), worker_number, SMS_PRICE_PAISE="25")
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Morning(app, f"http://127.0.0.1:{server.server_port}", browser)
    yield made
    server.shutdown()
    with app.app_context():
        db.engine.dispose()
    assert not made.complaints, made.complaints


def test_told_to_many_lost_and_told_again(house: Morning) -> None:
    with house.app.app_context(), unit_of_work():
        here = FacilityFactory(name="Sanjeevani Ayurveda")
        asha = PatientFactory(name="Asha Menon", facility_id=here.id, mobile="+919845011723")
        PatientFactory(name="Ravi Iyer", facility_id=here.id, mobile="+919845011724", locale="hi")
        boss = grant(UserFactory(), Role.FACILITY_ADMIN, facility=here).id
        visit = appointment(asha, practitioner_at(here), clock.now() + timedelta(minutes=61))
        events.write(SYSTEM, visit, "booked", to_status="confirmed")
        messages.booked(visit, tell=True)
        db.session.flush()
        lost = db.session.scalars(select(Message.id).where(Message.kind == "appointment_booked")).first()
        now, kept = clock.now(), {"status": "failed", "why": "provider_away"}
        db.session.execute(update(Message).where(Message.id == lost).values(finished_at=now, **kept))
        reference = visit.reference

    page = house.window(DESKTOP, boss, SessionKind.STAFF)
    page.goto(f"{house.url}/messages/broadcasts")
    accessible(page)
    page.get_by_role("link", name="New message to many").click()
    page.get_by_label("Text in English").fill("{name}, we are closed tomorrow. {clinic}")
    page.get_by_label("Text in Hindi").fill("{name}, कल हम बंद हैं। {clinic}")
    page.get_by_role("button", name="Go on to people and costs").click()
    expect(page.locator("[data-error-summary]")).to_contain_text("Choose at least one way.")
    accessible(page)
    page.get_by_label("Text message", exact=True).check()
    page.get_by_role("button", name="Go on to people and costs").click()
    accessible(page)
    page.get_by_role("button", name="Send to 2 people").click()
    expect(page.get_by_text("Nothing has gone out yet.")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Send to 2 people").click()
    expect(page.get_by_text("Nothing has gone out yet.")).to_be_visible()
    with house.app.app_context():
        with unit_of_work() as session:
            session.execute(update(Broadcast).values(begins_at=clock.now() - timedelta(seconds=1)))
        broadcasts.write_due()
        broadcasts.write_when_due(db.session.scalars(select(Broadcast.id)).one())
    expect(page.get_by_text("Going out: 0 of 2 messages")).to_be_visible(timeout=15_000)
    accessible(page)
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("What had not gone out stays here.")).to_be_visible()

    page.goto(f"{house.url}/messages/failed")
    accessible(page)
    page.get_by_label("Choose: Visit booked to Asha Menon").check()
    page.get_by_role("button", name="Send the chosen again").click()
    expect(page.get_by_text("1 message is on its way.")).to_be_visible()
    expect(page.get_by_text("Everything arrived")).to_be_visible()

    phone = house.window(PHONE, boss, SessionKind.STAFF)
    phone.goto(f"{house.url}/appointments/{reference}/messages")
    expect(phone.get_by_text("The visit was booked 1 hour before it starts.").first).to_be_visible()
    accessible(phone)
    reminder = phone.get_by_role("listitem").filter(has_text="Reminder, 30 minutes before")
    reminder.get_by_role("button", name="Stop").click()
    expect(phone.get_by_text("Somebody here stopped it.")).to_be_visible()
