"""Changes of the health profile in a patient's timeline, for whoever treats the patient."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, func, literal, or_, select, union_all

from clinic.accounts.models import User
from clinic.core.access import CLINICAL, Actor, Role
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.patients.health_kinds import KINDS, HealthKind
from clinic.patients.health_words import words_of
from clinic.patients.models import Patient
from clinic.patients.policy import clinical_reach, in_care
from clinic.patients.timeline import Happened, Line, TimelineSource, register_source


def connect() -> None:
    """Let the timeline tell the health profile."""
    register_source(
        TimelineSource(
            kind="health", label=_l("Health"), icon="heart-pulse", order=80, select=_select, show=_show
        )
    )


def _select(actor: Actor, patient_id: int) -> Select[Any] | None:
    """Every row as it was written down; ids are told apart by the kind's place."""
    if not actor.has(*CLINICAL):
        return None
    parts = [
        _rows(actor, patient_id, kind, place).order_by(None) for place, kind in enumerate(KINDS.values())
    ]
    told = union_all(*parts).subquery("health_told")
    return select(told.c.at, told.c.id, told.c.facts)


def _rows(actor: Actor, patient_id: int, kind: HealthKind, place: int) -> Select[Any]:
    model = kind.model
    row = func.to_jsonb(model.__table__.table_valued())
    facts = func.jsonb_build_object("kind", literal(kind.code), "row", row, "by", User.name)
    return (
        select(
            model.created_at.label("at"), (model.id * len(KINDS) + place).label("id"), facts.label("facts")
        )
        .join(Patient, Patient.id == model.patient_id)
        .outerjoin(User, User.id == model.recorded_by)
        .where(model.patient_id == patient_id, _in_sight(actor))
    )


def _in_sight(actor: Actor) -> ColumnElement[bool]:
    reach = clinical_reach(actor, Patient.id, Patient.facility_id)
    return or_(reach, in_care(actor, Patient.id)) if actor.has(Role.THERAPIST) else reach


def _show(entry: Happened, _zone: str) -> Line:
    kind, row = KINDS[entry.facts["kind"]], entry.facts["row"]
    title, text = words_of(kind, _values(kind, row))
    who = _("the patient") if row["source"] != "staff" else entry.facts["by"] or ""
    heading = str(kind.title) if title == str(kind.title) else f"{kind.title}: {title}"
    struck = row["ended_why"] == "error"
    return Line(
        title=heading,
        text=text + (f" ({who})" if who else ""),
        mark=_("Entered in error")
        if struck
        else (_("Changed since") if row["ended_why"] == "replaced" else ""),
        struck=struck,
        href=f"/patients/{row['patient_id']}/health#{kind.code}",
    )


def _marks() -> dict[str, str]:
    return {"error": _("Entered in error"), "replaced": _("Changed since"), "stopped": _("Ended")}


def _values(kind: HealthKind, row: Mapping[str, Any]) -> dict[str, Any]:
    columns = kind.model.__table__.columns
    names = [name for one in kind.fields for name in (one.name, one.precision) if name]
    return {
        name: date.fromisoformat(row[name])
        if row[name] and isinstance(columns[name].type, Date)
        else row[name]
        for name in names
    }
