from __future__ import annotations

import pytest
from flask import Flask

from clinic.accounts.models import AccountLink, User
from clinic.accounts.service.links import INVITATION, new_link
from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.notifications.models import Message
from tests.accounts.browser import Browser, latest_link
from tests.accounts.conftest import PASSWORD, Later, MakePerson, Somebody

NEW = {"password": "Another-knot-8!", "again": "Another-knot-8!"}


def at_home(app: Flask, somebody: Somebody) -> Browser:
    browser = Browser(app)
    assert browser.sign_in(somebody.email, PASSWORD).status_code == 303
    return browser


def user_of(app: Flask, user_id: int) -> User:
    with app.app_context():
        user = db.session.get_one(User, user_id)
        db.session.expunge(user)
        return user


def mails(app: Flask, user_id: int, kind: str) -> list[str | None]:
    with app.app_context():
        rows = db.session.query(Message).filter_by(recipient_id=user_id, kind=kind).order_by(Message.id)
        return [row.address for row in rows]


def change(browser: Browser, email: str, password: str = PASSWORD) -> int:
    return browser.post("/account/email", {"new_email": email, "password": password}).status_code


def link_of(app: Flask, somebody: Somebody) -> str:
    return f"/confirm-email/{latest_link(app, somebody.id, 'verify_email')}"


