from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask

from clinic.accounts import terms
from clinic.accounts.models import User
from clinic.accounts.service import grant_role, passwords
from clinic.app import create_app
from clinic.config import Environment, Settings
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from tests.conftest import make_settings
from tests.factories import FacilityFactory

PASSWORD = "Thread-knot-7!"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Somebody:
    id: int
    name: str
    email: str
    mobile: str


MakePerson = Callable[..., Somebody]
Later = Callable[..., None]


def new_mobile() -> str:
    """A mobile nobody had in another test."""
    return f"+9190{next(_numbers):08d}"


@pytest.fixture(scope="session")
def accounts_app(make_database: Callable[[str], str], worker_number: int) -> Flask:
    app = create_app(make_settings(make_database("accounts"), worker_number))
    with app.app_context(), unit_of_work():
        FacilityFactory()
    return app


@pytest.fixture
def app(accounts_app: Flask) -> Flask:
    """The application as it runs: every commit is one, threads see each other, forms need their token."""
    return accounts_app


@pytest.fixture(scope="session", autouse=True)
def cheap_hashing() -> Iterator[None]:
    """Argon2 with its least cost: what is tried here is the order of things, not the strength of a hash."""
    before, passwords.hasher = passwords.hasher, PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    yield
    passwords.hasher = before


@pytest.fixture(scope="session")
def password_hash(cheap_hashing: None) -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
def person(app: Flask, password_hash: str) -> MakePerson:
    """Makes somebody with these roles, committed, with an e-mail nobody else has."""

    def make(
        *roles: str,
        active: bool = True,
        facility_id: int | None = None,
        has_password: bool = True,
        agreed: bool = True,
    ) -> Somebody:
        number = next(_numbers)
        with app.app_context():
            with unit_of_work():
                user = User(
                    name=f"Person {number}",
                    email=f"person{number}@sutra.test",
                    mobile=new_mobile(),
                    password_hash=password_hash if has_password else None,
                    locale="en",
                    active=active,
                    terms_accepted_version=terms.CURRENT if agreed else None,
                    terms_accepted_at=clock.now() if agreed else None,
                )
                db.session.add(user)
                db.session.flush()
                for role in roles:
                    grant_role(user, Role(role), facility_id=facility_id)
            assert user.email
            assert user.mobile
            return Somebody(user.id, user.name, user.email, user.mobile)

    return make


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Moves the clock on; the movements add up."""
    shift = timedelta(0)

    def move(**by: float) -> None:
        nonlocal shift
        shift += timedelta(**by)

    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + shift)
    return move


@pytest.fixture(scope="session")
def production_app(accounts_app: Flask) -> Flask:
    settings: Settings = accounts_app.extensions["settings"]
    return create_app(
        replace(
            settings,
            environment=Environment.PRODUCTION,
            public_url="https://clinic.example",
            sms_transport="twilio",
            email_transport="smtp",
            twilio_account_sid="AC",
            twilio_auth_token="x",
            twilio_from="+15005550006",
            smtp_url="smtp://127.0.0.1:1",
            mail_from="clinic@clinic.example",
        )
    )


@pytest.fixture
def moment() -> Iterator[time_machine.Traveller]:
    """The clock stands still: what grows with the day does not tell two pages apart."""
    with time_machine.travel(datetime.now(UTC), tick=False) as traveller:
        yield traveller
