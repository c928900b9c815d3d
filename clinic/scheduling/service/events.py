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
    to_status: str | None = None,
    from_during: Stretch | None = None,
    from_practitioner: int | None = None,
    code: str | None = None,
    reason: str | None = None,
) -> None:
    """Add what happened to the visit's history and to the audit trail; states and times only in the
    latter.

    ``to_status`` is for what is said before the visit has got there; else the visit's own counts.
    """
    moved = from_during is not None
    status = to_status or appointment.status
    db.session.add(
        AppointmentEvent(
            appointment_id=appointment.id,
            at=clock.now(),
            actor_id=actor.user_id,
            actor_name=actor.name,
            kind=kind,
            from_status=from_status,
            to_status=status,
            from_during=from_during,
            from_practitioner_id=from_practitioner,
            to_during=appointment.during if moved or kind == "booked" else None,
            code=code,
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
        detail={"status": str(status)},
    )
