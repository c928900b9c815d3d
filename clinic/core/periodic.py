"""Work that comes round by itself. Domains register it; the clock process runs it, one runner at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Periodic:
    """A function to be called every ``seconds`` with the application context pushed; it commits its own work."""

    name: str
    seconds: int
    run: Callable[[], object]


_registered: dict[str, Periodic] = {}


def every(seconds: int, name: str, run: Callable[[], object]) -> None:
    """Register periodic work under a unique name."""
    _registered[name] = Periodic(name, seconds, run)


def registered() -> list[Periodic]:
    """All periodic work, in the order of registration."""
    return list(_registered.values())
