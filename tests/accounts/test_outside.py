from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Barrier, Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from clinic.accounts.models import Identity, OutsideSignIn, User
from clinic.accounts.providers import asking, init_providers
from clinic.accounts.service import outside
from clinic.audit.models import AuditEvent
from clinic.config import ConfigurationError, Settings
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.notifications.models import Message
from tests.accounts.browser import Browser, latest_link
from tests.accounts.conftest import PASSWORD, Later, MakePerson, Somebody
from tests.accounts.providers import CLIENT, KEY, SECRET, SUCCESSOR, FakeProvider, running_provider
from tests.conftest import environment, make_settings

PROVIDERS = ("google", "github")


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with running_provider() as fake:
        yield fake


@pytest.fixture
def fake(provider: FakeProvider, app: Flask) -> Iterator[FakeProvider]:
    """The provider as it should be, known to the application; each test has accounts of its own there."""
    before: Settings = app.extensions["settings"]
    provider.wrong.clear()
    provider.pkce, provider.key = True, KEY
    provider.subject = str(int(provider.subject) + 1)
    settings = replace(
        before,
        google_client_id=CLIENT,
        google_client_secret=SECRET,
        google_issuer_url=provider.url,
        github_client_id=CLIENT,
        github_client_secret=SECRET,
        github_url=provider.url,
        github_api_url=provider.url,
    )
    app.extensions["settings"] = settings
    init_providers(app, settings)
    provider.seen.clear()
    yield provider
    app.extensions["settings"] = before
    init_providers(app, before)


@pytest.fixture
def rina(app: Flask, person: MakePerson, fake: FakeProvider) -> Somebody:
    """Somebody of the staff who proved her e-mail, which is also her account's at the provider."""
    somebody = person("receptionist")
    prove_email(app, somebody)
    fake.email = somebody.email
    return somebody


def prove_email(app: Flask, somebody: Somebody) -> None:
    with app.app_context(), unit_of_work():
        db.session.get_one(User, somebody.id).email_verified_at = clock.now()


def connected(app: Flask, somebody: Somebody, name: str, subject: str) -> None:
    with app.app_context(), unit_of_work():
        identity = Identity(
            user_id=somebody.id,
            provider=name,
            subject=subject,
            email=somebody.email,
            linked_at=clock.now(),
        )
        db.session.add(identity)


def set_out(browser: Browser, name: str = "google", next_url: str = "") -> str:
    """Press the button; returns the provider's address."""
    browser.get("/sign-in")
    answer = browser.post(f"/sign-in/{name}", {"next": next_url})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.location


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def walk(browser: Browser, fake: FakeProvider, name: str = "google", next_url: str = "") -> TestResponse:
    """There and back, whatever the provider does."""
    return browser.get(path_of(fake.answer(set_out(browser, name, next_url))))


@pytest.mark.parametrize("name", PROVIDERS)
def test_connected_account_signs_in_and_goes_on(
    app: Flask, rina: Somebody, fake: FakeProvider, name: str
) -> None:
    connected(app, rina, name, fake.subject)
    fake.email = "another@rina.example"
    browser = Browser(app)
    answer = walk(browser, fake, name, "/account/email")
    assert (answer.status_code, answer.location) == (303, "/account/email")
    assert browser.is_signed_in()
    with app.app_context():
        assert db.session.query(Identity).filter_by(user_id=rina.id).one().last_used_at is not None
        opened = db.session.query(AuditEvent).filter_by(action="sign_in.done", subject_id=rina.id).one()
        assert opened.detail["by"] == name


