from __future__ import annotations

import pytest
from flask import Flask

from clinic.accounts.models import LoginSession
from clinic.accounts.service import end_sessions
from clinic.accounts.service.tidying import forget_old
from clinic.config import Environment
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.notifications.models import PushSubscription
from tests.accounts.browser import Browser, latest_code
from tests.accounts.conftest import PASSWORD, Later, MakePerson, new_mobile


def signed_in(app: Flask, email: str) -> Browser:
    browser = Browser(app)
    assert browser.sign_in(email, PASSWORD).status_code == 303
    return browser


def patient_signed_in(app: Flask) -> Browser:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    browser.enter_code(latest_code(app, mobile))
    return browser


def test_staff_session_ends_after_half_an_hour_without_a_request(
    app: Flask, person: MakePerson, later: Later
) -> None:
    browser = signed_in(app, person("receptionist").email)
    later(minutes=29)
    assert browser.is_signed_in()
    later(minutes=29)
    assert browser.is_signed_in(), "each request counts anew"
    later(minutes=31)
    assert not browser.is_signed_in()


def test_staff_session_ends_after_twelve_hours_however_busy(
    app: Flask, person: MakePerson, later: Later
) -> None:
    browser = signed_in(app, person("receptionist").email)
    for _ in range(35):
        later(minutes=20)
        assert browser.is_signed_in()
    later(minutes=21)
    assert not browser.is_signed_in()


def test_patient_session_outlives_a_night_but_not_two_days(app: Flask, later: Later) -> None:
    browser = patient_signed_in(app)
    later(hours=23)
    assert browser.is_signed_in()
    later(hours=25)
    assert not browser.is_signed_in()


def test_patient_session_ends_after_thirty_days(app: Flask, later: Later) -> None:
    browser = patient_signed_in(app)
    for _ in range(29):
        later(hours=23)
        assert browser.is_signed_in()
    later(hours=23)
    assert browser.is_signed_in()
    later(hours=23)
    assert browser.is_signed_in()
    later(hours=23)
    assert not browser.is_signed_in()


def test_a_page_that_refreshes_itself_does_not_keep_the_session(
    app: Flask, person: MakePerson, later: Later
) -> None:
    browser = signed_in(app, person("receptionist").email)
    for _ in range(2):
        later(minutes=14)
        assert browser.get("/account", headers={"Sutra-Refresh": "timer"}).status_code == 200
    later(minutes=5)
    assert not browser.is_signed_in()


def test_last_seen_is_written_at_most_once_a_minute(app: Flask, person: MakePerson, later: Later) -> None:
    rina = person("receptionist")
    browser = signed_in(app, rina.email)

    def seen() -> object:
        with app.app_context():
            return db.session.query(LoginSession.last_seen_at).filter_by(user_id=rina.id).scalar()

    first = seen()
    later(seconds=30)
    browser.get("/account")
    assert seen() == first
    later(seconds=31)
    browser.get("/account")
    assert seen() != first


