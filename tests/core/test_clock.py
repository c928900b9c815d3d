"""The clock: what it says of an instant to come."""

from __future__ import annotations

from datetime import timedelta

import time_machine

from clinic.core import clock


def test_seconds_until_an_instant_count_what_has_begun_and_never_go_below_nothing() -> None:
    with time_machine.travel("2026-11-25T18:29:59Z", tick=False):
        now = clock.now()
        assert clock.seconds_until(now + timedelta(seconds=60)) == 60
        assert clock.seconds_until(now + timedelta(milliseconds=200)) == 1
        assert clock.seconds_until(now) == 0
        assert clock.seconds_until(now - timedelta(days=1)) == 0
