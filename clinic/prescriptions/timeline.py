"""Prescriptions in a patient's timeline: what was prescribed by whom, and what became of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from clinic.core.access import CLINICAL, Actor
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import ngettext
from clinic.patients.timeline import Happened, Line, TimelineSource, register_source
from clinic.practitioners.models import Practitioner
from clinic.prescriptions.models import Prescription, PrescriptionLine
from clinic.prescriptions.policy import prescriptions_in_sight

KIND = "prescription"


def connect() -> None:
    """Let the timeline tell prescriptions."""
    register_source(
        TimelineSource(
            kind=KIND, label=_l("Prescriptions"), icon="pill", order=50, select=_select, show=_show
        )
    )


def _select(actor: Actor, patient_id: int) -> Select[Any] | None:
    if not actor.has(*CLINICAL) and patient_id not in actor.emergencies:
        return None
    line = PrescriptionLine
    names: Any = (
        select(func.jsonb_agg(aggregate_order_by(line.name, line.position, line.id)))
        .where(line.prescription_id == Prescription.id, line.removed_at.is_(None))
        .correlate(Prescription)
        .scalar_subquery()
    )
    facts = func.jsonb_build_object(
        "names", names,
        "practitioner", Practitioner.name,
        "status", Prescription.status,
        "reason", Prescription.end_reason,
    )  # fmt: skip
    return (
        select(
            func.coalesce(Prescription.signed_at, Prescription.created_at).label("at"),
            Prescription.id.label("id"),
            facts.label("facts"),
        )
        .join(Practitioner, Practitioner.id == Prescription.practitioner_id)
        .where(
            Prescription.patient_id == patient_id,
            Prescription.status != "discarded",
            prescriptions_in_sight(actor),
        )
    )


def _show(entry: Happened, _zone: str) -> Line:
    facts = entry.facts
    names = facts["names"] or []
    first = names[0] if names else _("diet and advice")
    more = len(names) - 1
    title = _("Prescription: %(medicine)s", medicine=first)
    if more > 0:
        title = ngettext(
            "Prescription: %(medicine)s and %(num)s more",
            "Prescription: %(medicine)s and %(num)s more",
            more,
            medicine=first,
        )
    ended = facts["status"] in ("stopped", "superseded")
    words = {"stopped": _("Stopped"), "superseded": _("Replaced")}
    text = facts["practitioner"]
    if facts["status"] == "stopped" and facts["reason"]:
        text = f"{text}. {facts['reason']}"
    draft = facts["status"] == "draft"
    return Line(
        title=title,
        text=text,
        href=f"/prescriptions/{entry.id}",
        mark=words.get(facts["status"], ""),
        icon="ban" if ended else "pill",
        state="" if ended else ("not_signed" if draft else "signed"),
        action=_("Continue prescription") if draft else "",
        struck=ended,
    )
