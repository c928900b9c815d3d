"""Writing down what was done to whose data. Rows are only ever added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db, unit_of_work


def record(
    actor: Actor,
    action: str,
    *,
    subject_type: str,
    subject_id: int | None = None,
    patient_id: int | None = None,
    facility_id: int | None = None,
    outcome: str = "done",
    detail: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add a row to the current unit of work, so that it stands or falls with the change it tells about.

    ``action`` is ``noun.verb`` (``patient.viewed``); ``outcome`` is ``done`` or ``refused``; ``detail`` holds
    ids, field names and states, never what a record says.
    """
    event = AuditEvent(
        at=clock.now(),
        actor_id=actor.user_id,
        actor_name=actor.name,
        session_id=actor.session_id,
        action=action,
        outcome=outcome,
        subject_type=subject_type,
        subject_id=subject_id,
        patient_id=patient_id,
        facility_id=facility_id,
        origin=actor.origin,
        request_id=actor.request_id,
        detail=detail or {},
    )
    db.session.add(event)
    return event


def record_many(
    actor: Actor, action: str, *, facility_id: int | None, patient_ids: Sequence[int], detail: dict[str, Any]
) -> None:
    """Add a row for each of many patients to whom the same was done, with one statement."""
    if not patient_ids:
        return
    db.session.execute(
        _MANY,
        {
            "patients": list(patient_ids),
            "at": clock.now(),
            "actor_id": actor.user_id,
            "actor_name": actor.name,
            "session_id": actor.session_id,
            "action": action,
            "facility_id": facility_id,
            "origin": actor.origin,
            "request_id": actor.request_id,
            "detail": json.dumps(detail),
        },
    )


_MANY = text(
    "INSERT INTO audit_events (at, actor_id, actor_name, session_id, action, outcome, subject_type,"
    " subject_id, patient_id, facility_id, origin, request_id, detail)"
    " SELECT :at, :actor_id, :actor_name, :session_id, :action, 'done', 'patient', patient, patient,"
    " :facility_id, :origin, :request_id, CAST(:detail AS jsonb)"
    " FROM unnest(CAST(:patients AS bigint[])) AS touched(patient)"
)


def read(
    actor: Actor,
    action: str,
    *,
    subject_type: str,
    subject_id: int | None = None,
    patient_id: int | None = None,
    facility_id: int | None = None,
    outcome: str = "done",
    detail: dict[str, Any] | None = None,
) -> None:
    """Write down that something was read, in a unit of work of its own; what was loaded stays loaded.

    Call it before anything is changed in the session. Pages that refresh themselves on a timer skip it.
    """
    session = db.session()
    expires = session.expire_on_commit
    session.expire_on_commit = False
    try:
        with unit_of_work():
            record(
                actor,
                action,
                subject_type=subject_type,
                subject_id=subject_id,
                patient_id=patient_id,
                facility_id=facility_id,
                outcome=outcome,
                detail=detail,
            )
    finally:
        session.expire_on_commit = expires
