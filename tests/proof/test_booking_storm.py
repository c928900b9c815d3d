"""Ten thousand attempts on one clinic: bookings, therapies, groups, series, moves, holds and offers."""

from __future__ import annotations

from tests.concurrency.conftest import Rush, rush
from tests.concurrency.storm import Storm

__all__ = ["rush"]

ATTEMPTS = 10_000
THREADS = 40


def test_ten_thousand_attempts_leave_no_overlap_no_deadlock_and_no_failure(rush: Rush) -> None:
    storm = Storm.over(rush)
    storm.run(ATTEMPTS, threads=THREADS)
    for outcome, times in sorted(storm.outcomes.items()):
        print(f"{times:6} {outcome}")  # noqa: T201 - what the trial is for
    assert sum(storm.outcomes.values()) == ATTEMPTS
    assert storm.failures == []
    assert set(storm.found().values()) == {0}, storm.found()
