"""The history of a visit, and the audit row that goes with every change."""

from __future__ import annotations

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.scheduling.models import Appointment, AppointmentEvent
from clinic.scheduling.service.claims import Stretch


def write(
    actor: Actor,
    appointment: Appointment,
    kind: str,
    *,
    from_status: str | None = None,
    from_during: Stretch | None = None,
    reason: str | None = None,
) -> None:
    """Add what happened to the visit's history and to the audit trail; states and times only in the
    latter.
    """
    moved = from_during is not None
    db.session.add(
        AppointmentEvent(
            appointment_id=appointment.id,
            at=clock.now(),
            actor_id=actor.user_id,
            actor_name=actor.name,
            kind=kind,
            from_status=from_status,
            to_status=appointment.status,
            from_during=from_during,
            to_during=appointment.during if moved or kind == "booked" else None,
            reason=(reason or "").strip() or None,
        )
    )
    audit.record(
        actor,
        f"appointment.{kind}",
        subject_type="appointment",
        subject_id=appointment.id,
        patient_id=appointment.patient_id,
        facility_id=appointment.facility_id,
        detail={"status": str(appointment.status)},
    )
