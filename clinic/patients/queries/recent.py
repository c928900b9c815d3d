"""The patients somebody opened lately: the audit rows know it already, so reading writes nothing more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.patients import policy
from clinic.patients.models import Patient, RecentForgotten
from clinic.patients.queries.search import COLUMNS, PatientRow

SHOWN = 8
LOOKED_AT = 300
"""So many of somebody's last page views are looked through."""
WITHIN = timedelta(days=30)


def recent_patients(actor: Actor, limit: int = SHOWN) -> list[PatientRow]:
    """Those this person opened last, the latest first, as far as they still see them and have not asked to
    forget it. One statement.
    """
    if actor.user_id is None:
        return []
    forgotten = select(RecentForgotten.at).where(RecentForgotten.user_id == actor.user_id).scalar_subquery()
    looks = (
        select(AuditEvent.patient_id, AuditEvent.at)
        .where(
            AuditEvent.actor_id == actor.user_id,
            AuditEvent.at > func.greatest(clock.now() - WITHIN, forgotten),
            AuditEvent.action == "patient.viewed",
            AuditEvent.outcome == "done",
        )
        .order_by(AuditEvent.at.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    last = (
        select(looks.c.patient_id, func.max(looks.c.at).label("at")).group_by(looks.c.patient_id).subquery()
    )
    rows = db.session.execute(
        select(*COLUMNS)
        .join(last, last.c.patient_id == Patient.id)
        .where(policy.visible(actor))
        .order_by(last.c.at.desc(), Patient.id)
        .limit(limit)
    )
    return [PatientRow(**row._mapping) for row in rows]
