"""The Chromium of this machine, and how the tests start it."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The one without windows comes first: the tests pass in both, and it takes four fifths of the work."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = "No Chromium on this machine: install one, or name it in SUTRA_CHROMIUM."


def chromium_path() -> str | None:
    """A Chromium on this machine, if there is one."""
    return os.environ.get("SUTRA_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def is_demanded() -> bool:
    """Whether tests that need a browser have to run and not to skip."""
    return bool(os.environ.get("SUTRA_REQUIRE_BROWSER"))
