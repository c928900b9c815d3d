"""What a patient takes, at the side of their page: as it was said, and what runs by prescription."""

from __future__ import annotations

from typing import Any

from clinic.core.access import Actor
from clinic.patients.models import Patient
from clinic.patients.queries.health import profile_of

MOST = 8


def load(_actor: Actor, patient: Patient) -> dict[str, Any] | None:
    """What ``desk/_side_medicines.html`` shows. One statement."""
    entries = profile_of(patient.id, ("medicine",)).now["medicine"]
    return {"said": entries[:MOST], "more": len(entries) - MOST}
