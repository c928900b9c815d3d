"""A small storm with every run of the tests; the large one is in the proof."""

from __future__ import annotations

import pytest

from clinic.core.db import db
from tests.concurrency.conftest import Rush
from tests.concurrency.storm import Storm
from tests.concurrency.test_slot_race import UNGUARD


def test_whatever_happens_at_once_nothing_is_claimed_twice_and_nothing_fails(rush: Rush) -> None:
    storm = Storm.over(rush)
    storm.run(140, threads=12)
    assert storm.failures == [], storm.outcomes
    assert set(storm.found().values()) == {0}, storm.found()
    assert storm.outcomes["book: done"] > 0
    assert storm.outcomes["therapy: done"] > 0


@pytest.mark.long
def test_the_storm_tries_everything(rush: Rush) -> None:
    storm = Storm.over(rush)
    storm.run(200, threads=1)
    assert len({outcome.split(":")[0] for outcome in storm.outcomes}) == 12, storm.outcomes


def test_without_the_constraint_the_storm_claims_twice(rush: Rush) -> None:
    storm = Storm.over(rush)
    with rush.app.app_context():
        db.session.execute(UNGUARD)
        db.session.commit()
    storm.run(120, threads=12)
    assert storm.found()["units claimed twice"] > 0
