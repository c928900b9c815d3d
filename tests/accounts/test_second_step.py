from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import event

from clinic.accounts.models import Authenticator, LoginSession, PendingSignIn, RecoveryCode
from clinic.accounts.service import second_step
from clinic.audit.models import AuditEvent
from clinic.core import crypto
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.notifications.models import Message
from clinic.notifications.registry import kind_of
from clinic.notifications.rendering import render
from tests.accounts.browser import Browser
from tests.accounts.conftest import PASSWORD, Later, MakePerson, Somebody
from tests.accounts.second_step import enter, notices, secret_of, shown_code, turn_on
from tests.factories import FacilityFactory


@pytest.fixture
def rina(app: Flask, person: MakePerson) -> Somebody:
    return person("receptionist")


@pytest.fixture
def guarded(app: Flask, rina: Somebody, later: Later) -> tuple[str, list[str]]:
    """Rina's second step is on, for a minute already: its secret and recovery codes."""
    browser = Browser(app)
    browser.sign_in(rina.email, PASSWORD)
    made = turn_on(browser, rina.id)
    later(seconds=60)
    return made


def at_second_page(app: Flask, somebody: Somebody, **more: str) -> Browser:
    browser = Browser(app)
    answer = browser.sign_in(somebody.email, PASSWORD, **more)
    assert answer.location == "/sign-in/code"
    return browser


def test_after_the_password_a_code_is_asked_for_and_only_then_a_session_opens(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    browser = at_second_page(app, rina, next="/calendar?view=week")
    assert not browser.is_signed_in()
    before = browser.cookie()
    answer = enter(browser, shown_code(guarded[0]))
    assert answer.location == "/calendar?view=week"
    assert browser.is_signed_in()
    assert browser.cookie() != before
    with app.app_context():
        signed_in = db.session.query(AuditEvent).filter_by(actor_id=rina.id, action="sign_in.done")
        assert signed_in.order_by(AuditEvent.id.desc()).first().detail["by"] == "password"


def test_the_secret_is_sealed_and_recovery_codes_are_kept_as_hashes(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    secret, codes = guarded
    with app.app_context():
        kept = db.session.query(Authenticator).filter_by(user_id=rina.id).one()
        assert secret not in kept.secret
        hashes = {row.code_hash for row in db.session.query(RecoveryCode).filter_by(user_id=rina.id)}
        assert len(hashes) == 10
        assert not any(code in "".join(hashes) for code in codes)
        assert secret not in str([row.detail for row in db.session.query(AuditEvent)])


def test_turning_it_on_asks_for_the_password_again_and_for_a_right_code(app: Flask, rina: Somebody) -> None:
    browser = Browser(app)
    browser.sign_in(rina.email, PASSWORD)
    refused = browser.post("/account/second-step/start", {"start-password": "Wrong-knot-7!"})
    assert refused.status_code == 422
    assert "not your present password" in refused.get_data(as_text=True)
    browser.post("/account/second-step/start", {"start-password": PASSWORD})
    shown = browser.get("/account/second-step/set-up").get_data(as_text=True)
    secret = secret_of(app, rina.id)
    assert " ".join(secret[at : at + 4] for at in range(0, 32, 4)) in shown
    assert 'src="data:image/svg+xml' in shown
    assert browser.post("/account/second-step/set-up", {"code": "12345"}).status_code == 422
    assert Browser(app).sign_in(rina.email, PASSWORD).location == "/", "it does not count yet"
    turn_on(browser, rina.id)
    assert secret not in browser.get("/account/second-step").get_data(as_text=True)
    assert browser.get("/account/second-step/set-up").status_code == 303, "the key is never shown again"
    assert notices(app, rina.id) == ["second_step.on"]


def test_a_key_shown_long_ago_is_not_confirmed(app: Flask, rina: Somebody, later: Later) -> None:
    browser = Browser(app)
    browser.sign_in(rina.email, PASSWORD)
    browser.post("/account/second-step/start", {"start-password": PASSWORD})
    later(minutes=16)
    answer = browser.post("/account/second-step/set-up", {"code": shown_code(secret_of(app, rina.id))})
    assert answer.location == "/account/second-step"
    assert Browser(app).sign_in(rina.email, PASSWORD).location == "/"


@pytest.mark.parametrize(("steps", "status"), [(-2, 422), (-1, 303), (0, 303), (1, 303), (2, 422)])
def test_a_clock_may_be_off_by_one_step(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]], steps: int, status: int
) -> None:
    browser = at_second_page(app, rina)
    assert enter(browser, shown_code(guarded[0], steps=steps)).status_code == status


