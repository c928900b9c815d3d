"""The audit row that goes with every change of a prescription."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import exists, select

from clinic.audit.models import AuditEvent
from clinic.audit.service import record
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.prescriptions.models import Prescription


def log(actor: Actor, action: str, prescription: Prescription, **detail: Any) -> None:
    """Write down what was done to a prescription; ids, versions and states only."""
    record(
        actor,
        action,
        subject_type="prescription",
        subject_id=prescription.id,
        patient_id=prescription.patient_id,
        facility_id=prescription.facility_id,
        detail=detail,
    )


def was_saved_lately(actor: Actor, prescription_id: int) -> bool:
    """Whether this session has said within the hour that it writes in this draft: autosave is one row."""
    found = exists().where(
        AuditEvent.actor_id == actor.user_id,
        AuditEvent.at > clock.now() - timedelta(hours=1),
        AuditEvent.action == "prescription.saved",
        AuditEvent.subject_id == prescription_id,
        AuditEvent.session_id.is_not_distinct_from(actor.session_id),
    )
    return bool(db.session.scalar(select(found)))