def test_present_address_is_confirmed_by_a_link(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    browser = at_home(app, rina)
    assert "not confirmed" in browser.get("/account").get_data(as_text=True)
    assert browser.post("/account/email/link").status_code == 303
    assert mails(app, rina.id, "verify_email") == [rina.email]
    link, phone = link_of(app, rina), Browser(app)
    for _number in range(2):
        assert phone.get(link).status_code == 200
        phone.client.head(link)
    assert user_of(app, rina.id).email_verified_at is None, "looking spends nothing"
    assert phone.post(link).location == "/sign-in"
    assert user_of(app, rina.id).email_verified_at is not None
    assert phone.post(link).status_code == 404
    assert phone.get(link).status_code == 404
    assert "not confirmed" not in browser.get("/account/email").get_data(as_text=True)
    assert browser.post("/account/email/link").status_code == 409


def test_link_is_good_for_an_hour_and_dead_once_another_is_asked_for(
    app: Flask, person: MakePerson, later: Later
) -> None:
    rina = person("receptionist")
    browser = at_home(app, rina)
    browser.post("/account/email/link")
    first = link_of(app, rina)
    browser.post("/account/email/link")
    assert browser.post(first).status_code == 404
    second = link_of(app, rina)
    later(minutes=61)
    assert Browser(app).post(second).status_code == 404


def test_another_address_takes_effect_when_its_link_is_opened(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    browser, new = at_home(app, rina), f"new.{rina.email}"
    assert change(browser, new.upper()) == 303
    assert mails(app, rina.id, "verify_email") == [new]
    assert mails(app, rina.id, "email_changing") == [rina.email], "the old address is told"
    assert new in browser.get("/account/email").get_data(as_text=True)
    assert user_of(app, rina.id).email == rina.email
    link = link_of(app, rina)
    assert browser.get(link).status_code == 200
    assert browser.post(link).location == "/account/email"
    user = user_of(app, rina.id)
    assert (user.email, user.email_verified_at is not None) == (new, True)
    assert Browser(app).sign_in(rina.email, PASSWORD).status_code == 422
    assert Browser(app).sign_in(new, PASSWORD).status_code == 303


def test_stranger_who_got_the_link_by_a_slip_of_the_finger_confirms_nothing(
    app: Flask, person: MakePerson
) -> None:
    rina, other = person("receptionist"), person("receptionist")
    change(at_home(app, rina), f"slip.{rina.email}")
    link = link_of(app, rina)
    stranger, colleague = Browser(app), at_home(app, other)
    assert "Only they can confirm it" in stranger.get(link).get_data(as_text=True)
    assert stranger.post(link).status_code == 403
    assert colleague.post(link).status_code == 403
    assert user_of(app, rina.id).email == rina.email
    assert at_home(app, rina).post(link).status_code == 303


def test_change_asks_for_the_password_and_for_an_address_that_is_free(app: Flask, person: MakePerson) -> None:
    rina, other = person("receptionist"), person("receptionist")
    browser = at_home(app, rina)
    new = f"new.{rina.email}"
    assert change(browser, new, "Wrong-knot-7!") == 422
    assert change(browser, "nothing") == 422
    assert change(browser, rina.email) == 422
    answer = browser.post("/account/email", {"new_email": other.email, "password": PASSWORD})
    assert answer.status_code == 409
    text = answer.get_data(as_text=True)
    assert other.email in text
    assert "can sign in already" in text
    assert mails(app, rina.id, "verify_email") == []


def test_mails_to_new_addresses_are_counted(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    browser = at_home(app, rina)
    statuses = [change(browser, f"n{number}.{rina.email}") for number in range(6)]
    assert statuses == [303] * 5 + [429]


def test_present_address_can_be_kept_after_all(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    browser = at_home(app, rina)
    change(browser, f"new.{rina.email}")
    link = link_of(app, rina)
    assert browser.post("/account/email/keep").status_code == 303
    assert browser.post(link).status_code == 404
    assert user_of(app, rina.id).email == rina.email


def test_address_somebody_took_meanwhile_is_said(app: Flask, person: MakePerson) -> None:
    rina, other = person("receptionist"), person("receptionist")
    browser, wanted = at_home(app, rina), f"new.{rina.email}"
    change(browser, wanted)
    with app.app_context(), unit_of_work():
        db.session.get_one(User, other.id).email = wanted
    answer = browser.post(link_of(app, rina))
    assert answer.status_code == 409
    assert "can sign in already" in answer.get_data(as_text=True)


def test_links_to_the_old_address_are_dead_after_a_change(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    Browser(app).post("/forgot", {"email": rina.email})
    reset = f"/reset/{latest_link(app, rina.id, 'password_reset')}"
    browser = at_home(app, rina)
    change(browser, f"new.{rina.email}")
    browser.post(link_of(app, rina))
    assert Browser(app).get(reset).status_code == 404


def test_new_password_by_mail_proves_the_address_and_ends_a_change_asked_for_before(
    app: Flask, person: MakePerson
) -> None:
    rina = person("receptionist")
    change(at_home(app, rina), f"thief.{rina.email}")
    link = link_of(app, rina)
    Browser(app).post("/forgot", {"email": rina.email})
    reset = f"/reset/{latest_link(app, rina.id, 'password_reset')}"
    assert Browser(app).post(reset, NEW).status_code == 303
    user = user_of(app, rina.id)
    assert (user.email, user.email_verified_at is not None) == (rina.email, True)
    browser = Browser(app)
    browser.sign_in(rina.email, NEW["password"])
    assert browser.post(link).status_code == 404


@pytest.mark.parametrize("mail", [True, False])
def test_invitation_by_mail_proves_the_address_and_one_handed_over_does_not(
    app: Flask, person: MakePerson, mail: bool
) -> None:
    nila = person("receptionist", has_password=False)
    with app.app_context(), unit_of_work():
        user = db.session.get_one(User, nila.id)
        token = new_link(SYSTEM, user, INVITATION, mail=mail)
    assert Browser(app).post(f"/invitation/{token}", NEW).status_code == 303
    assert (user_of(app, nila.id).email_verified_at is not None) == mail
    assert mails(app, nila.id, "verify_email") == ([] if mail else [nila.email]), "so it is asked for by mail"


@pytest.mark.parametrize("active", [True, False])
def test_link_of_somebody_who_was_stopped_confirms_nothing(
    app: Flask, person: MakePerson, active: bool
) -> None:
    rina = person("receptionist")
    at_home(app, rina).post("/account/email/link")
    with app.app_context(), unit_of_work():
        db.session.get_one(User, rina.id).active = active
    assert Browser(app).post(link_of(app, rina)).status_code == (303 if active else 404)


def test_only_the_hash_of_a_link_is_kept(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    at_home(app, rina).post("/account/email/link")
    token = latest_link(app, rina.id, "verify_email")
    with app.app_context():
        row = db.session.query(AccountLink).filter_by(user_id=rina.id, purpose="verify_email").one()
        assert token not in (row.token_hash, row.email)
        assert row.expires_at > clock.now()
