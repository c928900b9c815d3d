"""Measurements outside notes in a patient's timeline; those within a note are told with the note."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select

from clinic.accounts.models import User
from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.encounters import policy
from clinic.encounters.models import VitalSigns
from clinic.encounters.vitals import COLUMNS, MEASURES
from clinic.encounters.vitals_shown import flag_of, unit_of, value_of
from clinic.encounters.wording import said
from clinic.patients.timeline import Happened, Line, TimelineSource, register_source


def connect() -> None:
    """Let the timeline tell measurements."""
    register_source(
        TimelineSource(
            kind="vitals", label=_l("Vitals"), icon="activity", order=30, select=_select, show=_show
        )
    )


def _select(actor: Actor, patient_id: int) -> Select[Any] | None:
    if not policy.can_read_notes(actor):
        return None
    numbers: list[Any] = []
    for name in COLUMNS:
        numbers += [name, getattr(VitalSigns, name)]
    facts = func.jsonb_build_object(
        "by", User.name, "source", VitalSigns.source, "why", VitalSigns.error_reason, *numbers
    )
    return (
        select(VitalSigns.measured_at.label("at"), VitalSigns.id.label("id"), facts.label("facts"))
        .outerjoin(User, User.id == VitalSigns.recorded_by)
        .where(
            VitalSigns.patient_id == patient_id,
            VitalSigns.note_id.is_(None),
            policy.vitals_in_sight(actor),
        )
    )


def _show(entry: Happened, _zone: str) -> Line:
    facts = entry.facts
    values = {name: Decimal(str(facts[name])) for name in COLUMNS if facts[name] is not None}
    texts, flags = [], []
    for measure in MEASURES.values():
        if text := value_of(measure, values):
            texts.append(f"{said(measure.label)} {text} {unit_of(measure)}".rstrip())
            if flag := flag_of(measure, values):
                flags.append(f"{said(measure.label)}: {flag}")
    who = _("the patient") if facts["source"] == "patient" else facts["by"] or ""
    struck = facts["why"] is not None
    return Line(
        title=_("Measured"),
        text=", ".join(texts) + (f" ({who})" if who else ""),
        flagged="" if struck else "; ".join(flags),
        mark=_("Entered in error") if struck else "",
        struck=struck,
    )
