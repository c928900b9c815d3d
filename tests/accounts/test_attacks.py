"""Attacks, each tried twice: with its defence it fails, and with the defence taken out it succeeds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, request

from clinic.accounts import policy, sessions
from clinic.accounts.models import AccountLink, LoginSession, SessionKind, User
from clinic.accounts.service import attempts, open_sessions
from clinic.accounts.service import links as link_service
from clinic.accounts.views import completing, people
from clinic.app import create_app
from clinic.core import clock, gate
from clinic.core.access import EVERYBODY
from clinic.core.db import db, unit_of_work
from clinic.notifications import rendering
from clinic.notifications.models import Message
from clinic.notifications.registry import kind_of
from tests.accounts.browser import Browser, latest_code, latest_link
from tests.accounts.conftest import PASSWORD, Later, MakePerson, new_mobile

NEW = {"password": "Another-knot-8!", "again": "Another-knot-8!"}
both = pytest.mark.parametrize("defended", [True, False], ids=["defended", "bare"])
Patch = pytest.MonkeyPatch


def signed_in(app: Flask, email: str) -> Browser:
    browser = Browser(app)
    assert browser.sign_in(email, PASSWORD).status_code == 303
    return browser


def thief_of(browser: Browser) -> Browser:
    """Another machine with a copy of this browser's cookie."""
    thief = Browser(browser.app)
    thief.client.set_cookie(browser.app.config["SESSION_COOKIE_NAME"], browser.cookie())
    return thief


@both
def test_a_route_without_a_policy_gives_nothing_away(
    accounts_app: Flask, monkeypatch: Patch, defended: bool
) -> None:
    app = create_app(accounts_app.extensions["settings"])
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    if not defended:
        monkeypatch.setattr(gate, "policy_of", lambda _view: EVERYBODY)
    answer = app.test_client().get("/forgotten")
    assert (answer.status_code == 200 and answer.data == b"secret") is not defended


@both
def test_somebody_elses_id_ends_nothing(
    app: Flask, person: MakePerson, monkeypatch: Patch, defended: bool
) -> None:
    rina, mallory = person("receptionist"), person("receptionist")
    victim, attacker = signed_in(app, rina.email), signed_in(app, mallory.email)
    with app.app_context():
        theirs = db.session.query(LoginSession).filter_by(user_id=rina.id).one().id
    if not defended:
        real = open_sessions.end_session
        monkeypatch.setattr(
            sessions, "end_session", lambda _user, session_id, reason: real(rina.id, session_id, reason)
        )
    answer = attacker.post(f"/account/sessions/{theirs}/end")
    assert answer.status_code == (404 if defended else 303)
    assert victim.is_signed_in() is defended


@both
def test_extra_fields_of_a_form_change_nothing(
    app: Flask, person: MakePerson, monkeypatch: Patch, defended: bool
) -> None:
    rina, admin = person("receptionist"), person("admin")
    office = signed_in(app, admin.email)
    if not defended:

        def bind_all(_actor: object, user: User, **_named: object) -> None:
            for name, value in request.form.items():
                if hasattr(user, name):
                    setattr(user, name, value)

        monkeypatch.setattr(people, "change_roles", bind_all)
    form = {"grants": ["therapist"], "was": ["receptionist"], "is_admin": "1", "mobile": "+919899999999"}
    assert office.post(f"/people/{rina.id}", form).status_code == 303
    with app.app_context():
        user = db.session.get(User, rina.id)
        assert user is not None
        assert (user.mobile == rina.mobile) is defended
        db.session.query(User).filter_by(id=rina.id).update({"mobile": rina.mobile})
        db.session.commit()


FORMS = {
    "/sign-in": {"email": "a@sutra.test", "password": "x"},
    "/sign-out": {},
    "/portal/sign-in": {"mobile": "9845011111"},
    "/portal/code": {"code": "123456"},
    "/forgot": {"email": "a@sutra.test"},
    "/terms": {"version": "x"},
}


@both
@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("kind", ["form", "htmx", "json"])
def test_another_sites_form_does_nothing(
    app: Flask, monkeypatch: Patch, path: str, kind: str, defended: bool
) -> None:
    """In and out, codes and JSON among them; that htmx asks proves nothing."""
    if not defended:
        monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    headers = {"HX-Request": "true"} if kind == "htmx" else {}
    sent: dict[str, Any] = {"json": FORMS[path]} if kind == "json" else {"data": FORMS[path]}
    client = app.test_client()
    client.get("/sign-in")
    assert (client.post(path, headers=headers, **sent).status_code == 400) is defended


def sign_out(victim: Browser, _app: Flask, _person: MakePerson, _id: int) -> None:
    victim.post("/sign-out")


def change_password(victim: Browser, _app: Flask, _person: MakePerson, _id: int) -> None:
    victim.post("/account/password", {"current": PASSWORD, **NEW})


def lose_a_role(_victim: Browser, app: Flask, person: MakePerson, user_id: int) -> None:
    office = signed_in(app, person("admin").email)
    office.post(f"/people/{user_id}", {"grants": ["therapist"], "was": ["receptionist"]})