def test_signing_in_changes_the_cookie_and_the_form_token(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    browser = Browser(app)
    browser.get("/sign-in")
    old_cookie, old_token = browser.cookie(), browser.token
    browser.sign_in(rina.email, PASSWORD)
    assert browser.cookie() != old_cookie
    answer = browser.post("/sign-out", {"csrf_token": old_token})
    assert answer.status_code == 400
    assert browser.is_signed_in()


def test_a_cookie_copied_before_signing_out_opens_nothing_after(app: Flask, person: MakePerson) -> None:
    browser = signed_in(app, person("receptionist").email)
    copied = browser.cookie()
    assert browser.post("/sign-out").location == "/sign-in"
    thief = Browser(app)
    thief.client.set_cookie(app.config["SESSION_COOKIE_NAME"], copied)
    assert not thief.is_signed_in()


def test_signing_in_again_ends_the_session_before_it(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    browser = signed_in(app, rina.email)
    copied = browser.cookie()
    browser.post("/sign-in", {"email": rina.email, "password": PASSWORD})
    thief = Browser(app)
    thief.client.set_cookie(app.config["SESSION_COOKIE_NAME"], copied)
    assert not thief.is_signed_in()


def test_changing_the_password_signs_out_every_other_device(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    here, there = signed_in(app, rina.email), signed_in(app, rina.email)
    data = {"current": PASSWORD, "password": "Another-knot-8!", "again": "Another-knot-8!"}
    assert here.post("/account/password", data).status_code == 303
    assert here.is_signed_in()
    assert not there.is_signed_in()
    assert Browser(app).sign_in(rina.email, PASSWORD).status_code == 422
    assert Browser(app).sign_in(rina.email, "Another-knot-8!").status_code == 303


def test_the_present_password_is_asked_for_and_guesses_slow_down(app: Flask, person: MakePerson) -> None:
    browser = signed_in(app, person("receptionist").email)
    data = {"current": "Wrong-knot-7!", "password": "Another-knot-8!", "again": "Another-knot-8!"}
    statuses = [browser.post("/account/password", data).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_people_see_and_end_their_own_sessions_and_nobody_elses(app: Flask, person: MakePerson) -> None:
    rina, other = person("receptionist"), person("receptionist")
    here, there, stranger = (
        signed_in(app, rina.email),
        signed_in(app, rina.email),
        signed_in(app, other.email),
    )
    with app.app_context():
        first, second = [
            row.id
            for row in db.session.query(LoginSession).filter_by(user_id=rina.id).order_by(LoginSession.id)
        ]
        theirs = db.session.query(LoginSession).filter_by(user_id=other.id).one().id
    text = here.get("/account").get_data(as_text=True)
    assert f"/account/sessions/{second}/end" in text
    assert f"/account/sessions/{first}/end" not in text
    assert here.post(f"/account/sessions/{theirs}/end").status_code == 404
    assert stranger.is_signed_in()
    assert here.post(f"/account/sessions/{second}/end").status_code == 303
    assert not there.is_signed_in()
    assert here.is_signed_in()


def test_all_other_devices_go_at_once(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    here, there, elsewhere = (signed_in(app, rina.email) for _ in range(3))
    assert here.post("/account/sessions/end-others").status_code == 303
    assert (here.is_signed_in(), there.is_signed_in(), elsewhere.is_signed_in()) == (True, False, False)


def test_deactivation_ends_the_session_at_the_next_request(app: Flask, person: MakePerson) -> None:
    rina, admin = person("receptionist"), person("admin")
    browser, office = signed_in(app, rina.email), signed_in(app, admin.email)
    assert office.post(f"/people/{rina.id}/deactivate").status_code == 303
    assert not browser.is_signed_in()
    assert Browser(app).sign_in(rina.email, PASSWORD).status_code == 422
    assert office.post(f"/people/{rina.id}/activate").status_code == 303
    assert not browser.is_signed_in(), "an ended session stays ended"
    assert Browser(app).sign_in(rina.email, PASSWORD).status_code == 303


def test_a_deactivated_row_alone_closes_the_door(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    browser = signed_in(app, rina.email)
    with app.app_context():
        db.session.execute(db.text("UPDATE users SET active = false WHERE id = :id"), {"id": rina.id})
        db.session.commit()
    assert not browser.is_signed_in()


def test_change_of_roles_ends_sessions(app: Flask, person: MakePerson) -> None:
    rina, admin = person("receptionist"), person("admin")
    browser, office = signed_in(app, rina.email), signed_in(app, admin.email)
    change = {"grants": ["therapist"], "was": ["receptionist"]}
    assert office.post(f"/people/{rina.id}", change).status_code == 303
    assert not browser.is_signed_in()


def test_a_forged_or_spoiled_cookie_is_nobody(app: Flask) -> None:
    for value in ("x", "a.b.c", "é", "0" * 3000):
        browser = Browser(app)
        browser.client.set_cookie(app.config["SESSION_COOKIE_NAME"], value)
        assert browser.get("/account").status_code == 303


def test_one_query_recognises_somebody(app: Flask, person: MakePerson) -> None:
    browser = signed_in(app, person("receptionist", "practitioner").email)
    statements: list[str] = []
    with app.app_context():
        engine = db.engine

    def count(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    db.event.listen(engine, "before_cursor_execute", count)
    try:
        browser.get("/sign-in")
    finally:
        db.event.remove(engine, "before_cursor_execute", count)
    assert len([text for text in statements if "login_sessions" in text]) == 1


def test_cookie_is_guarded_in_production(production_app: Flask) -> None:
    answer = production_app.test_client().get("/sign-in", base_url="https://clinic.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-sutra=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie
    assert production_app.extensions["settings"].environment is Environment.PRODUCTION


@pytest.mark.parametrize("locale", ["hi", "en"])
def test_language_is_kept_by_browser_and_then_by_person(app: Flask, person: MakePerson, locale: str) -> None:
    rina = person("receptionist")
    browser = Browser(app)
    browser.get("/sign-in")
    assert browser.post("/locale", {"locale": locale, "next": "/forgot"}).location == "/forgot"
    assert f'<html lang="{locale}"' in browser.get("/sign-in").get_data(as_text=True)
    browser.sign_in(rina.email, PASSWORD)
    fresh = signed_in(app, rina.email)
    assert f'<html lang="{locale}"' in fresh.get("/account").get_data(as_text=True)
    assert fresh.post("/locale", {"locale": "xx", "next": "//evil.example"}).location == "/"


def test_old_rows_are_forgotten(app: Flask, person: MakePerson, later: Later) -> None:
    rina = person("receptionist")
    signed_in(app, rina.email)
    later(days=91)
    with app.app_context():
        with unit_of_work():
            end_sessions(rina.id, "test")
        forget_old()
        assert db.session.query(LoginSession).filter_by(user_id=rina.id).count() == 0
    assert SYSTEM.user_id is None


def test_a_session_a_browser_hears_in_is_kept_and_the_others_are_forgotten(
    app: Flask, person: MakePerson, later: Later
) -> None:
    rina = person("receptionist")
    for _browser in range(2):
        signed_in(app, rina.email)
    with app.app_context():
        first, _second = db.session.query(LoginSession).filter_by(user_id=rina.id).order_by(LoginSession.id)
        hears = {"endpoint_hash": "kept", "sealed": "x", "device": ""}
        db.session.add(PushSubscription(user_id=rina.id, session_id=first.id, **hears))
        db.session.commit()
        later(days=91)
        forget_old()
        assert [row.id for row in db.session.query(LoginSession).filter_by(user_id=rina.id)] == [first.id]
