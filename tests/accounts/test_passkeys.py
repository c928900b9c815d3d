from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from webauthn.helpers import base64url_to_bytes
from werkzeug.test import TestResponse

from clinic.accounts.models import LoginSession, Passkey, User
from clinic.accounts.service import passkeys
from clinic.audit.models import AuditEvent
from clinic.core.db import db
from tests.accounts.browser import Browser
from tests.accounts.conftest import PASSWORD, Later, MakePerson, Somebody
from tests.accounts.second_step import notices, turn_on
from tests.accounts.security_key import SecurityKey


@pytest.fixture
def rina(app: Flask, person: MakePerson) -> Somebody:
    return person("receptionist")


@pytest.fixture
def browser(app: Flask, rina: Somebody) -> Browser:
    """Rina's, signed in a moment ago."""
    signed_in = Browser(app)
    signed_in.sign_in(rina.email, PASSWORD)
    return signed_in


def asked(browser: Browser, path: str) -> dict[str, Any]:
    """What the server wants signed, fetched as the page's script does."""
    answer = browser.post(path, headers={"X-CSRFToken": browser.token})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    options: dict[str, Any] = answer.get_json()
    return options


def add(browser: Browser, key: SecurityKey, name: str = "Front desk") -> TestResponse:
    options = asked(browser, "/account/passkeys/options")
    return browser.post("/account/passkeys/add", {"name": name, "credential": key.make(options)})


def sign_in(app: Flask, key: SecurityKey, **more: str) -> tuple[Browser, TestResponse]:
    browser = Browser(app)
    browser.get("/sign-in")
    options = asked(browser, "/sign-in/passkey/options")
    answer = browser.post("/sign-in/passkey", {"credential": key.use(options), **more})
    if answer.status_code == 303:
        browser.get("/account")
    return browser, answer


def test_a_passkey_signs_in_by_itself(app: Flask, rina: Somebody, browser: Browser) -> None:
    key = SecurityKey()
    assert add(browser, key).location == "/account/passkeys"
    assert "Front desk" in browser.get("/account/passkeys").get_data(as_text=True)
    other, answer = sign_in(app, key, next="/calendar?view=week")
    assert answer.location == "/calendar?view=week"
    assert other.is_signed_in()
    assert "Last used" in other.get("/account/passkeys").get_data(as_text=True)
    with app.app_context():
        event = db.session.query(AuditEvent).filter_by(actor_id=rina.id, action="sign_in.done")
        assert event.order_by(AuditEvent.id.desc()).first().detail["by"] == "passkey"
        opened = db.session.query(LoginSession).filter_by(user_id=rina.id).order_by(LoginSession.id)
        assert [one.signed_in_by for one in opened] == ["password", "passkey"]
        kept = db.session.query(Passkey).filter_by(user_id=rina.id).one()
        assert (kept.sign_count, kept.transports) == (1, ["internal"])
    assert notices(app, rina.id) == ["passkey.added"]


def test_a_passkey_stands_for_both_steps(app: Flask, rina: Somebody, browser: Browser) -> None:
    turn_on(browser, rina.id)
    key = SecurityKey()
    add(browser, key)
    other, answer = sign_in(app, key)
    assert answer.location == "/"
    assert other.is_signed_in()


def test_what_is_asked_for_demands_the_persons_own_unlocking(browser: Browser) -> None:
    options = asked(browser, "/account/passkeys/options")
    chosen = options["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    assert options["rp"]["id"] == "localhost"
    anybody = asked(Browser(browser.app), "/sign-in/passkey/options")
    assert anybody["userVerification"] == "required"
    assert not anybody.get("allowCredentials"), "it would say who has one"


def test_a_device_that_did_not_verify_its_person_is_refused(
    app: Flask, rina: Somebody, browser: Browser
) -> None:
    assert add(browser, SecurityKey(verifies=False)).status_code == 422
    key = SecurityKey()
    add(browser, key)
    key.verifies = False
    assert sign_in(app, key)[1].status_code == 422


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost.evil.example", "localhost"),
        ("http://localhost:8080", "localhost"),
        ("https://evil.example", "evil.example"),
    ],
)
def test_another_sites_answer_is_refused(app: Flask, browser: Browser, origin: str, host: str) -> None:
    assert add(browser, SecurityKey(origin=origin, host=host)).status_code == 422
    key = SecurityKey()
    add(browser, key)
    key.origin, key.host = origin, host
    assert sign_in(app, key)[1].status_code == 422


