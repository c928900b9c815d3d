from __future__ import annotations

import threading

import pytest
from flask import Flask

from clinic.accounts.cli import create_admin_link
from clinic.accounts.models import AccountLink, User
from clinic.core.db import db
from clinic.notifications.models import Message
from tests.accounts.browser import Browser, latest_link
from tests.accounts.conftest import PASSWORD, Later, MakePerson

NEW = {"password": "Another-knot-8!", "again": "Another-knot-8!"}


def asked_reset(app: Flask, user_id: int, email: str) -> str:
    assert Browser(app).post("/forgot", {"email": email}).status_code == 303
    return f"/reset/{latest_link(app, user_id, 'password_reset')}"


def test_reset_sets_a_password_and_signs_out_everywhere(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    device = Browser(app)
    device.sign_in(rina.email, PASSWORD)
    link, browser = asked_reset(app, rina.id, rina.email), Browser(app)
    assert browser.get(link).status_code == 200
    assert browser.post(link, NEW).location == "/sign-in"
    assert not device.is_signed_in()
    assert Browser(app).sign_in(rina.email, NEW["password"]).status_code == 303


def test_looking_at_a_link_spends_nothing(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    link = asked_reset(app, rina.id, rina.email)
    for _ in range(3):
        preview = Browser(app)
        assert preview.get(link).status_code == 200
        preview.client.head(link)
    assert Browser(app).post(link, NEW).status_code == 303


def test_link_works_once(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    link, browser = asked_reset(app, rina.id, rina.email), Browser(app)
    browser.post(link, NEW)
    assert browser.post(link, NEW).status_code == 404
    assert browser.get(link).status_code == 404


def test_link_sent_twenty_times_at_once_works_once(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    link, browser = asked_reset(app, rina.id, rina.email), Browser(app)
    browser.get(link)
    barrier, statuses = threading.Barrier(20), []

    def send() -> None:
        client = app.test_client()
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], browser.cookie())
        barrier.wait()
        statuses.append(client.post(link, data={**NEW, "csrf_token": browser.token}).status_code)

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303] + [404] * 19


def test_reset_is_good_for_an_hour(app: Flask, person: MakePerson, later: Later) -> None:
    rina = person("receptionist")
    link = asked_reset(app, rina.id, rina.email)
    later(minutes=59)
    assert Browser(app).get(link).status_code == 200
    later(minutes=2)
    assert Browser(app).post(link, NEW).status_code == 404


def test_a_newer_reset_kills_the_older(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    older = asked_reset(app, rina.id, rina.email)
    newer = asked_reset(app, rina.id, rina.email)
    assert Browser(app).get(older).status_code == 404
    assert Browser(app).get(newer).status_code == 200


def test_weak_password_leaves_the_link_alone(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    link, browser = asked_reset(app, rina.id, rina.email), Browser(app)
    assert browser.post(link, {"password": "weak", "again": "weak"}).status_code == 422
    assert browser.post(link, {**NEW, "again": "Something-else-9!"}).status_code == 422
    assert browser.post(link, NEW).status_code == 303


def test_known_and_unknown_e_mail_get_the_same_answer(app: Flask, person: MakePerson) -> None:
    answers = []
    for email in (person("receptionist").email, "nobody@sutra.test", person("patient").email):
        answer = Browser(app).post("/forgot", {"email": email})
        answers.append((answer.status_code, answer.location, answer.get_data()))
    assert answers[0] == answers[1] == answers[2]


def test_neither_patients_nor_stopped_people_are_mailed(app: Flask, person: MakePerson) -> None:
    for who in (person("patient"), person("receptionist", active=False)):
        Browser(app).post("/forgot", {"email": who.email})
        with app.app_context():
            assert (
                db.session.query(Message).filter_by(kind="password_reset", recipient_id=who.id).count() == 0
            )


def test_mail_flood_is_bounded_without_telling(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    statuses = {Browser(app).post("/forgot", {"email": rina.email}).status_code for _ in range(8)}
    assert statuses == {303}
    with app.app_context():
        assert db.session.query(Message).filter_by(kind="password_reset", recipient_id=rina.id).count() == 5


def test_token_is_kept_only_as_a_hash(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    token = asked_reset(app, rina.id, rina.email).rsplit("/", 1)[1]
    with app.app_context():
        link = db.session.query(AccountLink).filter_by(user_id=rina.id).one()
        assert token not in (link.token_hash, link.purpose)
        message = db.session.query(Message).filter_by(kind="password_reset", recipient_id=rina.id).one()
        assert token not in (message.secret or "")


def test_a_reset_is_no_invitation(app: Flask, person: MakePerson) -> None:
    rina = person("receptionist")
    link = asked_reset(app, rina.id, rina.email).replace("/reset/", "/invitation/")
    assert Browser(app).post(link, NEW).status_code == 404


def test_invitation_is_good_for_seven_days_and_signs_in(app: Flask, person: MakePerson, later: Later) -> None:
    office = Browser(app)
    office.sign_in(person("admin").email, PASSWORD)
    form = {"name": "Nila Rao", "email": "Nila.Rao@Sutra.test", "grants": ["receptionist"]}
    answer = office.post("/people/invite", form)
    user_id = int(answer.location.rsplit("/", 1)[1])
    link = f"/invitation/{latest_link(app, user_id, 'staff_invitation')}"
    later(days=6, hours=23)
    browser = Browser(app)
    assert "nila.rao@sutra.test" in browser.get(link).get_data(as_text=True)
    assert browser.post(link, NEW).location == "/"
    browser.agree()
    assert browser.is_signed_in()
    later(days=8)
    assert Browser(app).post(link, NEW).status_code == 404


def test_invitation_is_over_after_seven_days(app: Flask, person: MakePerson, later: Later) -> None:
    office = Browser(app)
    office.sign_in(person("admin").email, PASSWORD)
    form = {"name": "Late Rao", "email": "late.rao@sutra.test", "grants": ["receptionist"]}
    user_id = int(office.post("/people/invite", form).location.rsplit("/", 1)[1])
    link = f"/invitation/{latest_link(app, user_id, 'staff_invitation')}"
    later(days=7, minutes=1)
    assert Browser(app).post(link, NEW).status_code == 404


def test_first_administrator_comes_by_a_link_from_the_command_line(app: Flask) -> None:
    with app.app_context():
        address = create_admin_link("First@Sutra.test", "First Admin", public_url="https://clinic.example")
        assert (
            db.session.query(Message)
            .filter_by(kind="staff_invitation")
            .filter(
                Message.recipient_id
                == db.session.query(User.id).filter_by(email="first@sutra.test").scalar_subquery()
            )
            .count()
            == 0
        ), "the link is printed, not mailed"
    assert address.startswith("https://clinic.example/invitation/")
    browser = Browser(app)
    path = address.removeprefix("https://clinic.example")
    assert browser.post(path, NEW).status_code == 303
    browser.agree()
    assert browser.get("/people").status_code == 200


@pytest.mark.parametrize("token", ["x", "a" * 5000, "%00", "%F0%9F%8C%BF"])
def test_made_up_tokens_are_no_links(app: Flask, token: str) -> None:
    for kind in ("reset", "invitation"):
        assert Browser(app).get(f"/{kind}/{token}").status_code == 404
        assert Browser(app).post(f"/{kind}/{token}", NEW).status_code == 404