@pytest.mark.parametrize("name", PROVIDERS)
def test_account_with_the_same_proved_e_mail_is_connected_once_by_password(
    app: Flask, rina: Somebody, fake: FakeProvider, name: str
) -> None:
    browser = Browser(app)
    answer = walk(browser, fake, name, "/account")
    assert answer.location == "/sign-in/connect"
    assert not browser.is_signed_in(), "the same address alone opens nothing"
    text = browser.get("/sign-in/connect").get_data(as_text=True)
    assert rina.email in text
    wrong = browser.post("/sign-in/connect", {"password": "Wrong-knot-7!"})
    assert wrong.status_code == 422
    assert "not the password" in wrong.get_data(as_text=True)
    answer = browser.post("/sign-in/connect", {"password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert browser.is_signed_in()
    assert browser.post("/sign-in/connect", {"password": PASSWORD}).status_code in (400, 404)
    again = Browser(app)
    assert walk(again, fake, name).location == "/", "from now on the provider is enough"
    assert again.is_signed_in()
    with app.app_context():
        told = db.session.query(Message).filter_by(kind="security_notice", recipient_id=rina.id).count()
        actions = {row.action for row in db.session.query(AuditEvent).filter_by(subject_id=rina.id)}
    assert told == 1
    assert "identity.connected" in actions


def test_guessing_the_password_slows_down_here_as_well(
    app: Flask, rina: Somebody, fake: FakeProvider
) -> None:
    browser = Browser(app)
    walk(browser, fake)
    browser.get("/sign-in/connect")
    statuses = [
        browser.post("/sign-in/connect", {"password": "Wrong-knot-7!"}).status_code for _number in range(6)
    ]
    assert statuses == [422] * 5 + [429]


def test_somebody_without_a_password_confirms_by_mail_in_the_same_browser(
    app: Flask, fake: FakeProvider, person: MakePerson
) -> None:
    lata = person("receptionist", has_password=False)
    prove_email(app, lata)
    fake.email = lata.email
    browser = Browser(app)
    walk(browser, fake)
    assert "Mail me the link" in browser.get("/sign-in/connect").get_data(as_text=True)
    assert browser.post("/sign-in/connect", {"password": ""}).status_code == 200
    assert browser.post("/sign-in/connect/mail").status_code == 303
    link = f"/sign-in/connect/{latest_link(app, lata.id, 'connect_identity')}"
    thief = Browser(app)
    assert thief.get(link).status_code == 404
    assert thief.post(link).status_code == 404
    assert browser.get(link).status_code == 200
    browser.client.head(link)
    assert not browser.is_signed_in(), "looking spends nothing"
    browser.get(link)
    assert browser.post(link).status_code == 303
    assert browser.is_signed_in()
    assert browser.post(link).status_code == 404


def test_everybody_without_a_way_in_reads_the_same(
    app: Flask, fake: FakeProvider, person: MakePerson
) -> None:
    """Unknown, unproved, stopped, a patient's, or somebody who has another account connected."""
    unproved, stopped, taken = person("receptionist"), person("receptionist"), person("receptionist")
    patient, was_connected = person("patient"), person("receptionist")
    for somebody in (stopped, taken, patient, was_connected):
        prove_email(app, somebody)
    connected(app, taken, "google", f"9{fake.subject}")
    connected(app, was_connected, "google", fake.subject)
    with app.app_context(), unit_of_work():
        for somebody in (stopped, was_connected):
            db.session.get_one(User, somebody.id).active = False
    answers = []
    for somebody in (unproved, stopped, taken, patient, was_connected, None):
        fake.email = somebody.email if somebody else "nobody@sutra.test"
        if somebody is not was_connected:
            fake.subject = str(int(fake.subject) + 1)
        browser = Browser(app)
        answer = walk(browser, fake)
        assert not browser.is_signed_in()
        text = answer.get_data(as_text=True)
        answers.append((answer.status_code, text.replace(browser.token, "").split("<main")[1]))
        assert browser.get("/sign-in/connect").status_code == 404
        if somebody is was_connected:
            fake.subject = str(int(fake.subject) + 100)
    assert set(answers) == {answers[0]}
    assert answers[0][0] == 422
    assert "invitation" in answers[0][1]


@pytest.mark.parametrize("name", PROVIDERS)
def test_address_the_provider_has_not_confirmed_is_refused(
    app: Flask, rina: Somebody, fake: FakeProvider, name: str
) -> None:
    connected(app, rina, name, fake.subject)
    fake.wrong.add("unverified")
    browser = Browser(app)
    answer = walk(browser, fake, name)
    assert answer.status_code == 422
    assert "Confirm your e-mail at" in answer.get_data(as_text=True)
    assert not browser.is_signed_in()


WRONG = (
    "nonce", "no_nonce", "aud", "azp", "iss", "expired", "no_exp", "unsigned", "shared_key", "public_key",
    "other_key", "no_statement",
)  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_statement_that_does_not_hold_signs_nobody_in(
    app: Flask, rina: Somebody, fake: FakeProvider, wrong: str
) -> None:
    connected(app, rina, "google", fake.subject)
    fake.wrong.add(wrong)
    browser = Browser(app)
    answer = walk(browser, fake)
    assert answer.status_code in (422, 503)
    assert "Google" in answer.get_data(as_text=True)
    assert not browser.is_signed_in()
    fake.wrong.clear()
    assert walk(browser, fake).status_code == 303, "and without the fault it does"


def test_new_keys_of_the_provider_are_fetched(app: Flask, rina: Somebody, fake: FakeProvider) -> None:
    connected(app, rina, "google", fake.subject)
    assert walk(Browser(app), fake).status_code == 303
    fake.key = SUCCESSOR
    assert walk(Browser(app), fake).status_code == 303
    assert fake.seen.count("/.well-known/openid-configuration") == 1, "its description is kept"


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("wrong", ["down", "garbage", "error", "redirects", "client"])
def test_provider_that_fails_is_a_clear_page(
    app: Flask, rina: Somebody, fake: FakeProvider, name: str, wrong: str
) -> None:
    connected(app, rina, name, fake.subject)
    browser = Browser(app)
    back = path_of(fake.answer(set_out(browser, name)))
    fake.wrong.add(wrong)
    answer = browser.get(back)
    assert answer.status_code == 503
    assert "does not answer at the moment" in answer.get_data(as_text=True)
    assert not browser.is_signed_in()


def test_provider_that_is_down_when_setting_out(app: Flask, fake: FakeProvider) -> None:
    for wrong in ("down", "elsewhere"):
        fake.wrong = {wrong}
        browser = Browser(app)
        browser.get("/sign-in")
        answer = browser.post("/sign-in/google")
        assert answer.status_code == 503
        assert "Sign in with your password" in answer.get_data(as_text=True)


def test_provider_that_hangs_is_given_up(
    app: Flask, rina: Somebody, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "TIMEOUT", (0.3, 0.3))
    browser = Browser(app)
    back = path_of(fake.answer(set_out(browser, "github")))
    fake.wrong.add("hang")
    assert browser.get(back).status_code == 503


def test_no_transaction_is_open_while_the_provider_is_asked(
    app: Flask, rina: Somebody, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(app, rina, "google", fake.subject)
    idle: list[bool] = []
    asks = asking.OAuth2Session.request

    def request(*arguments: object, **named: object) -> object:
        idle.append(not db.session().in_transaction())
        return asks(*arguments, **named)

    monkeypatch.setattr(asking.OAuth2Session, "request", request)
    assert walk(Browser(app), fake).status_code == 303
    assert len(idle) >= 3
    assert all(idle)


def test_saying_no_at_the_provider_is_no_error(app: Flask, fake: FakeProvider) -> None:
    fake.wrong.add("denied")
    browser = Browser(app)
    answer = walk(browser, fake)
    assert answer.status_code == 422
    assert "You said no" in answer.get_data(as_text=True)
    browser.get("/sign-in")
    state = parse_qs(urlsplit(set_out(browser)).query)["state"][0]
    answer = browser.get(f"/sign-in/google/back?error=server_error&state={state}")
    assert "could not sign you in" in answer.get_data(as_text=True)


def test_state_is_good_once_in_its_own_browser_for_ten_minutes(
    app: Flask, rina: Somebody, fake: FakeProvider, later: Later
) -> None:
    connected(app, rina, "google", fake.subject)
    victim, attacker = Browser(app), Browser(app)
    back = path_of(fake.answer(set_out(attacker)))
    victim.get("/sign-in")
    assert victim.get(back).status_code == 404, "signed in as somebody else by a link: login CSRF"
    assert not victim.is_signed_in()
    assert attacker.get(back.replace("/google/", "/github/")).status_code == 404, "another provider's state"
    assert attacker.get(back).status_code == 303
    assert attacker.get(back).status_code == 404
    for made_up in ("", "?code=x", "?code=x&state=", "?state=%00&code=x", "?code=x&state=" + "a" * 5000):
        assert victim.get(f"/sign-in/google/back{made_up}").status_code == 404
    slow = Browser(app)
    address = set_out(slow)
    later(minutes=10, seconds=1)
    assert slow.get(path_of(fake.answer(address))).status_code == 404


def test_state_sent_ten_times_at_once_is_spent_once(app: Flask, rina: Somebody, fake: FakeProvider) -> None:
    connected(app, rina, "google", fake.subject)
    browser = Browser(app)
    back = path_of(fake.answer(set_out(browser)))
    barrier, statuses = Barrier(10), []

    def send() -> None:
        client = app.test_client()
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], browser.cookie())
        barrier.wait()
        statuses.append(client.get(back).status_code)

    threads = [Thread(target=send) for _number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303] + [404] * 9


def attack_by_forged_return(app: Flask, fake: FakeProvider) -> bool:
    """Login CSRF: a victim opens the way back of a walk the attacker began. True when it works."""
    attacker, victim = Browser(app), Browser(app)
    back = path_of(fake.answer(set_out(attacker)))
    victim.get("/sign-in")
    victim.get(back)
    return victim.is_signed_in()


def attack_by_stolen_code(app: Flask, fake: FakeProvider) -> bool:
    """The attacker saw the victim's code on its way and puts it into a walk of their own."""
    victim, attacker = Browser(app), Browser(app)
    code = parse_qs(urlsplit(fake.answer(set_out(victim))).query)["code"][0]
    state = parse_qs(urlsplit(set_out(attacker)).query)["state"][0]
    attacker.get(f"/sign-in/google/back?code={code}&state={state}")
    return attacker.is_signed_in()


def test_binding_the_state_to_the_browser_is_what_stops_a_forged_return(
    app: Flask, rina: Somebody, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(app, rina, "google", fake.subject)
    assert not attack_by_forged_return(app, fake)
    monkeypatch.setattr("clinic.accounts.views.outside.sessions.browser_hash", lambda: "anybody's")
    assert attack_by_forged_return(app, fake)


def test_pkce_and_the_nonce_each_stop_a_stolen_code(
    app: Flask, rina: Somebody, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without both the attack works; either alone stops it."""
    connected(app, rina, "google", fake.subject)
    assert not attack_by_stolen_code(app, fake)
    fake.pkce = False
    assert not attack_by_stolen_code(app, fake), "the nonce stops it"
    with monkeypatch.context() as without_nonce:
        without_nonce.setattr(
            "clinic.accounts.providers.google.CodeIDToken.validate_nonce", lambda _claims: None
        )
        assert attack_by_stolen_code(app, fake)
        fake.pkce = True
        assert not attack_by_stolen_code(app, fake), "PKCE stops it"


def test_what_is_sent_along_carries_state_nonce_and_a_challenge(app: Flask, fake: FakeProvider) -> None:
    for name in PROVIDERS:
        asked = parse_qs(urlsplit(set_out(Browser(app), name)).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["redirect_uri"] == [f"http://localhost/sign-in/{name}/back"]
        assert all(len(asked[part][0]) >= 43 for part in ("state", "code_challenge"))
        assert ("nonce" in asked) == (name == "google")
    with app.app_context():
        row = db.session.query(OutsideSignIn).order_by(OutsideSignIn.id.desc()).first()
        assert row is not None
        assert asked["state"][0] not in (row.state_hash, row.sealed)


def test_setting_out_needs_the_forms_token_and_a_provider_that_is_set_up(
    app: Flask, fake: FakeProvider
) -> None:
    assert app.test_client().post("/sign-in/google").status_code == 400
    assert Browser(app).get("/sign-in/google").status_code in (404, 405)
    init_providers(app, replace(app.extensions["settings"], github_client_id=""))
    browser = Browser(app)
    text = browser.get("/sign-in").get_data(as_text=True)
    assert "Sign in with Google" in text
    assert "GitHub" not in text
    assert browser.post("/sign-in/github").status_code == 404
    assert browser.get("/sign-in/github/back?code=x&state=y").status_code == 404


def test_forms_may_lead_to_the_provider_only_from_the_pages_with_its_button(
    app: Flask, rina: Somebody, fake: FakeProvider
) -> None:
    browser = Browser(app)
    wider = f"form-action 'self' {fake.url}"
    assert wider in browser.get("/sign-in").headers["Content-Security-Policy"]
    browser.sign_in(rina.email, PASSWORD)
    assert wider in browser.get("/account/connections").headers["Content-Security-Policy"]
    for path in ("/account", "/forgot", "/account/email"):
        assert "form-action 'self';" in browser.get(path).headers["Content-Security-Policy"]
    init_providers(app, make_settings("nowhere"))
    assert "form-action 'self';" in Browser(app).get("/sign-in").headers["Content-Security-Policy"]


def test_accounts_are_connected_listed_and_disconnected(
    app: Flask, rina: Somebody, fake: FakeProvider
) -> None:
    browser = Browser(app)
    browser.sign_in(rina.email, PASSWORD)
    fake.email = "private@rina.example"
    answer = browser.post("/account/connections/google")
    browser.get(path_of(fake.answer(answer.location)))
    answer = browser.post("/sign-in/connect", {"password": PASSWORD})
    assert answer.location == "/account/connections"
    text = browser.get("/account/connections").get_data(as_text=True)
    assert "private@rina.example" in text
    assert "last used" in text
    assert "Disconnect Google" in text
    assert "Connect GitHub" in text
    other = Browser(app)
    assert walk(other, fake).status_code == 303
    assert browser.post("/account/connections/google/end").status_code == 303
    assert walk(Browser(app), fake).status_code == 422
    assert browser.post("/account/connections/google/end").status_code == 404


def test_account_of_somebody_else_is_not_connected_twice(
    app: Flask, rina: Somebody, fake: FakeProvider, person: MakePerson
) -> None:
    other = person("receptionist")
    connected(app, rina, "google", fake.subject)
    browser = Browser(app)
    browser.sign_in(other.email, PASSWORD)
    answer = browser.post("/account/connections/google")
    assert browser.get(path_of(fake.answer(answer.location))).location == "/account/connections"
    assert "connected already" in browser.get("/account/connections").get_data(as_text=True)
    assert browser.get("/sign-in/connect").status_code == 404


def test_a_walk_to_connect_ends_with_the_session_it_began_in(
    app: Flask, rina: Somebody, fake: FakeProvider, person: MakePerson
) -> None:
    browser, other = Browser(app), person("receptionist")
    browser.sign_in(rina.email, PASSWORD)
    back = path_of(fake.answer(browser.post("/account/connections/google").location))
    browser.sign_in(other.email, PASSWORD)
    assert browser.get(back).status_code == 404


def test_last_way_in_is_kept(app: Flask, rina: Somebody, fake: FakeProvider) -> None:
    connected(app, rina, "google", fake.subject)
    browser = Browser(app)
    walk(browser, fake)
    with app.app_context(), unit_of_work():
        db.session.get_one(User, rina.id).password_hash = None
    browser.get("/account/connections")
    answer = browser.post("/account/connections/google/end")
    assert answer.status_code == 409
    assert "only way to sign in" in answer.get_data(as_text=True)
    connected(app, rina, "github", fake.subject)
    assert browser.post("/account/connections/google/end").status_code == 303


def test_what_waits_to_be_confirmed_stays_in_its_browser_for_ten_minutes(
    app: Flask, rina: Somebody, fake: FakeProvider, later: Later
) -> None:
    browser = Browser(app)
    walk(browser, fake)
    with app.app_context():
        held_id = db.session.query(OutsideSignIn).order_by(OutsideSignIn.id.desc()).first().id
        assert outside.held(held_id, browser="another") is None
        assert outside.held("x", browser="another") is None
    assert browser.get("/sign-in/connect").status_code == 200
    later(minutes=10, seconds=1)
    assert browser.get("/sign-in/connect").status_code == 404
    assert browser.post("/sign-in/connect", {"password": PASSWORD}).status_code == 404


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"GOOGLE_CLIENT_ID": "x"}, "GOOGLE_CLIENT_SECRET is not set"),
        ({"GITHUB_CLIENT_SECRET": "x"}, "GITHUB_CLIENT_ID is not set"),
        ({"GOOGLE_ISSUER_URL": "accounts"}, "GOOGLE_ISSUER_URL must be an address"),
        ({"GITHUB_API_URL": "http://127.0.0.1:1", "SUTRA_ENV": "production"}, "leave it empty in production"),
    ],
)
def test_settings_that_make_no_sense_stop_the_start(extra: dict[str, str], said: str) -> None:
    secure = {"PUBLIC_URL": "https://clinic.example"}
    with pytest.raises(ConfigurationError, match=said):
        make_settings("nowhere", **secure, **extra)


def test_secrets_do_not_show_in_the_settings() -> None:
    settings = make_settings("nowhere", GOOGLE_CLIENT_ID="an-id", GOOGLE_CLIENT_SECRET="very-secret")
    assert "very-secret" not in repr(settings)
    assert environment("nowhere")["SUTRA_ENV"] == "test"