def test_the_host_of_the_request_decides_nothing(app: Flask, browser: Browser) -> None:
    answer = browser.client.post(
        "/sign-in/passkey/options",
        base_url="http://evil.example",
        headers={"X-CSRFToken": browser.token, "Host": "localhost", "X-Forwarded-Host": "evil.example"},
        environ_base={"REMOTE_ADDR": browser.address},
    )
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert answer.get_json()["rpId"] == "localhost"


def test_an_answer_is_good_once_and_only_where_it_was_asked(app: Flask, browser: Browser) -> None:
    key = SecurityKey()
    add(browser, key)
    here, thief = Browser(app), Browser(app)
    for one in (here, thief):
        one.get("/sign-in")
    answer = key.use(asked(here, "/sign-in/passkey/options"))
    assert thief.post("/sign-in/passkey", {"credential": answer}).status_code == 422
    assert here.post("/sign-in/passkey", {"credential": answer}).status_code == 303
    assert here.post("/sign-in/passkey", {"credential": answer}).status_code in (400, 422)
    assert not thief.is_signed_in()


def test_without_single_use_a_recorded_answer_would_open_another_session(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack that spending what was asked is there for; a device that counts would still notice."""
    key = SecurityKey(counts=False)
    add(browser, key)
    here, thief = Browser(app), Browser(app)
    for one in (here, thief):
        one.get("/sign-in")
    options = asked(here, "/sign-in/passkey/options")
    answer = key.use(options)
    challenge = base64url_to_bytes(options["challenge"])
    assert here.post("/sign-in/passkey", {"credential": answer}).status_code == 303
    monkeypatch.setattr(passkeys, "spend_challenge", lambda *_args, **_named: challenge)
    assert thief.post("/sign-in/passkey", {"credential": answer}).status_code == 303
    thief.get("/account")
    assert thief.is_signed_in()


def test_twenty_sendings_of_one_answer_at_once_open_one_session(
    app: Flask, rina: Somebody, browser: Browser
) -> None:
    key = SecurityKey(counts=False)
    add(browser, key)
    here = Browser(app)
    here.get("/sign-in")
    answer, cookie = key.use(asked(here, "/sign-in/passkey/options")), here.cookie()
    start, statuses = threading.Barrier(20), []
    copies = []
    for _ in range(20):
        copy = Browser(app)
        copy.client.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)
        copy.token = here.token
        copies.append(copy)

    def send(copy: Browser) -> None:
        start.wait()
        statuses.append(copy.post("/sign-in/passkey", {"credential": answer}).status_code)

    threads = [threading.Thread(target=send, args=(copy,)) for copy in copies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303] + [422] * 19
    with app.app_context():
        assert db.session.query(LoginSession).filter_by(user_id=rina.id).count() == 2


def test_what_was_asked_long_ago_is_no_longer_answered(app: Flask, browser: Browser, later: Later) -> None:
    key = SecurityKey()
    add(browser, key)
    here = Browser(app)
    here.get("/sign-in")
    answer = key.use(asked(here, "/sign-in/passkey/options"))
    later(minutes=10, seconds=1)
    assert here.post("/sign-in/passkey", {"credential": answer}).status_code == 422


def test_a_copy_of_a_device_that_counts_is_noticed_and_told(
    app: Flask, rina: Somebody, browser: Browser
) -> None:
    key = SecurityKey()
    add(browser, key)
    copy = SecurityKey(credential_id=key.credential_id, private=key.private, handle=key.handle)
    sign_in(app, key)
    sign_in(app, key)
    assert sign_in(app, copy)[1].status_code == 422
    copy.counts, copy.count = False, 0
    assert sign_in(app, copy)[1].status_code == 422, "nor by counting no more"
    assert notices(app, rina.id).count("passkey.copied") == 2


@pytest.mark.parametrize("part", ["signature", "authenticatorData", "userHandle", "clientDataJSON"])
def test_a_changed_answer_is_refused_and_written_down(
    app: Flask, rina: Somebody, browser: Browser, part: str
) -> None:
    key = SecurityKey()
    add(browser, key)
    here = Browser(app)
    here.get("/sign-in")
    options = asked(here, "/sign-in/passkey/options")
    answer = key.use(options, **{part: "AAAA"})
    assert here.post("/sign-in/passkey", {"credential": answer}).status_code == 422
    if part != "clientDataJSON":
        with app.app_context():
            query = db.session.query(AuditEvent).filter_by(action="passkey.refused", subject_id=rina.id)
            assert query.one().outcome == "refused"


@pytest.mark.parametrize(
    "answer",
    ["", "x", "{}", "[]", '{"id": 1}', '{"response": {"clientDataJSON": "e30"}}', "\x00", "9" * 30_000],
)
def test_answers_no_device_would_give_break_nothing(app: Flask, browser: Browser, answer: str) -> None:
    stranger = Browser(app)
    stranger.get("/sign-in")
    assert stranger.post("/sign-in/passkey", {"credential": answer}).status_code == 422
    assert browser.post("/account/passkeys/add", {"name": "x", "credential": answer}).status_code == 422


def test_a_stopped_account_and_one_without_a_role_are_not_opened(
    app: Flask, rina: Somebody, browser: Browser
) -> None:
    key = SecurityKey()
    add(browser, key)
    with app.app_context():
        db.session.query(User).filter_by(id=rina.id).update({"active": False})
        db.session.commit()
    assert sign_in(app, key)[1].status_code == 422
    assert sign_in(app, SecurityKey())[1].status_code == 422


def test_ten_minutes_after_signing_in_the_password_is_asked_for_first(
    app: Flask, rina: Somebody, browser: Browser, later: Later
) -> None:
    key = SecurityKey()
    add(browser, key)
    with app.app_context():
        passkey_id = db.session.query(Passkey).filter_by(user_id=rina.id).one().id
    later(minutes=11)
    for path in ("/account/passkeys/add", f"/account/passkeys/{passkey_id}/remove"):
        assert browser.get(path).location.startswith("/account/prove?next=/account/passkeys")
        assert browser.post(path, {"name": "x"}).location.startswith("/account/prove")
    assert browser.post("/account/passkeys/options").location.startswith("/account/prove")
    prove = "/account/prove?next=/account/passkeys/add"
    assert browser.post(prove, {"password": "Wrong-knot-7!"}).status_code == 422
    assert browser.post("/account/prove?next=//evil.example", {"password": PASSWORD}).location == "/account"
    assert browser.get("/account/passkeys/add").status_code == 200


def test_a_passkey_is_renamed_and_removed_by_its_person_only(
    app: Flask, person: MakePerson, rina: Somebody, browser: Browser
) -> None:
    key, outsider = SecurityKey(), Browser(app)
    outsider.sign_in(person("admin").email, PASSWORD)
    add(browser, key)
    with app.app_context():
        passkey_id = db.session.query(Passkey).filter_by(user_id=rina.id).one().id
    for path in (f"/account/passkeys/{passkey_id}", f"/account/passkeys/{passkey_id}/remove"):
        assert outsider.get(path).status_code == 404
        assert outsider.post(path, {"name": "Mine"}).status_code == 404
    assert browser.post(f"/account/passkeys/{passkey_id}", {"name": "  "}).status_code == 422
    assert browser.post(f"/account/passkeys/{passkey_id}", {"name": "Her phone"}).status_code == 303
    assert "Her phone" in browser.get("/account/passkeys").get_data(as_text=True)
    assert "Her phone" in browser.get(f"/account/passkeys/{passkey_id}/remove").get_data(as_text=True)
    assert browser.post(f"/account/passkeys/{passkey_id}/remove").status_code == 303
    assert sign_in(app, key)[1].status_code == 422
    assert notices(app, rina.id) == ["passkey.added", "passkey.removed"]


def test_the_same_passkey_is_not_added_twice(app: Flask, person: MakePerson, browser: Browser) -> None:
    key, other = SecurityKey(), Browser(app)
    add(browser, key)
    other.sign_in(person("receptionist").email, PASSWORD)
    assert add(other, key).status_code == 409


def test_somebody_elses_asking_is_not_answered_for_oneself(
    app: Flask, person: MakePerson, browser: Browser
) -> None:
    other = Browser(app)
    other.sign_in(person("receptionist").email, PASSWORD)
    answer = SecurityKey().make(asked(other, "/account/passkeys/options"))
    assert browser.post("/account/passkeys/add", {"name": "x", "credential": answer}).status_code == 422


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://clinic.example", ("clinic.example", "https://clinic.example")),
        ("https://clinic.example:8443", ("clinic.example", "https://clinic.example:8443")),
        ("http://localhost:5000", ("localhost", "http://localhost:5000")),
        ("http://127.0.0.1:5000", None),
        ("https://[::1]", None),
        ("http://clinic.example", None),
    ],
)
def test_where_browsers_offer_passkeys(url: str, site: tuple[str, str] | None) -> None:
    found = passkeys.site_of(url)
    assert (found and (found.host, found.origin)) == site


@pytest.mark.parametrize("credential", ["[" * 19_990, '{"response":' * 1_600])
def test_an_answer_nested_without_end_is_refused_and_breaks_nothing(app: Flask, credential: str) -> None:
    browser = Browser(app)
    browser.get("/sign-in")
    asked(browser, "/sign-in/passkey/options")
    assert browser.post("/sign-in/passkey", {"credential": credential}).status_code == 422
