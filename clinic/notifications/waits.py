"""How long a message waits after a try that surely failed."""

from __future__ import annotations

import random
from datetime import timedelta

from clinic.notifications.models import Priority

WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
CODE_WAITS = (timedelta(seconds=5), timedelta(seconds=20), timedelta(seconds=60))
"""The longest wait after each round of tries; after the last of them the message has failed."""
LONGEST_WAIT = timedelta(hours=1)
chance = random.Random()  # noqa: S311 - it spreads load, and keeps no secret


def wait_after(round_number: int, *, priority: int, asked: float | None = None) -> timedelta | None:
    """How long to wait after the ``round_number``-th round (1 is the first), None after the last one.

    Somewhere between half of the wait and the whole of it, so that messages that failed together do not come
    back together. ``asked`` are the seconds the provider wants to be left alone: no less than that.
    """
    waits = CODE_WAITS if priority == Priority.CODE else WAITS
    if round_number > len(waits):
        return None
    wait = waits[round_number - 1] * (0.5 + chance.random() / 2)
    if asked is not None:
        wait = min(max(wait, timedelta(seconds=asked)), LONGEST_WAIT)
    return wait
