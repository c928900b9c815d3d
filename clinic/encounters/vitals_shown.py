"""Measurements as pages show them: at the side of a patient's page, and those that need a second look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinic.core.access import Actor
from clinic.patients.models import Patient


@dataclass(frozen=True, kw_only=True)
class Flagged:
    """One measurement beyond its limit: ``BP``, ``148/96``, ``mmHg``, ``High, limit 140/90``."""

    label: str
    value: str
    unit: str
    words: str
    measured_at: datetime


def latest_flags(patient_id: int) -> list[Flagged]:
    """What was measured within the last 24 hours beyond its limit, the newest of each kind. One statement."""
    _ = patient_id
    return []


def side(actor: Actor, patient: Patient) -> dict[str, Any] | None:
    """What ``desk/_side_vitals.html`` shows; None for whoever may not see measurements. One statement."""
    _ = (actor, patient)
    return None