def be_signed_out_by_an_administrator(_victim: Browser, app: Flask, person: MakePerson, user_id: int) -> None:
    signed_in(app, person("admin").email).post(f"/people/{user_id}/end-sessions")


def use_the_mailed_link(_victim: Browser, app: Flask, _person: MakePerson, user_id: int) -> None:
    with app.app_context():
        email = db.session.query(User.email).filter_by(id=user_id).scalar()
    Browser(app).post("/forgot", {"email": email})
    Browser(app).post(f"/reset/{latest_link(app, user_id, 'password_reset')}", NEW)


@both
@pytest.mark.parametrize(
    "happens",
    [sign_out, change_password, lose_a_role, be_signed_out_by_an_administrator, use_the_mailed_link],
)
def test_a_copied_cookie_is_worth_nothing_after(
    app: Flask,
    person: MakePerson,
    monkeypatch: Patch,
    happens: Callable[[Browser, Flask, MakePerson, int], None],
    defended: bool,
) -> None:
    rina = person("receptionist")
    victim, other_device = signed_in(app, rina.email), signed_in(app, rina.email)
    thief, thief_of_other = thief_of(victim), thief_of(other_device)
    if not defended:
        monkeypatch.setattr(open_sessions, "_end", lambda _query, _reason: 1)
    happens(victim, app, person, rina.id)
    assert thief.is_signed_in() is not defended
    if happens is not sign_out:
        assert thief_of_other.is_signed_in() is not defended, "every device, not only the one in use"


@both
def test_a_stopped_account_is_out_everywhere_with_its_links_and_codes(
    app: Flask, person: MakePerson, monkeypatch: Patch, defended: bool
) -> None:
    rina = person("receptionist", "patient")
    device, portal, fresh = signed_in(app, rina.email), Browser(app), Browser(app)
    portal.ask_for_code(rina.mobile)
    code = latest_code(app, rina.mobile)
    Browser(app).post("/forgot", {"email": rina.email})
    link = f"/reset/{latest_link(app, rina.id, 'password_reset')}"
    office = signed_in(app, person("admin").email)
    if not defended:
        monkeypatch.setattr(people, "deactivate", lambda _actor, _user: None)
    assert office.post(f"/people/{rina.id}/deactivate").status_code == 303
    assert device.is_signed_in() is not defended
    assert (fresh.post(link, NEW).status_code == 303) is not defended
    portal.enter_code(code)
    assert portal.is_signed_in() is not defended


@both
def test_a_cookie_planted_before_the_sign_in_is_nobodys_after_it(
    app: Flask, person: MakePerson, monkeypatch: Patch, defended: bool
) -> None:
    """The attacker leaves their own signed-in cookie in the victim's browser and waits."""
    mallory, rina = person("receptionist"), person("receptionist")
    attacker, victim = signed_in(app, mallory.email), Browser(app)
    victim.client.set_cookie(app.config["SESSION_COOKIE_NAME"], attacker.cookie())
    victim.get("/account")
    if not defended:

        def same_id(user: User, _kind: SessionKind, **_named: str) -> tuple[str, LoginSession]:
            token = str(sessions.session["_user_id"])
            row = db.session.query(LoginSession).filter_by(user_id=mallory.id).one()
            row.user_id, row.ended_at = user.id, None
            return token, row

        monkeypatch.setattr(sessions, "start_session", same_id)
    victim.post("/sign-in", {"email": rina.email, "password": PASSWORD})
    assert rina.email in victim.get("/account").get_data(as_text=True)
    seen = attacker.get("/account").get_data(as_text=True)
    assert (rina.email in seen) is not defended


@both
@pytest.mark.parametrize("kind", list(SessionKind))
def test_a_session_left_open_ends_by_itself(
    app: Flask, person: MakePerson, monkeypatch: Patch, later: Later, kind: SessionKind, defended: bool
) -> None:
    if not defended:
        monkeypatch.setitem(policy.IDLE, kind, timedelta(days=3650))
    if kind is SessionKind.STAFF:
        browser = signed_in(app, person("receptionist").email)
        later(minutes=31)
    else:
        browser, mobile = Browser(app), new_mobile()
        browser.ask_for_code(mobile)
        browser.enter_code(latest_code(app, mobile))
        later(hours=24, minutes=1)
    assert browser.is_signed_in() is not defended


@both
def test_a_session_kept_busy_ends_after_twelve_hours(
    app: Flask, person: MakePerson, monkeypatch: Patch, later: Later, defended: bool
) -> None:
    if not defended:
        monkeypatch.setitem(policy.ABSOLUTE, SessionKind.STAFF, timedelta(days=3650))
    browser = signed_in(app, person("receptionist").email)
    for _ in range(25):
        later(minutes=29)
        browser.get("/account")
    assert browser.is_signed_in() is not defended


@both
def test_a_page_that_refreshes_itself_keeps_no_session(
    app: Flask, person: MakePerson, monkeypatch: Patch, later: Later, defended: bool
) -> None:
    if not defended:
        monkeypatch.setattr(sessions, "is_timed_refresh", lambda: False)
    browser = signed_in(app, person("receptionist").email)
    for _ in range(3):
        later(minutes=11)
        browser.get("/account", headers={"Sutra-Refresh": "timer"})
    assert browser.is_signed_in() is not defended


