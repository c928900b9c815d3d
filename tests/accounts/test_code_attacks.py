"""Attacks on one-time codes: each fails, and succeeds once the defence it meets is taken away."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import update

from clinic.accounts import sessions
from clinic.accounts.models import LoginSession, OneTimeCode, User
from clinic.accounts.policy import reach_of
from clinic.accounts.service import codes, open_sessions
from clinic.accounts.views import portal_sign_in
from clinic.app import create_app
from clinic.config import Settings
from clinic.core import crypto
from clinic.core.access import Actor
from clinic.core.db import db, unit_of_work
from tests.accounts.browser import Browser, latest_code
from tests.accounts.conftest import Later, MakePerson, new_mobile

Patch = pytest.MonkeyPatch
DEFENDED = pytest.mark.parametrize("defended", [True, False], ids=["defended", "open"])


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


@DEFENDED
def test_right_codes_at_once_open_one_session(app: Flask, monkeypatch: Patch, defended: bool) -> None:
    """Without the one statement that decides and spends, each of them sees an unspent code."""
    browser, mobile, together = Browser(app), new_mobile(), 8
    browser.ask_for_code(mobile)
    digits = latest_code(app, mobile)
    browser.get("/portal/code")
    if not defended:
        looked = threading.Barrier(together, timeout=60)

        def look_then_spend(_visitor: Actor, *, address: str, browser: str, typed: str) -> codes.Answer:
            row = db.session.query(OneTimeCode).filter_by(mobile=address, used_at=None).one_or_none()
            looked.wait()
            if row is None or row.code_hash != codes._hash(address, browser, "sign_in", typed):
                return codes.Answer.WRONG
            db.session.execute(
                update(OneTimeCode).where(OneTimeCode.id == row.id).values(used_at=row.created_at)
            )
            return codes.Answer.RIGHT

        monkeypatch.setattr(codes, "check_code", look_then_spend)
    cookie, token, name = browser.cookie(), browser.token, app.config["SESSION_COOKIE_NAME"]
    start, statuses = threading.Barrier(together, timeout=60), []

    def enter() -> None:
        client = app.test_client()
        client.set_cookie(name, cookie)
        start.wait()
        data = {"code": digits, "csrf_token": token}
        statuses.append(client.post("/portal/code", data=data).status_code)

    threads = [threading.Thread(target=enter) for _ in range(together)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        user = db.session.query(User).filter_by(mobile=mobile).one()
        opened = db.session.query(LoginSession).filter_by(user_id=user.id).count()
    assert (statuses.count(303), opened) == ((1, 1) if defended else (together, together))


@DEFENDED
def test_guessing_on_is_of_no_use(app: Flask, monkeypatch: Patch, defended: bool) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    digits = latest_code(app, mobile)
    if not defended:  # tries that are not counted
        with app.app_context(), unit_of_work():
            db.session.execute(
                db.text("ALTER TABLE one_time_codes DROP CONSTRAINT ck_one_time_codes_attempts_bounded")
            )
        monkeypatch.setattr(codes, "ATTEMPTS", 1000)
    try:
        for _try in range(5):
            browser.enter_code(wrong(digits))
        assert browser.enter_code(digits).status_code == (422 if defended else 303)
    finally:
        if not defended:
            with app.app_context(), unit_of_work():
                db.session.execute(db.text("DELETE FROM one_time_codes WHERE attempts > 5"))
                db.session.execute(
                    db.text(
                        "ALTER TABLE one_time_codes ADD CONSTRAINT ck_one_time_codes_attempts_bounded"
                        " CHECK (attempts BETWEEN 0 AND 5)"
                    )
                )


@DEFENDED
def test_a_code_read_over_a_shoulder_opens_no_other_browser(
    app: Flask, monkeypatch: Patch, defended: bool
) -> None:
    if not defended:
        monkeypatch.setattr(sessions, "browser_hash", lambda: "b" * 64)
    mine, thief, mobile = Browser(app), Browser(app), new_mobile()
    mine.ask_for_code(mobile)
    digits = latest_code(app, mobile)
    with mine.client.session_transaction() as cookie:
        asked = cookie[portal_sign_in.ASKED]
    thief.get("/portal/sign-in")
    with thief.client.session_transaction() as cookie:
        cookie[portal_sign_in.ASKED] = asked
    answer = thief.post("/portal/code", {"code": digits})
    assert answer.location == ("/portal/sign-in" if defended else "/portal/welcome")


@DEFENDED
def test_the_code_before_the_newest_is_dead(
    app: Flask, monkeypatch: Patch, later: Later, defended: bool
) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    old = latest_code(app, mobile)
    later(seconds=31)
    browser.post("/portal/code/again")
    if latest_code(app, mobile) == old:
        return  # one in a million
    if not defended:
        with app.app_context(), unit_of_work():
            rows = db.session.query(OneTimeCode).filter_by(mobile=mobile)
            rows.update({"replaced_at": None})
    assert browser.enter_code(old).status_code == (422 if defended else 303)


@DEFENDED
def test_a_code_opens_no_staff_page(
    app: Flask, person: MakePerson, monkeypatch: Patch, defended: bool
) -> None:
    both, browser = person("admin", "patient"), Browser(app)
    if not defended:
        monkeypatch.setattr(open_sessions, "_reach_in", lambda _kind, granted: reach_of(granted or ()))
    browser.ask_for_code(both.mobile)
    browser.enter_code(latest_code(app, both.mobile))
    assert (browser.get("/people").status_code == 403) is defended


@DEFENDED
def test_pumping_messages_meets_the_caps_though_the_queue_is_away(
    app: Flask, monkeypatch: Patch, defended: bool
) -> None:
    """Numbers, browsers and addresses all differ; only the count of the day, in Postgres, can stop it."""
    import redis

    monkeypatch.setitem(app.extensions, "redis", redis.Redis(unix_socket_path="/nowhere/valkey.sock"))
    with app.app_context():
        before = db.session.query(OneTimeCode).filter(OneTimeCode.mobile.is_not(None)).count()
    settings: Settings = app.extensions["settings"]
    monkeypatch.setitem(app.extensions, "settings", replace(settings, sms_per_day=before + 3))
    if not defended:
        monkeypatch.setattr(codes, "_check_caps", lambda *_any, **_more: None)
    statuses = [Browser(app).ask_for_code(new_mobile()).status_code for _ in range(6)]
    assert statuses == ([303] * 3 + [429] * 3 if defended else [303] * 6)


@DEFENDED
def test_dear_numbers_abroad_get_no_message(app: Flask, monkeypatch: Patch, defended: bool) -> None:
    if not defended:
        settings: Settings = app.extensions["settings"]
        monkeypatch.setitem(app.extensions, "settings", replace(settings, sms_countries=("91", "44")))
    assert Browser(app).ask_for_code("+447911123456").status_code == (422 if defended else 303)


@pytest.mark.parametrize(("proxies", "counted"), [(0, "10.250.0.1"), (1, "203.0.113.9"), (2, "198.51.100.7")])
def test_the_forwarded_address_counts_only_as_configured(app: Flask, proxies: int, counted: str) -> None:
    """A caller writes what they like into the header; only the last entries are a proxy's."""
    settings: Settings = app.extensions["settings"]
    behind = create_app(replace(settings, proxy_count=proxies))
    browser, mobile = Browser(behind, "10.250.0.1"), new_mobile()
    browser.get("/portal/sign-in")
    browser.post(
        "/portal/sign-in",
        {"mobile": mobile},
        headers={"X-Forwarded-For": "1.2.3.4, 198.51.100.7, 203.0.113.9"},
    )
    with behind.app_context():
        assert db.session.query(OneTimeCode).filter_by(mobile=mobile).one().origin == counted


def test_a_hash_tells_nothing_without_the_key(app: Flask) -> None:
    with app.app_context():
        bare = crypto.token_hash("5:b:sign_in:123456")
        assert codes._hash("5", "b", "sign_in", "123456") != bare
