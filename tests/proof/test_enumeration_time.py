"""Does the time of an answer tell whether somebody is known here? Passwords are hashed at their full cost.

What is measured is how often an answer for a known name takes longer than one for an unknown name: half of
the time where nothing is told, always where everything is. Known and unknown take turns, so that whatever
else the machine does falls on both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import count

import pytest
from flask import Flask

from clinic.accounts.models import User
from clinic.accounts.service import grant_role, links, passwords
from clinic.accounts.views import links as link_views
from clinic.app import create_app
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from tests.accounts.browser import Browser
from tests.conftest import make_settings
from tests.factories import FacilityFactory

SAMPLES = 60
BAND = 0.17
"""By chance alone 60 answers of each kind are further than this from one half less than once in 700 runs."""
TOLD = 0.9
_numbers = count(1)


@pytest.fixture(scope="module")
def app(make_database: Callable[[str], str], worker_number: int) -> Flask:
    app = create_app(make_settings(make_database("enumeration"), worker_number))
    with app.app_context(), unit_of_work():
        FacilityFactory()
    return app


@pytest.fixture(scope="module")
def known(app: Flask) -> list[tuple[str, str]]:
    """E-mail and mobile of people who are staff and patients."""
    kept = passwords.hashed("Thread-knot-7!")
    people = [(f"known{number:04d}@sutra.test", f"+9190{number:08d}") for number in range(SAMPLES + 4)]
    with app.app_context(), unit_of_work():
        for email, mobile in people:
            user = User(name="Known Person", email=email, mobile=mobile, password_hash=kept)
            db.session.add(user)
            db.session.flush()
            grant_role(user, Role.RECEPTIONIST)
            grant_role(user, Role.PATIENT)
    return people


def how_often_longer(app: Flask, known: list[tuple[str, str]], path: str, *, field: str) -> float:
    """The share of pairs in which the known name took longer, out of all pairs of one known and one not."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    for number, (email, mobile) in enumerate(known):
        strange = next(_numbers)
        names = {
            True: email if field == "email" else mobile.removeprefix("+91"),
            False: f"nobody{strange:03d}@sutra.test" if field == "email" else f"91{strange:08d}",
        }
        for is_known in (True, False) if number % 2 else (False, True):
            browser = Browser(app)
            browser.get(path)
            form = {field: names[is_known], "password": "Wrong-knot-7!"}
            began = time.perf_counter()
            answer = browser.post(path, form)
            taken[is_known].append(time.perf_counter() - began)
            assert answer.status_code in (303, 422)
    longer = [a > b for a in taken[True][4:] for b in taken[False][4:]]
    medians = {"known" if who else "nobody": statistics.median(times) for who, times in taken.items()}
    share = sum(longer) / len(longer)
    print(path, {who: f"{1000 * time_:.1f} ms" for who, time_ in medians.items()}, f"{share:.2f}")  # noqa: T201
    return share


@pytest.mark.parametrize(
    ("path", "field"), [("/sign-in", "email"), ("/forgot", "email"), ("/portal/sign-in", "mobile")]
)
def test_the_time_of_an_answer_tells_nothing(
    app: Flask, known: list[tuple[str, str]], path: str, field: str
) -> None:
    assert abs(how_often_longer(app, known, path, field=field) - 0.5) < BAND


def test_it_would_tell_without_a_hash_for_nobody(
    app: Flask, known: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = passwords.verify
    monkeypatch.setattr(passwords, "verify", lambda typed, kept: kept is not None and real(typed, kept))
    assert how_often_longer(app, known, "/sign-in", field="email") > TOLD


def test_it_would_tell_without_as_much_work_for_nobody(
    app: Flask, known: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_views, "EVENLY", 0.0)
    monkeypatch.setattr(links, "_work_for_nobody", lambda: None)
    with app.app_context(), unit_of_work():
        db.session.execute(db.text("DELETE FROM sign_in_attempts"))
    assert how_often_longer(app, known, "/forgot", field="email") > 0.5 + BAND
