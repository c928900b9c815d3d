"""Appointments to come: the diary of another system, or on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import show_date, show_moment
from clinic.imports.kinds.appointments import judging, reading, writing
from clinic.imports.kinds.appointments.fields import FIELDS
from clinic.imports.kinds.base import Context, Kind, Reading, Record, Touched
from clinic.imports.models import ImportRow
from clinic.patients import policy
from clinic.scheduling.models import Appointment

SAMPLE = (
    ("Date", "Time", "Patient", "Mobile", "Doctor", "Service", "Reason"),
    ("30/11/2026", "10:30", "Lakshmi Pillai", "98450 00001", "Dr Meera Nair", "Consultation", "Knee pain"),
    ("01/12/2026", "4 pm", "रमेश यादव", "98450 00002", "Dr Meera Nair", "Abhyanga", ""),
)
SHOWN = (
    ("patient", _l("Patient")),
    ("day", _l("Date")),
    ("time", _l("Time")),
    ("practitioner", _l("Practitioner")),
    ("service", _l("Service")),
    ("room", _l("Room")),
    ("mode", _l("In person or online")),
    ("reason", _l("Reason")),
    ("status", _l("Status")),
)


class Appointments(Kind):
    """Lines that are visits to come. They are booked as at the desk, and nobody is told of it."""

    name = "appointments"
    label = _l("Appointments to come")
    batch = 50
    roles = (Role.FACILITY_ADMIN, Role.RECEPTIONIST)
    fields = FIELDS
    shown = SHOWN
    sample = SAMPLE

    def read(self, cells: Mapping[str, str], context: Context) -> Reading:
        """What a line says."""
        return reading.read_visit(cells, context)

    def judge(self, context: Context, rows: Sequence[ImportRow]) -> None:
        """Free, booked already, or in the way of something."""
        judging.judge(context, rows)

    def write(self, context: Context, rows: Sequence[ImportRow]) -> None:
        """Book the visits."""
        writing.write_rows(context, rows)

    def worked_on(self, context: Context) -> list[Touched]:
        """Visits that are no longer as they came in."""
        return writing.worked_on(context)

    def undo(self, context: Context) -> int:
        """Call the visits off."""
        return writing.undo(context)

    def records(self, context: Context, ids: Sequence[int]) -> dict[int, Record]:
        """Visits of the facility that lines may be about, with patients the actor may see. One statement."""
        if not ids:
            return {}
        zone = context.facility.zone
        rows = db.session.scalars(
            select(Appointment)
            .join(Appointment.patient)
            .where(
                Appointment.id.in_(ids),
                Appointment.facility_id == context.facility.id,
                policy.visible(context.actor),
            )
            .options(
                contains_eager(Appointment.patient),
                joinedload(Appointment.practitioner),
                joinedload(Appointment.service),
            )
        )
        return {
            visit.id: Record(
                id=visit.id,
                title=visit.patient.name,
                facts=" · ".join(
                    (show_moment(visit.starts, zone), visit.practitioner.name, visit.service.name)
                ),
                said={"patient": visit.patient.name, "practitioner": visit.practitioner.name},
                url=("scheduling.show", {"reference": visit.reference}),
            )
            for visit in rows
        }

    def title(self, row: ImportRow) -> str:
        """The patient: as the clinic knows them once that is clear, else as the line says."""
        said = row.values
        means = said.get("means")
        return str(means[0] if means else said.get("patient") or said.get("number") or "")

    def facts(self, row: ImportRow, context: Context) -> list[str]:
        """When, with whom, for what, where."""
        said = row.values
        means = said.get("means") or (None, said.get("practitioner"), said.get("service"))
        when = (
            show_moment(datetime.fromisoformat(said["starts"]), context.facility.zone)
            if said.get("starts")
            else ""
        )
        waits = _("waits for the clinic's word") if said.get("status") == "pending" else ""
        return [part for part in (when, means[1], means[2], said.get("room"), waits) if part]

    def worded(self, field: str, value: Any, said: Mapping[str, Any] | None = None) -> str:  # noqa: ARG002
        """A value as people read it."""
        if field == "day":
            return show_date(date.fromisoformat(value))
        if field == "mode":
            return _("online") if value == "online" else _("in person")
        return str(value)


APPOINTMENTS = Appointments()

__all__ = ["APPOINTMENTS", "Appointments"]
