"""How many examples a trial of any input draws: some of them in `make test`, all of them in `make proof`."""

from __future__ import annotations

import os

ALL = "TEST_ALL_EXAMPLES"
"""The environment variable that asks for all; `tests/proof/test_all_examples.py` sets it."""


def examples(some: int, *, of: int) -> int:
    """The number for Hypothesis' ``max_examples``: ``some`` of the ``of`` that `make proof` draws."""
    return of if os.environ.get(ALL) else some
