"""Ten thousand numbers at random, from ten thousand addresses, while the queue's server is away: no more text
messages than the day allows, counted in Postgres.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from flask import Flask

from clinic.accounts.models import OneTimeCode
from clinic.accounts.service import codes
from clinic.app import create_app
from clinic.core.access import Actor
from clinic.core.db import db, unit_of_work
from clinic.core.errors import TooMany
from tests.conftest import make_settings

NUMBERS, PER_DAY, HANDS = 10_000, 2_000, 4


@pytest.fixture(params=[True, False], ids=["defended", "open"])
def defended(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def lone_app(make_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Flask:
    app = create_app(make_settings(make_database("caps")))
    monkeypatch.setitem(app.extensions, "redis", redis.Redis(unix_socket_path="/nowhere/valkey.sock"))
    return app


def test_the_day_ends_with_its_cap(lone_app: Flask, monkeypatch: pytest.MonkeyPatch, defended: bool) -> None:
    if not defended:
        monkeypatch.setattr(codes, "_check_caps", lambda *_any, **_more: None)
    mobiles = random.Random(7).sample(range(6_000_000_000, 9_999_999_999), NUMBERS)

    def ask(number: int) -> bool:
        visitor = Actor(user_id=None, name="", origin=f"10.{number % 251}.{number % 241}.{number % 239}")
        with lone_app.app_context():
            try:
                with unit_of_work():
                    codes.send_code(
                        visitor,
                        address=f"+91{number}",
                        browser=f"{number:064d}",
                        locale="en",
                        per_day=PER_DAY,
                    )
            except TooMany:
                return False
            return True

    with ThreadPoolExecutor(HANDS) as hands:
        sent = sum(hands.map(ask, mobiles))
    with lone_app.app_context():
        kept = db.session.query(OneTimeCode).count()
    assert sent == kept == (PER_DAY if defended else NUMBERS)
