from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import redis
from flask import Flask

from clinic.accounts.models import LoginSession, OneTimeCode, RoleGrant, User
from clinic.accounts.service import codes
from clinic.core.db import db, unit_of_work
from clinic.notifications.models import Message
from tests.accounts.browser import Browser, latest_code
from tests.accounts.conftest import Later, MakePerson, new_mobile


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_unknown_number_gets_a_login_and_is_welcomed(app: Flask) -> None:
    browser, mobile = Browser(app), new_mobile()
    assert browser.ask_for_code(mobile).location == "/portal/code"
    with app.app_context():
        assert db.session.query(User).filter_by(mobile=mobile).count() == 0, "not before the number is proved"
    answer = browser.enter_code(latest_code(app, mobile))
    assert (answer.status_code, answer.location) == (303, "/portal/welcome")
    with app.app_context():
        user = db.session.query(User).filter_by(mobile=mobile).one()
        roles = [grant.role for grant in db.session.query(RoleGrant).filter_by(user_id=user.id)]
        assert roles == ["patient"]


def test_known_number_goes_on_to_where_it_was_going(app: Flask, person: MakePerson) -> None:
    patient, browser = person("patient"), Browser(app)
    browser.get("/portal/sign-in?next=/portal/book")
    browser.post("/portal/sign-in", {"mobile": patient.mobile})
    assert browser.enter_code(latest_code(app, patient.mobile)).location == "/portal/book"


@pytest.mark.usefixtures("moment")
def test_known_and_unknown_number_get_the_same_pages(app: Flask, person: MakePerson) -> None:
    pages = []
    for mobile in (person("patient").mobile, new_mobile()):
        browser = Browser(app)
        asked = browser.ask_for_code(mobile)
        shown = browser.get("/portal/code").get_data(as_text=True)
        shown = shown.replace(f"{mobile[3:8]} {mobile[8:]}", "N").replace(browser.token, "T")
        pages.append((asked.status_code, asked.location, asked.get_data(), shown))
    assert pages[0] == pages[1]


def test_code_is_six_digits_and_kept_only_as_a_keyed_hash(app: Flask) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    code = latest_code(app, mobile)
    assert len(code) == 6
    assert code.isdecimal()
    with app.app_context():
        row = db.session.query(OneTimeCode).filter_by(mobile=mobile).one()
        assert code not in row.code_hash
        assert len(row.code_hash) == 64
        assert mobile not in browser.cookie()


def test_a_code_opens_no_staff_session_even_for_staff(app: Flask, person: MakePerson) -> None:
    both, browser = person("admin", "patient"), Browser(app)
    browser.ask_for_code(both.mobile)
    browser.enter_code(latest_code(app, both.mobile))
    assert browser.is_signed_in()
    assert browser.get("/people").status_code == 403
    with app.app_context():
        assert db.session.query(LoginSession).filter_by(user_id=both.id).one().kind == "patient"


def test_staff_number_without_patient_role_opens_the_portal_only(app: Flask, person: MakePerson) -> None:
    admin, browser = person("admin"), Browser(app)
    browser.ask_for_code(admin.mobile)
    browser.enter_code(latest_code(app, admin.mobile))
    assert browser.get("/people").status_code == 403


def test_code_works_once(app: Flask) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    code = latest_code(app, mobile)
    before = browser.cookie()
    assert browser.enter_code(code).status_code == 303
    replay = Browser(app)
    replay.client.set_cookie(app.config["SESSION_COOKIE_NAME"], before)
    assert replay.enter_code(code).status_code == 422


def test_code_works_only_in_the_browser_that_asked(app: Flask) -> None:
    mobile, mine, thief = new_mobile(), Browser(app), Browser(app)
    mine.ask_for_code(mobile)
    code = latest_code(app, mobile)
    assert thief.enter_code(code).location == "/portal/sign-in"
    thief.ask_for_code(new_mobile())
    assert thief.enter_code(code).status_code == 422
    thief.ask_for_code(mobile)
    assert thief.enter_code(code).status_code == 422
    assert mine.enter_code(code).status_code == 303, "somebody else asking kills nothing here"


def test_five_wrong_codes_kill_it(app: Flask) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    code = latest_code(app, mobile)
    for _ in range(4):
        answer = browser.enter_code(wrong(code))
        assert answer.status_code == 422
        assert "not right" in answer.get_data(as_text=True)
    fifth = browser.enter_code(wrong(code))
    assert "no longer works" in fifth.get_data(as_text=True)
    assert browser.enter_code(code).status_code == 422
    assert not browser.is_signed_in()


def test_code_is_over_after_ten_minutes(app: Flask, later: Later) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    code = latest_code(app, mobile)
    later(minutes=10, seconds=1)
    assert browser.enter_code(code).status_code == 422


def test_a_new_code_kills_the_old_one(app: Flask, later: Later) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    old = latest_code(app, mobile)
    later(seconds=31)
    assert browser.post("/portal/code/again").location == "/portal/code"
    new = latest_code(app, mobile)
    if old != new:
        assert browser.enter_code(old).status_code == 422
    assert browser.enter_code(new).status_code == 303


def test_message_is_written_with_the_code_and_expires_with_it(app: Flask) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    with app.app_context():
        row = db.session.query(OneTimeCode).filter_by(mobile=mobile).one()
        message = db.session.query(Message).filter_by(dedupe_key=f"code:{row.id}").one()
        assert (message.kind, message.channel, message.urgent) == ("one_time_code", "sms", True)
        assert message.expires_at == row.expires_at
        assert message.secret is not None
        assert latest_code(app, mobile) not in message.secret


