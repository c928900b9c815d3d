from __future__ import annotations

import re

import pytest
from flask import Flask

from clinic.accounts.models import LoginSession, User
from clinic.accounts.service import passwords
from clinic.audit.models import AuditEvent
from clinic.core.db import db
from tests.accounts.browser import Browser
from tests.accounts.conftest import PASSWORD, Later, MakePerson


def test_right_password_opens_a_session_that_is_written_down(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    browser = Browser(app)
    answer = browser.sign_in(rina.email, PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/")
    assert browser.is_signed_in()
    with app.app_context():
        session = db.session.query(LoginSession).filter_by(user_id=rina.id).one()
        assert (session.kind, session.origin) == ("staff", browser.address)
        event = db.session.query(AuditEvent).filter_by(actor_id=rina.id, action="sign_in.done").one()
        assert (event.session_id, event.origin) == (session.id, browser.address)
        assert event.request_id


def test_e_mail_is_compared_without_case_and_blanks(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    assert Browser(app).sign_in(f"  {rina.email.upper()} ", PASSWORD).status_code == 303


@pytest.mark.usefixtures("moment")
def test_wrong_password_and_unknown_e_mail_get_the_same_page(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    browser = Browser(app)
    pages = []
    for email in (rina.email, "x" * (len(rina.email) - 12) + "@sutra.test "):
        answer = browser.sign_in(email.strip(), "Wrong-knot-7!")
        assert answer.status_code == 422
        text = answer.get_data(as_text=True)
        pages.append(text.replace(email.strip(), "E").replace(browser.token, "T"))
    assert pages[0] == pages[1]


def test_unknown_e_mail_costs_one_hashing_as_well(
    app: Flask, person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    rina = person("receptionist")
    verified: list[str] = []
    real = passwords.hasher

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            verified.append(kept[:40])
            return real.verify(kept, password)

        def hash(self, password: str) -> str:
            return real.hash(password)

    monkeypatch.setattr(passwords, "hasher", Counting())
    for email in (rina.email, "nobody-at-all@sutra.test"):
        Browser(app).sign_in(email, "Wrong-knot-7!")
    assert len(verified) == 2
    assert verified[0].split("$")[:4] == verified[1].split("$")[:4], "another cost would tell them apart"


def test_deactivated_person_and_patient_do_not_get_in_by_password(app: Flask, person: MakePerson) -> None:
    stopped, patient = person("receptionist", active=False), person("patient")
    for who in (stopped, patient):
        assert Browser(app).sign_in(who.email, PASSWORD).status_code == 422


def test_failed_sign_in_is_written_down_without_what_was_typed(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    Browser(app).sign_in(rina.email, "Wrong-knot-7!")
    with app.app_context():
        event = db.session.query(AuditEvent).filter_by(action="sign_in.failed", subject_id=rina.id).one()
        assert event.outcome == "refused"
        assert rina.email not in str(event.detail)
        assert "Wrong" not in str(event.detail)


def test_five_wrong_passwords_ask_for_patience_and_keep_what_was_typed(
    app: Flask, person: MakePerson
) -> None:
    rina = person("receptionist")
    browser = Browser(app)
    statuses = [browser.sign_in(rina.email, "Wrong-knot-7!").status_code for _ in range(5)]
    assert statuses == [422] * 5
    slowed = browser.sign_in(rina.email, PASSWORD)
    assert slowed.status_code == 429
    assert 1 <= int(slowed.headers["Retry-After"]) <= 15
    text = slowed.get_data(as_text=True)
    assert re.search(r"Wait 1\d seconds", text)
    assert rina.email in text
    assert PASSWORD not in text


def test_after_the_wait_the_right_password_opens(app: Flask, person: MakePerson, later: Later) -> None:
    rina = person("receptionist")
    browser = Browser(app)
    for _ in range(5):
        browser.sign_in(rina.email, "Wrong-knot-7!")
    later(seconds=16)
    assert browser.sign_in(rina.email, PASSWORD).status_code == 303


def test_nobody_waits_longer_than_fifteen_minutes(app: Flask, person: MakePerson, later: Later) -> None:
    rina = person("receptionist")
    browser = Browser(app)
    tried = 0
    while tried < 10:
        answer = browser.sign_in(rina.email, "Wrong-knot-7!")
        if answer.status_code == 429:
            later(seconds=int(answer.headers["Retry-After"]))
        else:
            tried += 1
    slowed = browser.sign_in(rina.email, PASSWORD)
    assert slowed.status_code == 429
    assert int(slowed.headers["Retry-After"]) <= 900
    later(seconds=int(slowed.headers["Retry-After"]))
    assert browser.sign_in(rina.email, PASSWORD).status_code == 303


def test_somebody_guessing_elsewhere_shuts_nobody_out(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    stranger = Browser(app)
    for _ in range(7):
        stranger.sign_in(rina.email, "Wrong-knot-7!")
    assert stranger.sign_in(rina.email, PASSWORD).status_code == 429
    assert Browser(app).sign_in(rina.email, PASSWORD).status_code == 303
    assert Browser(app, stranger.address).sign_in(rina.email, PASSWORD).status_code == 303


def test_new_cookies_buy_a_guesser_little(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    own = Browser(app, "10.250.1.1")
    own.sign_in(rina.email, PASSWORD)
    statuses = [
        Browser(app, "10.250.1.1").sign_in(rina.email, "Wrong-knot-7!").status_code for _ in range(32)
    ]
    assert statuses[:29] == [422] * 29
    assert statuses[-1] == 429
    assert own.sign_in(rina.email, PASSWORD).status_code == 303, "a browser that is known goes on"


def test_one_address_has_a_cap_whatever_it_tries(
    app: Flask, person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clinic.accounts.service.attempts.TRIES_PER_ORIGIN", 3)
    rina = person("receptionist")
    for number in range(3):
        Browser(app, "10.250.0.1").sign_in(f"guess{number}@sutra.test", "Wrong-knot-7!")
    assert Browser(app, "10.250.0.1").sign_in(rina.email, PASSWORD).status_code == 429
    assert Browser(app, "10.250.0.2").sign_in(rina.email, PASSWORD).status_code == 303


def test_forwarded_addresses_count_only_behind_a_known_proxy(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    browser = Browser(app)
    browser.get("/sign-in")
    browser.post(
        "/sign-in",
        {"email": rina.email, "password": PASSWORD},
        headers={"X-Forwarded-For": "203.0.113.9"},
    )
    with app.app_context():
        assert db.session.query(LoginSession).filter_by(user_id=rina.id).one().origin == browser.address


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/calendar?view=week", "/calendar?view=week"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a\nb", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_next_stays_on_the_site(app: Flask, person: MakePerson, target: str, expected: str) -> None:
    rina = person("receptionist")
    answer = Browser(app).sign_in(rina.email, PASSWORD, next=target)
    assert answer.location == expected


def test_outdated_hash_is_renewed_at_the_next_sign_in(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    weak = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with app.app_context():
        db.session.query(User).filter_by(id=rina.id).update({"password_hash": weak})
        db.session.commit()
    assert Browser(app).sign_in(rina.email, PASSWORD).status_code == 303
    with app.app_context():
        kept = db.session.query(User).filter_by(id=rina.id).one().password_hash
        assert kept is not None
        assert kept != weak
        assert not passwords.is_outdated(kept)


@pytest.mark.parametrize(
    "value", ["\x00", "a\x00b@sutra.test", "\ud800", "x" * 1_000_000, "𝕏\u202e@", "'; --"]
)
def test_strange_input_is_refused_and_breaks_nothing(app: Flask, value: str) -> None:
    browser = Browser(app)
    browser.get("/sign-in")
    raw = value.encode("utf-8", "surrogatepass").decode("latin-1")
    for field in ("email", "password"):
        data = {"email": "a@sutra.test", "password": "x", field: raw}
        assert browser.post("/sign-in", data).status_code in (400, 422)
    assert browser.post("/portal/sign-in", {"mobile": raw}).status_code in (400, 422)
    assert browser.post("/forgot", {"email": raw}).status_code in (303, 400, 422)
