"""What the register of patients does by itself."""

from __future__ import annotations

from clinic.core import periodic
from clinic.patients.service.sounds import fill_sounds


def connect() -> None:
    """Register the periodic work."""
    periodic.every(60, "patients.fill_sounds", fill_sounds)
