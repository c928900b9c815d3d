"""What a patient takes, at the side of their page: by prescription, and as it was said."""

from __future__ import annotations

from typing import Any

from clinic.core.access import Actor
from clinic.patients.models import Patient
from clinic.patients.policy import sees_clinical
from clinic.patients.queries.health import profile_of
from clinic.prescriptions.queries import running_column
from clinic.prescriptions.running import read_running

MOST = 8


def load(actor: Actor, patient: Patient) -> dict[str, Any] | None:
    """What ``desk/_side_medicines.html`` shows; prescriptions only to whoever treats. One statement."""
    treats = sees_clinical(actor, patient)
    more = (running_column(actor, patient.id),) if treats else ()
    profile = profile_of(patient.id, ("medicine",), more=more)
    said = profile.now["medicine"]
    running = read_running(profile.more[0]) if treats else []
    return {
        "said": said[:MOST],
        "running": running[:MOST],
        "more": max(0, len(said) - MOST) + max(0, len(running) - MOST),
    }
