"""Visits in a patient's timeline: what for, with whom, and how it stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.patients.timeline import Happened, Line, TimelineSource, register_source
from clinic.practitioners.models import Practitioner
from clinic.scheduling import reasons
from clinic.scheduling.models import Appointment, AppointmentStatus, Service

KIND = "visit"
OVER = (AppointmentStatus.CANCELLED, AppointmentStatus.REJECTED)


def connect() -> None:
    """Let the timeline tell visits."""
    register_source(
        TimelineSource(
            kind=KIND, label=_l("Visits"), icon="calendar-days", order=10, select=_select, show=_show
        )
    )


def _select(_actor: Actor, patient_id: int) -> Select[Any] | None:
    """All of them: whoever sees a patient sees their visits."""
    facts = func.jsonb_build_object(
        "reference", Appointment.reference,
        "service", Service.shown_name,
        "practitioner", Practitioner.name,
        "specialization", Practitioner.specialization,
        "status", Appointment.status,
        "mode", Appointment.mode,
        "purpose", func.left(Appointment.purpose, 200),
        "ended_code", Appointment.ended_code,
        "ended_why", func.left(Appointment.ended_why, 200),
    )  # fmt: skip
    return (
        select(func.lower(Appointment.during).label("at"), Appointment.id.label("id"), facts.label("facts"))
        .join(Service, Service.id == Appointment.service_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(Appointment.patient_id == patient_id)
    )


def _show(entry: Happened, _zone: str) -> Line:
    facts = entry.facts
    online = _("online") if facts["mode"] == "online" else ""
    with_whom = [facts["practitioner"], facts["specialization"], online]
    said = [", ".join(part for part in with_whom if part), facts["purpose"]]
    if facts["ended_code"] or facts["ended_why"]:
        reason = reasons.in_words(facts["ended_code"], facts["ended_why"])
        said.append(_("Reason: %(reason)s", reason=reason))
    return Line(
        title=facts["service"],
        text=". ".join(part for part in said if part),
        href=f"/appointments/{facts['reference']}",
        state=facts["status"],
        struck=facts["status"] in OVER,
    )
