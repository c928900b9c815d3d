"""What the schedule does by itself, and what it hears from other parts of the clinic."""

from __future__ import annotations

from typing import Any

from clinic.core import periodic
from clinic.practitioners.models import Practitioner
from clinic.practitioners.signals import affiliated
from clinic.scheduling.service.arrange import add_practitioner
from clinic.scheduling.service.claims import end_expired_holds
from clinic.scheduling.service.lifecycle import reject_overdue
from clinic.scheduling.service.stale_care import EVERY, end_stale_care
from clinic.scheduling.service.visit_links import forget_old_links


def connect() -> None:
    """Make somebody who begins to work at a facility bookable there, and register the periodic work."""
    affiliated.connect(_give_a_place)
    periodic.every(60, "scheduling.end_expired_holds", end_expired_holds)
    periodic.every(60, "scheduling.reject_overdue", reject_overdue)
    periodic.every(3600, "scheduling.forget_old_links", forget_old_links)
    periodic.every(EVERY, "scheduling.end_stale_care", end_stale_care)


def _give_a_place(practitioner: Practitioner, *, facility_id: int, **_more: Any) -> None:
    add_practitioner(practitioner, facility_id)
