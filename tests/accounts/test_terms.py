from __future__ import annotations

import pytest
from flask import Flask

from clinic.accounts import terms
from clinic.accounts.models import User
from clinic.audit.models import AuditEvent
from clinic.core.db import db
from tests.accounts.browser import Browser, latest_code
from tests.accounts.conftest import PASSWORD, MakePerson, new_mobile


def newcomer(app: Flask, person: MakePerson) -> tuple[Browser, int]:
    rina, browser = person("receptionist", agreed=False), Browser(app)
    browser.get("/sign-in")
    browser.post("/sign-in", {"email": rina.email, "password": PASSWORD})
    browser.get("/terms")
    return browser, rina.id


def test_everybody_may_read_the_terms_in_their_language(app: Flask) -> None:
    browser = Browser(app)
    text = browser.get("/terms").get_data(as_text=True)
    assert "Who may use this" in text
    assert "I have read this and agree" not in text, "nobody is there to agree"
    browser.post("/locale", {"locale": "hi", "next": "/terms"})
    assert "कौन इसका उपयोग कर सकता है" in browser.get("/terms").get_data(as_text=True)


def test_every_version_has_its_text_in_every_language(app: Flask) -> None:
    for version in terms.VERSIONS:
        with app.test_request_context():
            texts = {app.jinja_env.get_template(terms.text_of(version, one)).render() for one in ("en", "hi")}
        assert len(texts) == 2, version
        assert all(len(text) > 500 for text in texts), version


def test_staff_agree_before_anything_else_and_go_on_to_where_they_were_going(
    app: Flask, person: MakePerson
) -> None:
    browser, user_id = newcomer(app, person)
    assert browser.get("/today?lane=done").location == "/terms?next=/today?lane%3Ddone"
    assert browser.post("/account/sessions/end-others").location == "/terms"
    fragment = browser.get("/today", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (204, "/terms?next=/today")
    browser.get("/terms")
    answer = browser.post("/terms", {"version": terms.CURRENT, "next": "/account"})
    assert answer.location == "/account"
    assert browser.is_signed_in()
    with app.app_context():
        user = db.session.get_one(User, user_id)
        assert user.terms_accepted_version == terms.CURRENT
        event = db.session.query(AuditEvent).filter_by(action="terms.accepted", actor_id=user_id).one()
        assert event.detail == {"version": terms.CURRENT}


def test_who_has_not_agreed_can_sign_out_and_choose_a_language(app: Flask, person: MakePerson) -> None:
    browser, _user_id = newcomer(app, person)
    assert browser.post("/locale", {"locale": "hi", "next": "/terms"}).location == "/terms"
    assert browser.post("/sign-out").location == "/sign-in"


def test_a_new_version_asks_again_and_costs_nothing_that_was_typed(
    app: Flask, person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(app)
    browser.sign_in(person("receptionist").email, PASSWORD)
    monkeypatch.setattr(terms, "CURRENT", "2027-01")
    monkeypatch.setattr(terms, "text_of", lambda _version, _locale: "terms/2026-11/en.html")
    wrong = {"current": "x", "password": "Another-knot-8!", "again": "Another-knot-8!"}
    assert browser.post("/account/password", wrong).status_code == 422, "a form on its way is heard"
    assert browser.get("/account").location == "/terms?next=/account"
    assert "The terms have changed" in browser.get("/terms").get_data(as_text=True)
    assert browser.post("/terms", {"version": "2026-11"}).status_code == 409, "the text they saw is over"
    assert browser.post("/terms", {"version": "2027-01", "next": "//evil.example"}).location == "/"
    assert browser.is_signed_in()


def test_the_list_of_people_says_who_agreed(app: Flask, person: MakePerson) -> None:
    asked, agreed = person("receptionist", agreed=False), person("receptionist")
    office = Browser(app)
    office.sign_in(person("admin").email, PASSWORD)
    assert "not agreed yet" in office.get(f"/people/{asked.id}").get_data(as_text=True)
    assert "agreed on" in office.get(f"/people/{agreed.id}").get_data(as_text=True)


def test_a_patient_agrees_at_the_same_place(app: Flask) -> None:
    browser, mobile = Browser(app), new_mobile()
    browser.ask_for_code(mobile)
    browser.enter_code(latest_code(app, mobile))
    assert "I have read this and agree" in browser.get("/terms").get_data(as_text=True)
    assert browser.post("/terms", {"version": terms.CURRENT, "next": "/portal"}).location == "/portal"
    assert "I have read this and agree" not in browser.get("/terms").get_data(as_text=True)