def test_a_code_seen_over_a_shoulder_opens_nothing(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    own, thief = at_second_page(app, rina), at_second_page(app, rina)
    code = shown_code(guarded[0])
    assert enter(own, code).status_code == 303
    refused = enter(thief, code)
    assert refused.status_code == 422
    assert "used already" in refused.get_data(as_text=True)
    assert enter(thief, shown_code(guarded[0], steps=-1)).status_code == 422, "nor one from before it"
    assert not thief.is_signed_in()


def test_without_the_one_statement_the_same_code_opens_two_sessions(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack the statement is there for: take it away, and the stolen code works."""
    monkeypatch.setattr(second_step, "_spend_step", lambda *_step: True)
    own, thief = at_second_page(app, rina), at_second_page(app, rina)
    code = shown_code(guarded[0])
    enter(own, code)
    enter(thief, code)
    assert own.is_signed_in()
    assert thief.is_signed_in()


def test_twenty_browsers_with_the_same_right_code_at_once_open_one_session(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    browsers = [at_second_page(app, rina) for _ in range(20)]
    for browser in browsers:
        browser.get("/sign-in/code")
    code, start = shown_code(guarded[0]), threading.Barrier(len(browsers))
    statuses: list[int] = []

    def send(browser: Browser) -> None:
        start.wait()
        statuses.append(browser.post("/sign-in/code", {"code": code}).status_code)

    with app.app_context():
        before = db.session.query(LoginSession).filter_by(user_id=rina.id).count()
    threads = [threading.Thread(target=send, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303] + [422] * 19
    with app.app_context():
        assert db.session.query(LoginSession).filter_by(user_id=rina.id).count() == before + 1


def test_the_second_page_belongs_to_the_browser_that_gave_the_password(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    own, other = at_second_page(app, rina), Browser(app)
    with app.app_context():
        row = db.session.query(PendingSignIn).filter_by(user_id=rina.id).order_by(PendingSignIn.id.desc())
        pending_id = row.first().id
    other.get("/sign-in")
    with other.client.session_transaction() as cookie:
        cookie["pending_sign_in"] = pending_id
    assert enter(other, shown_code(guarded[0])).location == "/sign-in"
    assert not other.is_signed_in()
    assert enter(own, shown_code(guarded[0])).location == "/"


def test_ten_minutes_after_the_password_it_is_asked_for_again(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]], later: Later
) -> None:
    browser = at_second_page(app, rina)
    later(minutes=10, seconds=1)
    assert enter(browser, shown_code(guarded[0])).location == "/sign-in"
    assert "from the start" in browser.get("/sign-in").get_data(as_text=True)


def test_five_wrong_codes_start_again_slow_down_and_are_told(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]], later: Later
) -> None:
    browser = at_second_page(app, rina)
    answers = [enter(browser, f"00000{number}") for number in range(5)]
    assert [answer.status_code for answer in answers] == [422] * 4 + [303]
    assert answers[-1].location == "/sign-in"
    browser.sign_in(rina.email, PASSWORD)
    slowed = enter(browser, shown_code(guarded[0]))
    assert slowed.status_code == 429
    assert 1 <= int(slowed.headers["Retry-After"]) <= 15
    elsewhere = at_second_page(app, rina)
    assert enter(elsewhere, shown_code(guarded[0])).status_code == 303, "nobody else waits"
    later(seconds=31)
    assert enter(browser, shown_code(guarded[0])).status_code == 303
    assert notices(app, rina.id)[-1] == "second_step.guessed"


def test_a_guesser_never_locks_the_person_out_for_longer_than_a_quarter_of_an_hour(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]], later: Later
) -> None:
    browser, tried = Browser(app), 0
    while tried < 10:
        if browser.get("/sign-in/code").status_code != 200:
            browser.sign_in(rina.email, PASSWORD)
        answer = enter(browser, "000000")
        if answer.status_code == 429:
            later(seconds=int(answer.headers["Retry-After"]))
        else:
            tried += 1
    browser.sign_in(rina.email, PASSWORD)
    slowed = enter(browser, shown_code(guarded[0]))
    assert slowed.status_code == 429
    assert int(slowed.headers["Retry-After"]) <= 900
    later(seconds=int(slowed.headers["Retry-After"]))
    browser.sign_in(rina.email, PASSWORD)
    assert enter(browser, shown_code(guarded[0])).status_code == 303


@pytest.mark.usefixtures("moment")
def test_before_the_password_is_right_nobody_learns_who_has_a_second_step(
    app: Flask, person: MakePerson, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    without = person("receptionist")
    pages = []
    for email in (rina.email, without.email):
        browser = Browser(app)
        answer = browser.sign_in(email, "Wrong-knot-7!")
        text = answer.get_data(as_text=True).replace(email, "E").replace(browser.token, "T")
        pages.append((answer.status_code, text))
        assert browser.get("/sign-in/code").location == "/sign-in"
    assert pages[0] == pages[1]


def test_a_recovery_code_works_once_in_either_field(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    _secret, codes = guarded
    assert enter(at_second_page(app, rina), codes[0].upper().replace("-", " "), recovery=True).location == "/"
    again = enter(at_second_page(app, rina), codes[0], recovery=True)
    assert again.status_code == 422
    assert enter(at_second_page(app, rina), codes[1]).location == "/"
    assert notices(app, rina.id) == ["second_step.on", "recovery_codes.used", "recovery_codes.used"]
    browser = at_second_page(app, rina)
    enter(browser, codes[2])
    assert "7 left" in browser.get("/account/second-step").get_data(as_text=True)


def test_somebody_elses_recovery_code_opens_nothing(
    app: Flask, person: MakePerson, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    other = person("receptionist")
    browser = Browser(app)
    browser.sign_in(other.email, PASSWORD)
    _secret, theirs = turn_on(browser, other.id)
    assert enter(at_second_page(app, rina), theirs[0], recovery=True).status_code == 422


def test_new_recovery_codes_end_the_old_ones(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    browser = at_second_page(app, rina)
    enter(browser, shown_code(guarded[0]))
    assert browser.post("/account/second-step/codes", {"renew-password": "Wrong-knot-7!"}).status_code == 422
    made = browser.post("/account/second-step/codes", {"renew-password": PASSWORD}).get_data(as_text=True)
    new = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", made)
    assert len(set(new) - set(guarded[1])) == 10
    assert enter(at_second_page(app, rina), guarded[1][0], recovery=True).status_code == 422
    assert enter(at_second_page(app, rina), new[0], recovery=True).location == "/"
    text = browser.post("/account/second-step/codes/download", {"codes": " ".join(new)})
    assert text.headers["Content-Disposition"].startswith("attachment")
    assert all(code in text.get_data(as_text=True) for code in new)
    assert (
        browser.post("/account/second-step/codes/download", {"codes": "<b>anything</b>"}).status_code == 303
    )


def test_turning_it_off_asks_for_password_and_code(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]], later: Later
) -> None:
    browser = at_second_page(app, rina)
    enter(browser, shown_code(guarded[0]))
    later(seconds=30)
    right = {"off-password": PASSWORD, "off-code": shown_code(guarded[0])}
    for wrong in ({"off-password": "Wrong-knot-7!"}, {"off-code": "000000"}, {"off-code": guarded[0][:5]}):
        assert browser.post("/account/second-step/off", {**right, **wrong}).status_code == 422
    assert browser.post("/account/second-step/off", right).status_code == 303
    assert Browser(app).sign_in(rina.email, PASSWORD).location == "/"
    assert notices(app, rina.id)[-1] == "second_step.off"


def test_a_new_password_does_not_get_past_the_second_step(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]], later: Later
) -> None:
    waiting = at_second_page(app, rina)
    browser = at_second_page(app, rina)
    enter(browser, shown_code(guarded[0]))
    later(seconds=30)
    new = {"current": PASSWORD, "password": "Another-knot-8!", "again": "Another-knot-8!"}
    assert browser.post("/account/password", new).status_code == 303
    assert enter(waiting, shown_code(guarded[0])).location == "/sign-in", "the old password no longer counts"
    assert Browser(app).sign_in(rina.email, "Another-knot-8!").location == "/sign-in/code"


def test_a_right_code_seals_the_secret_with_the_newest_key(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.extensions["settings"]
    newest = Fernet.generate_key().decode()
    monkeypatch.setitem(
        app.extensions, "settings", replace(settings, field_keys=(newest, *settings.field_keys))
    )
    assert enter(at_second_page(app, rina), shown_code(guarded[0])).status_code == 303
    monkeypatch.setitem(app.extensions, "settings", replace(settings, field_keys=(newest,)))
    assert secret_of(app, rina.id) == guarded[0]


def test_with_the_key_lost_a_recovery_code_still_opens(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crypto, "unseal", lambda _sealed: None)
    browser = at_second_page(app, rina)
    assert enter(browser, shown_code(guarded[0])).status_code == 422
    assert enter(browser, guarded[1][0], recovery=True).location == "/"


def test_an_administrator_resets_it_for_somebody_and_not_for_themselves(
    app: Flask, person: MakePerson, rina: Somebody, guarded: tuple[str, list[str]], later: Later
) -> None:
    boss, outsider = person("admin"), person("receptionist")
    browser, other = Browser(app), Browser(app)
    browser.sign_in(boss.email, PASSWORD)
    other.sign_in(outsider.email, PASSWORD)
    theirs = at_second_page(app, rina)
    enter(theirs, shown_code(guarded[0]))
    waiting = at_second_page(app, rina)
    assert other.post(f"/people/{rina.id}/second-step/reset").status_code == 403
    assert "on since" in browser.get(f"/people/{rina.id}").get_data(as_text=True)
    assert browser.post(f"/people/{rina.id}/second-step/reset").status_code == 303
    assert not theirs.is_signed_in()
    assert enter(waiting, shown_code(guarded[0], steps=1)).location == "/sign-in"
    assert Browser(app).sign_in(rina.email, PASSWORD).location == "/"
    assert notices(app, rina.id)[-1] == "second_step.reset"
    with app.app_context():
        reset = db.session.query(AuditEvent).filter_by(action="second_step.reset", subject_id=rina.id).one()
        assert reset.actor_id == boss.id
    turn_on(browser, boss.id)
    assert browser.post(f"/people/{boss.id}/second-step/reset").status_code == 403
    later(minutes=11)
    unsure = browser.post(f"/people/{rina.id}/second-step/reset")
    assert unsure.location == f"/account/prove?next=/people/{rina.id}", "an open browser is not enough"


def test_the_last_administrator_is_let_in_again_from_the_command_line(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    run = app.test_cli_runner().invoke
    assert run(args=["admin", "reset-second-step", "nobody@sutra.test"]).exit_code == 1
    assert run(args=["admin", "reset-second-step", rina.email.upper()]).exit_code == 0
    assert Browser(app).sign_in(rina.email, PASSWORD).location == "/"
    assert notices(app, rina.id)[-1] == "second_step.reset"


@pytest.fixture
def demanding(app: Flask, person: MakePerson) -> Iterator[Somebody]:
    """Somebody at a clinic that asks all its staff for a second step."""
    with app.app_context():
        facility = FacilityFactory(second_step_required=True)
        db.session.commit()
        facility_id = facility.id
    yield person("receptionist", facility_id=facility_id)
    with app.app_context():  # whoever works everywhere would owe it in every other test
        db.session.query(Facility).filter_by(id=facility_id).update({"second_step_required": False})
        db.session.commit()


def test_a_clinic_that_asks_for_it_lets_nothing_else_open_before(app: Flask, demanding: Somebody) -> None:
    browser = Browser(app)
    assert browser.sign_in(demanding.email, PASSWORD, next="/account").location == "/account/second-step"
    for path in ("/", "/account", "/account/passkeys", "/patients"):
        assert browser.get(path).location == "/account/second-step"
    assert "Your clinic asks everybody" in browser.get("/account/second-step").get_data(as_text=True)
    new = {"current": PASSWORD, "password": "Another-knot-8!", "again": "Another-knot-8!"}
    assert browser.post("/account/password", new).location == "/account/second-step"
    turn_on(browser, demanding.id)
    assert browser.get("/account").status_code == 200
    assert Browser(app).sign_in(demanding.email, PASSWORD).location == "/sign-in/code"


def test_leaving_is_open_to_whoever_owes_it_and_other_clinics_owe_nothing(
    app: Flask, person: MakePerson, demanding: Somebody
) -> None:
    browser = Browser(app)
    browser.sign_in(demanding.email, PASSWORD)
    browser.get("/account/second-step")
    assert browser.post("/sign-out").location == "/sign-in"
    with app.app_context():
        elsewhere = db.session.query(Facility.id).filter_by(second_step_required=False).first()[0]
    assert Browser(app).sign_in(person("receptionist", facility_id=elsewhere).email, PASSWORD).location == "/"


def test_a_manager_says_so_in_the_clinics_settings(app: Flask, person: MakePerson) -> None:
    boss = person("admin")
    browser = Browser(app)
    browser.sign_in(boss.email, PASSWORD)
    text = browser.get("/clinics/new").get_data(as_text=True)
    assert 'name="second_step_required"' in text
    data = {"name": "Third", "short_name": "T", "zone": "Asia/Kolkata", "opens": "08:00", "closes": "18:00"}
    asked = browser.post("/clinics/new", {**data, "booking_days": "60", "second_step_required": "y"})
    assert asked.status_code == 303
    with app.app_context():
        made = db.session.query(Facility).filter_by(name="Third").one()
        assert made.second_step_required
        db.session.delete(made)  # whoever works everywhere would owe it in every other test
        db.session.commit()


def test_a_notice_says_what_when_and_what_to_do(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    with app.app_context():
        message = db.session.query(Message).filter_by(kind="security_notice", recipient_id=rina.id).one()
        kind = kind_of("security_notice")
        assert kind is not None
        content = kind.load([message])[message.id]
        assert content.address == rina.email
        mail = render(message, kind, content, address=rina.email)
        assert mail.subject == "Your second step is on"
        assert "choose another password now" in mail.text
        assert guarded[0] not in mail.text


def test_no_page_asks_the_database_more_than_six_times(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]]
) -> None:
    browser, seen = at_second_page(app, rina), list[str]()
    with app.app_context():
        engine = db.engine

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    enter(browser, shown_code(guarded[0]))
    waiting = at_second_page(app, rina)
    event.listen(engine, "before_cursor_execute", note)
    try:
        waiting.get("/sign-in/code")
        assert len(seen) <= 6, seen
        for path in ("/account/second-step", "/account/passkeys", "/account/passkeys/add", "/account/prove"):
            seen.clear()
            assert browser.get(path).status_code == 200
            assert len(seen[1:]) <= 6, seen  # the first one finds the session
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("value", ["\x00", "१२३४५६", "x" * 100_000, "' OR 1=1 --", "\u202e123456", "1 2 3"])
def test_strange_codes_are_refused_and_break_nothing(
    app: Flask, rina: Somebody, guarded: tuple[str, list[str]], value: str
) -> None:
    browser = at_second_page(app, rina)
    assert enter(browser, value).status_code == 422
    assert enter(browser, value, recovery=True).status_code == 422
