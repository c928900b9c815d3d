"""Tries made at the same moment, on connections of their own, do not pass the limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from clinic.app import create_app
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.patients.queries.emergency import TRIES_PER_HOUR
from clinic.patients.service.emergency import Refused, open_record
from tests.conftest import make_settings
from tests.emergency.conftest import REASON
from tests.factories import FacilityFactory, UserFactory, actor_of

AT_ONCE = 16


@pytest.fixture
def real_app(make_database: Callable[[str], str], worker_number: int) -> Iterator[Flask]:
    """An application whose commits are commits."""
    app = create_app(make_settings(make_database("emergency"), worker_number, DB_POOL_SIZE=str(AT_ONCE)))
    yield app
    with app.app_context():
        db.engine.dispose()


def test_of_many_tries_at_once_no_more_than_ten_look_for_a_number(real_app: Flask) -> None:
    with real_app.app_context(), unit_of_work():
        somebody = actor_of(UserFactory(), Role.PRACTITIONER, facility=FacilityFactory())

    def guess(number: int) -> object:
        with real_app.app_context():
            with unit_of_work():
                answer = open_record(
                    somebody,
                    number=f"SU-9{number:04}",
                    name="",
                    urgency="unconscious",
                    reason=REASON,
                    minutes=60,
                )
            assert isinstance(answer, Refused)
            return answer.error.status

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = sorted(pool.map(guess, range(AT_ONCE)))  # type: ignore[type-var]
    assert answers == [422] * TRIES_PER_HOUR + [429] * (AT_ONCE - TRIES_PER_HOUR)
    with real_app.app_context():
        rows = db.session.query(AuditEvent).filter_by(action="emergency.refused")
        assert sorted(row.detail["by"] for row in rows) == ["limit"] * 6 + ["number"] * TRIES_PER_HOUR
