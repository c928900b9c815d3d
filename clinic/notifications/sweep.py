"""The sweep."""

from __future__ import annotations


def connect() -> None:
    """Have the clock sweep every ten seconds."""