@both
def test_a_cookie_never_travels_bare(production_app: Flask, monkeypatch: Patch, defended: bool) -> None:
    if not defended:
        for flag in ("SECURE", "HTTPONLY"):
            monkeypatch.setitem(production_app.config, f"SESSION_COOKIE_{flag}", False)
        monkeypatch.setitem(production_app.config, "SESSION_COOKIE_SAMESITE", None)
    answer = production_app.test_client().get("/sign-in", base_url="https://clinic.example")
    cookie = answer.headers["Set-Cookie"]
    assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax")) is defended


@both
def test_a_mail_scanner_spends_no_link(
    app: Flask, person: MakePerson, monkeypatch: Patch, defended: bool
) -> None:
    rina = person("receptionist")
    Browser(app).post("/forgot", {"email": rina.email})
    link = f"/reset/{latest_link(app, rina.id, 'password_reset')}"
    if not defended:
        real = link_service.open_link

        def spend_at_once(token: str, purpose: str) -> AccountLink:
            found = real(token, purpose)
            with unit_of_work():
                db.session.query(AccountLink).filter_by(id=found.id).update({"spent_at": clock.now()})
            return db.session.query(AccountLink).filter_by(id=found.id).one()

        monkeypatch.setattr(link_service, "open_link", spend_at_once)
    for _ in range(2):
        scanner = Browser(app)
        scanner.get(link)
        scanner.client.head(link)
    assert (Browser(app).post(link, NEW).status_code == 303) is defended


@both
def test_a_forged_host_gets_into_no_link(
    app: Flask, person: MakePerson, monkeypatch: Patch, defended: bool
) -> None:
    rina = person("receptionist")
    browser = Browser(app)
    browser.get("/forgot", base_url="http://evil.example")
    forged = {"X-Forwarded-Host": "evil.example"}
    asked = browser.post("/forgot", {"email": rina.email}, base_url="http://evil.example", headers=forged)
    assert asked.status_code == 303
    if not defended:
        settings = SimpleNamespace(public_url="http://evil.example", is_production=False)
        monkeypatch.setattr(
            rendering, "current_app", SimpleNamespace(extensions={"settings": settings}, url_map=app.url_map)
        )
        with app.app_context():
            assert "evil.example" in rendering.public_link("accounts.reset", token="t")
        return
    with app.app_context():
        message = db.session.query(Message).filter_by(kind="password_reset", recipient_id=rina.id).one()
        kind = kind_of("password_reset")
        assert kind is not None
        sent = rendering.render(message, kind, kind.load([message])[message.id], address=rina.email)
    assert "evil.example" not in str(sent)
    assert "http://localhost/reset/" in str(sent)


@both
@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_signing_in_leads_to_no_other_site(
    app: Flask, person: MakePerson, monkeypatch: Patch, target: str, defended: bool
) -> None:
    if not defended:
        monkeypatch.setattr(completing, "safe_next", lambda asked, default: asked or default)
    answer = Browser(app).sign_in(person("receptionist").email, PASSWORD, next=target)
    assert (answer.location == "/") is defended


@both
def test_guessing_is_slow(app: Flask, person: MakePerson, monkeypatch: Patch, defended: bool) -> None:
    rina = person("receptionist")
    if not defended:
        monkeypatch.setattr(attempts, "_wait", lambda *_given, **_named: timedelta(0))
    attacker = Browser(app)
    statuses = [attacker.sign_in(rina.email, f"Guess-knot-{number}!").status_code for number in range(12)]
    assert (429 in statuses) is defended


@both
def test_guessing_from_many_places_is_slow_and_leaves_the_person_in(
    app: Flask, person: MakePerson, monkeypatch: Patch, later: Later, defended: bool
) -> None:
    monkeypatch.setattr(attempts, "TRIES_FROM_EVERYWHERE", 8)
    if not defended:
        monkeypatch.setattr(attempts, "_everywhere", lambda _identifier, _now: timedelta(0))
    rina = person("receptionist")
    own = Browser(app)
    own.sign_in(rina.email, PASSWORD)
    statuses = [Browser(app).sign_in(rina.email, f"Guess-knot-{n}!").status_code for n in range(12)]
    assert statuses[:8] == [422] * 8
    assert (statuses[8:] == [429] * 4) is defended, "each from an address and a browser of its own"
    assert own.sign_in(rina.email, PASSWORD).status_code == 303, "a browser that is known goes on"
    if not defended:
        return
    elsewhere = Browser(app)
    slowed = elsewhere.sign_in(rina.email, PASSWORD)
    assert slowed.status_code == 429
    assert int(slowed.headers["Retry-After"]) <= 900
    assert "minutes, then try again" in slowed.get_data(as_text=True)
    elsewhere.post("/forgot", {"email": rina.email})
    elsewhere.post(f"/reset/{latest_link(app, rina.id, 'password_reset')}", NEW)
    assert elsewhere.sign_in(rina.email, NEW["password"]).status_code == 303, (
        "the mail is theirs, so they are"
    )