def test_number_has_caps_per_hour_and_per_day(app: Flask, later: Later) -> None:
    mobile = new_mobile()
    assert [Browser(app).ask_for_code(mobile).status_code for _ in range(6)] == [303] * 5 + [429]
    later(hours=1, minutes=1)
    assert [Browser(app).ask_for_code(mobile).status_code for _ in range(6)] == [303] * 5 + [429]
    later(hours=2)
    refused = Browser(app).ask_for_code(mobile)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 3600


def test_address_has_a_cap(app: Flask) -> None:
    statuses = [Browser(app, "10.251.0.1").ask_for_code(new_mobile()).status_code for _ in range(31)]
    assert statuses == [303] * 30 + [429]


def test_day_has_a_cap_for_everybody_together(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        sent = db.session.query(OneTimeCode).count()
    settings = replace(app.extensions["settings"], sms_per_day=sent + 1)
    monkeypatch.setitem(app.extensions, "settings", settings)
    assert Browser(app).ask_for_code(new_mobile()).status_code == 303
    refused = Browser(app).ask_for_code(new_mobile())
    assert refused.status_code == 429
    assert "Call the clinic" in refused.get_data(as_text=True)


def test_other_countries_get_a_sentence_and_no_message(app: Flask) -> None:
    answer = Browser(app).ask_for_code("+44 7400 123456")
    assert answer.status_code == 422
    assert "that country" in answer.get_data(as_text=True)
    with app.app_context():
        assert db.session.query(OneTimeCode).filter_by(mobile="+447400123456").count() == 0


def test_a_slip_in_the_number_is_explained_and_kept(app: Flask) -> None:
    answer = Browser(app).ask_for_code("98450 1172")
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "has 10 digits, this has 9" in text
    assert "98450 1172" in text


def test_asking_again_at_once_has_to_wait(app: Flask) -> None:
    browser = Browser(app)
    browser.ask_for_code(new_mobile())
    answer = browser.post("/portal/code/again")
    assert answer.status_code == 429
    assert "Wait" in answer.get_data(as_text=True)


def test_closed_login_does_not_open(app: Flask, person: MakePerson) -> None:
    closed, browser = person("patient", active=False), Browser(app)
    browser.ask_for_code(closed.mobile)
    answer = browser.enter_code(latest_code(app, closed.mobile))
    assert answer.status_code == 422
    assert "has been closed" in answer.get_data(as_text=True)


def test_fifty_right_codes_at_once_open_one_session(app: Flask) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    code = latest_code(app, mobile)
    browser.get("/portal/code")
    cookie, token, name = browser.cookie(), browser.token, app.config["SESSION_COOKIE_NAME"]
    barrier, statuses = threading.Barrier(50), []

    def enter() -> None:
        client = app.test_client()
        client.set_cookie(name, cookie)
        barrier.wait()
        statuses.append(client.post("/portal/code", data={"code": code, "csrf_token": token}).status_code)

    threads = [threading.Thread(target=enter) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303] + [422] * 49
    with app.app_context():
        user = db.session.query(User).filter_by(mobile=mobile).one()
        assert db.session.query(LoginSession).filter_by(user_id=user.id).count() == 1


def test_wrong_codes_at_once_use_up_five_tries_and_no_more(app: Flask) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    code = latest_code(app, mobile)
    with app.app_context():
        row = db.session.query(OneTimeCode).filter_by(mobile=mobile).one()
        browser_hash = row.browser_hash
    barrier, answers = threading.Barrier(12), []

    def enter() -> None:
        with app.test_request_context():
            from clinic.accounts.sessions import visitor

            barrier.wait()
            with unit_of_work():
                answer = codes.check_code(visitor(), address=mobile, browser=browser_hash, typed=wrong(code))
            answers.append(answer)

    threads = [threading.Thread(target=enter) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(codes.Answer.WRONG) == 4
    assert answers.count(codes.Answer.OVER) == 8
    with app.app_context():
        assert db.session.query(OneTimeCode).filter_by(mobile=mobile).one().attempts == 5


@pytest.mark.parametrize(
    "typed", ["", "abc", "12345", "1234567", "١٢٣٤٥٦", "\x00", "9" * 100_000, "' OR 1=1"]
)
def test_strange_codes_are_wrong_and_break_nothing(app: Flask, typed: str) -> None:
    browser = Browser(app)
    browser.ask_for_code(new_mobile())
    assert browser.enter_code(typed).status_code == 422


def test_code_typed_with_blanks_is_understood(app: Flask) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    code = latest_code(app, mobile)
    assert browser.enter_code(f" {code[:3]} {code[3:]} ").status_code == 303


def test_code_page_offers_one_real_field(app: Flask) -> None:
    browser = Browser(app)
    browser.ask_for_code(new_mobile())
    text = browser.get("/portal/code").get_data(as_text=True)
    assert text.count('name="code"') == 1
    assert 'autocomplete="one-time-code"' in text
    assert "data-countdown" in text


def test_caps_and_signing_in_hold_without_the_queue(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    away = redis.Redis(unix_socket_path="/nowhere/valkey.sock")
    monkeypatch.setitem(app.extensions, "redis", away)
    mobile = new_mobile()
    browsers = [Browser(app) for _ in range(6)]
    assert [browser.ask_for_code(mobile).status_code for browser in browsers] == [303] * 5 + [429]
    assert browsers[4].enter_code(latest_code(app, mobile)).status_code == 303
