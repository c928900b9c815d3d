"""Whether somebody is still signed in, and signing in again over a page that was drawn for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.accounts.models import LoginSession, User
from clinic.accounts.service import passwords
from clinic.accounts.views.still_here import _proof
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from tests.factories import FacilityFactory, UserFactory, grant

PASSWORD = "Thread-knot-7!"
pytestmark = pytest.mark.usefixtures("session")
SignIn = Callable[..., FlaskClient]


def somebody() -> User:
    user = UserFactory(password_hash=passwords.hashed(PASSWORD))
    return grant(user, Role.PRACTITIONER, facility=FacilityFactory())


def session_of(user: User) -> LoginSession:
    found = db.session.scalars(
        select(LoginSession).where(LoginSession.user_id == user.id, LoginSession.ended_at.is_(None))
    ).one()
    db.session.refresh(found)
    return found


def test_asking_on_a_timer_extends_nothing_and_staying_does(sign_in: SignIn) -> None:
    user = somebody()
    client = sign_in(user)
    row = session_of(user)
    row.last_seen_at = before = clock.now() - timedelta(minutes=28)
    db.session.commit()
    said = client.get("/session", headers={"Sutra-Refresh": "timer"}).json
    assert (said["person"], 60 < said["seconds"] <= 120) == (user.id, True)
    assert session_of(user).last_seen_at == before
    assert client.post("/session/stay").json["seconds"] > 1700


def test_nobody_signed_in_is_said_so_with_a_token(client: FlaskClient) -> None:
    said = client.get("/session").json
    assert said["person"] is None
    assert said["csrf"]


def test_only_the_person_a_page_was_drawn_for_gets_in_and_only_by_their_password(client: FlaskClient) -> None:
    user, other = somebody(), somebody()
    db.session.commit()
    wrong = client.post("/session", data={"again": f"{user.id}-{_proof(user.id)}", "password": "wrong"})
    assert wrong.status_code == 422
    forged = client.post("/session", data={"again": f"{other.id}-{_proof(user.id)}", "password": PASSWORD})
    assert forged.status_code == 422
    assert client.get("/session").json["person"] is None
    right = client.post("/session", data={"again": f"{user.id}-{_proof(user.id)}", "password": PASSWORD})
    assert right.json["person"] == user.id
    assert client.get("/session").json["person"] == user.id
