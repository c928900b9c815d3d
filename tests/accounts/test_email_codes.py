"""Signing in by e-mail: a second way for those who confirmed an address; others learn nothing."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import event

from clinic.accounts import messages
from clinic.accounts.models import CodePurpose, LoginSession, OneTimeCode, SignInEmail
from clinic.accounts.service import codes, households
from clinic.core import crypto
from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.notifications.models import Message
from clinic.notifications.registry import kind_of
from clinic.notifications.rendering import render
from tests.accounts.browser import Browser, latest_code
from tests.accounts.conftest import Later, MakePerson, Somebody, new_mobile


def confirmed(app: Flask, person: Somebody, email: str) -> None:
    actor = Actor(user_id=person.id, name=person.name, roles=frozenset({Role.PATIENT}))
    with app.app_context(), unit_of_work():
        households.add_sign_in_email(actor, email)


def ask(browser: Browser, email: str) -> tuple[int, str | None]:
    browser.get("/portal/sign-in/email")
    answer = browser.post("/portal/sign-in/email", {"email": email})
    return answer.status_code, answer.location


def latest_mail(app: Flask, email: str) -> tuple[OneTimeCode, Message, str]:
    with app.app_context():
        row = db.session.query(OneTimeCode).filter_by(email=email).order_by(OneTimeCode.id.desc()).first()
        assert row is not None
        message = db.session.query(Message).filter_by(dedupe_key=f"code:{row.id}").one()
        digits = crypto.unseal(message.secret or "")
    assert digits is not None
    return row, message, digits


def test_a_confirmed_address_opens_its_household_as_a_patient(app: Flask, person: MakePerson) -> None:
    somebody, email = person("patient", "admin"), "asha@families.test"
    confirmed(app, somebody, email)
    browser = Browser(app)
    assert ask(browser, "  Asha@Families.test ") == (303, "/portal/code")
    row, message, digits = latest_mail(app, email)
    assert (row.purpose, row.mobile, message.kind, message.channel) == (
        "sign_in",
        None,
        "email_code",
        "email",
    )
    assert digits not in row.code_hash
    assert re.fullmatch(r"\d{6}", digits)
    assert browser.enter_code(digits).location == "/portal"
    with app.app_context():
        assert db.session.query(LoginSession).filter_by(user_id=somebody.id).one().kind == "patient"
    assert browser.get("/people").status_code == 403, "no staff roles by code"


@pytest.mark.usefixtures("moment")
def test_known_and_unknown_address_get_the_same_pages_and_cost_the_same(
    app: Flask, person: MakePerson
) -> None:
    confirmed(app, person("patient"), "known@families.test")
    pages, costs = [], []
    for email in ("known@families.test", "other@families.test"):
        browser, seen = Browser(app), list[str]()
        browser.get("/portal/sign-in/email")

        def note(
            _connection: object,
            _cursor: object,
            statement: str,
            *_rest: object,
            seen: list[str] = seen,
        ) -> None:
            seen.append(re.sub(r"\s+", " ", statement))

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            asked = browser.post("/portal/sign-in/email", {"email": email})
        finally:
            event.remove(engine, "before_cursor_execute", note)
        shown = browser.get("/portal/code").get_data(as_text=True)
        wrong = browser.enter_code("000000").get_data(as_text=True)
        tidy = [text.replace(email, "N").replace(browser.token, "T") for text in (shown, wrong)]
        tidy = [
            re.sub(r'data-csrf="[^"]*"|value="[^"]{20,}"|X-CSRFToken": "[^"]*"', "", text) for text in tidy
        ]
        pages.append((asked.status_code, asked.location, asked.get_data(), *tidy))
        costs.append(seen)
    assert pages[0] == pages[1]
    assert costs[0] == costs[1], "the same statements in the same order"
    assert not [line for line in costs[0] if "sign_in_emails" in line], "nobody is looked up while asking"


def test_only_the_worker_sees_that_an_address_is_nobodys(app: Flask, person: MakePerson) -> None:
    confirmed(app, person("patient"), "reached@families.test")
    for email, address in (
        ("reached@families.test", "reached@families.test"),
        ("nobody@families.test", None),
    ):
        ask(Browser(app), email)
        _row, message, _digits = latest_mail(app, email)
        with app.app_context():
            content = messages._load_codes([message])[message.id]
            assert content.address == address


def test_even_the_right_digits_open_nothing_for_an_address_nobody_confirmed(app: Flask) -> None:
    browser = Browser(app)
    ask(browser, "stranger@families.test")
    _row, _message, digits = latest_mail(app, "stranger@families.test")
    answer = browser.enter_code(digits)
    assert answer.status_code == 422
    assert "no longer works" in answer.get_data(as_text=True)
    assert not browser.is_signed_in()


def test_an_address_somebody_else_confirms_opens_only_theirs_from_then_on(
    app: Flask, person: MakePerson
) -> None:
    first, second, email = person("patient"), person("patient"), "moved@families.test"
    confirmed(app, first, email)
    confirmed(app, second, email)
    with app.app_context():
        assert [row.user_id for row in db.session.query(SignInEmail).filter_by(email=email)] == [second.id]


def test_addresses_have_the_caps_that_numbers_have(app: Flask, later: Later) -> None:
    statuses = [ask(Browser(app), "often@families.test")[0] for _ in range(6)]
    assert statuses == [303] * 5 + [429]
    origin = [ask(Browser(app, "10.252.0.1"), f"m{n}@families.test")[0] for n in range(31)]
    assert origin == [303] * 30 + [429]


@pytest.mark.parametrize(
    "typed", ["", "x", "a@b", "a b@c.in", "x" * 300 + "@c.in", "\x00@a.in", "a@b.in\nBcc: c@d.in"]
)
def test_what_is_no_address_is_refused(app: Flask, typed: str) -> None:
    assert ask(Browser(app), typed)[0] in (422, 303)
    with app.app_context():
        assert not [row for row in db.session.query(OneTimeCode) if row.email and "\n" in row.email]


def test_a_code_for_one_purpose_is_wrong_for_another(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    mobile, browser = new_mobile(), "b" * 64
    actor = Actor(user_id=None, name="", origin="10.253.0.1")
    with app.app_context():
        with unit_of_work():
            codes.send_code(
                actor,
                address=mobile,
                browser=browser,
                locale="en",
                per_day=10_000,
                purpose=CodePurpose.CONFIRM,
            )
        digits = latest_code(app, mobile)
        with unit_of_work():
            tried = codes.check_code(actor, address=mobile, browser=browser, typed=digits)
            assert tried is codes.Answer.OVER, "no sign-in by it"
        with unit_of_work():
            answer = codes.check_code(
                actor, address=mobile, browser=browser, typed=digits, purpose=CodePurpose.CONFIRM
            )
        assert answer is codes.Answer.RIGHT


def test_the_text_message_ends_with_what_browsers_read(app: Flask) -> None:
    mobile = new_mobile()
    Browser(app).ask_for_code(mobile)
    digits = latest_code(app, mobile)
    with app.app_context():
        row = db.session.query(OneTimeCode).filter_by(mobile=mobile).one()
        message = db.session.query(Message).filter_by(dedupe_key=f"code:{row.id}").one()
        kind = kind_of("one_time_code")
        assert kind is not None
        content = kind.load([message])[message.id]
        text = render(message, kind, content, address=mobile).text
    assert text.splitlines()[-1] == f"@localhost #{digits}"
    assert len(text.splitlines()) == 2
