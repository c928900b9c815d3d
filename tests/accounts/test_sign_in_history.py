from __future__ import annotations

from flask import Flask
from sqlalchemy import event

from clinic.core.db import db
from clinic.notifications.models import Message
from tests.accounts.browser import Browser, latest_link
from tests.accounts.conftest import PASSWORD, Later, MakePerson

CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36"


def test_people_see_their_sign_ins_and_refused_tries_and_nobody_elses(
    app: Flask, person: MakePerson, later: Later
) -> None:
    rina, other = person("receptionist"), person("receptionist")
    stranger, phone, here = Browser(app, "10.240.0.1"), Browser(app), Browser(app)
    stranger.sign_in(rina.email, "Wrong-knot-7!")
    phone.get("/sign-in")
    phone.post("/sign-in", {"email": rina.email, "password": PASSWORD}, headers={"User-Agent": CHROME})
    later(minutes=5)
    here.sign_in(rina.email, PASSWORD)
    text = here.get("/account/sign-ins").get_data(as_text=True)
    assert "from 10.240.0.1" in text
    assert text.count("refused</") == 1
    assert "Chrome on Android, with the password" in text
    assert "from Chrome on Android." in here.get("/account").get_data(as_text=True)
    theirs = Browser(app)
    theirs.sign_in(other.email, PASSWORD)
    assert "10.240.0.1" not in theirs.get("/account/sign-ins").get_data(as_text=True)


def test_what_is_older_than_ninety_days_is_not_listed(app: Flask, person: MakePerson, later: Later) -> None:
    rina, browser = person("receptionist"), Browser(app)
    Browser(app, "10.240.0.2").sign_in(rina.email, "Wrong-knot-7!")
    later(days=91)
    browser.sign_in(rina.email, PASSWORD)
    text = browser.get("/account/sign-ins").get_data(as_text=True)
    assert "10.240.0.2" not in text
    assert "There is nothing on this page." in browser.get("/account/sign-ins?page=9").get_data(as_text=True)
    assert browser.get("/account/sign-ins?page=-1").status_code == 200


def test_an_administrator_sees_where_somebody_is_signed_in_and_ends_it(
    app: Flask, person: MakePerson
) -> None:
    rina, device, office = person("receptionist"), Browser(app), Browser(app)
    Browser(app).sign_in(rina.email, "Wrong-knot-7!")
    device.sign_in(rina.email, PASSWORD)
    office.sign_in(person("admin").email, PASSWORD)
    text = office.get(f"/people/{rina.id}").get_data(as_text=True)
    assert device.address in text
    assert "1 in 90 days" in text
    assert office.post(f"/people/{rina.id}/end-sessions").location == f"/people/{rina.id}"
    assert not device.is_signed_in()


def test_a_changed_password_is_told_by_mail_and_a_first_one_is_not(app: Flask, person: MakePerson) -> None:
    def told(user_id: int) -> int:
        with app.app_context():
            return db.session.query(Message).filter_by(kind="security_notice", recipient_id=user_id).count()

    rina, browser = person("receptionist"), Browser(app)
    browser.sign_in(rina.email, PASSWORD)
    new = {"password": "Another-knot-8!", "again": "Another-knot-8!"}
    browser.post("/account/password", {"current": PASSWORD, **new})
    assert told(rina.id) == 1
    Browser(app).post("/forgot", {"email": rina.email})
    Browser(app).post(f"/reset/{latest_link(app, rina.id, 'password_reset')}", new)
    assert told(rina.id) == 2


def test_asking_for_a_new_password_is_as_much_work_for_nobody(app: Flask, person: MakePerson) -> None:
    """As many statements, known or not; the time itself is measured by ``make proof``."""
    rina, stopped = person("receptionist"), person("receptionist", active=False)
    statements: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    counts = []
    for email in (rina.email, stopped.email, "nobody-at-all@sutra.test"):
        browser = Browser(app)
        browser.get("/forgot")
        statements.clear()
        event.listen(engine, "before_cursor_execute", note)
        try:
            browser.post("/forgot", {"email": email})
        finally:
            event.remove(engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert len(set(counts)) == 1, counts
