"""What stands in the way of a visit: other visits, the rules, other lines of the same file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from clinic.core.db import db
from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_time
from clinic.imports.kinds.base import Context
from clinic.imports.models import ImportRow, Outcome
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.errors import OutsideRules, PatientBusy, SlotTaken
from clinic.scheduling.models import CLAIMING, Allocation, Appointment, Resource, ResourceUnit
from clinic.scheduling.service import Booking, book

FIELD_OF = {"patient_id": "patient", "practitioner_id": "practitioner", "service_id": "service"}
"""Where a refusal of the schedule belongs on a line; what is about the time stands beside that."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A line of the file that will take its people, and its room, from then to then."""

    number: int
    starts: datetime
    ends: datetime
    patient_id: int
    practitioner_id: int
    room_id: int | None
    fingerprint: str | None

    @classmethod
    def by(cls, number: int, said: Mapping[str, Any], fingerprint: str | None) -> Taken:
        """By a line that is known to be about somebody and something."""
        starts = datetime.fromisoformat(said["starts"])
        return cls(
            number=number,
            starts=starts,
            ends=starts + timedelta(minutes=said["lasts"]),
            patient_id=said["patient_id"],
            practitioner_id=said["practitioner_id"],
            room_id=said.get("room_id"),
            fingerprint=fingerprint,
        )

    def overlaps(self, other: Taken) -> bool:
        """Whether both need some of the same time."""
        return self.starts < other.ends and other.starts < self.ends

    def is_same(self, other: Taken) -> bool:
        """Whether both are one visit."""
        return (self.patient_id, self.practitioner_id, self.starts) == (
            other.patient_id,
            other.practitioner_id,
            other.starts,
        )


def taken_by_lines(context: Context, rows: Sequence[ImportRow]) -> list[Taken]:
    """What earlier lines of the file, other than these, will take on the days of these. One statement."""
    mine = [row.number for row in rows]
    found = db.session.execute(
        select(ImportRow.number, ImportRow.values, ImportRow.fingerprint)
        .where(
            ImportRow.import_id == context.import_id,
            ImportRow.match_name.in_({row.match_name for row in rows}),
            ImportRow.outcome == Outcome.NEW,
            ImportRow.written_at.is_(None),
            ImportRow.number < max(mine),
            ImportRow.number.not_in(mine),
        )
        .order_by(ImportRow.number)
    )
    return [Taken.by(number, said, mark) for number, said, mark in found if said.get("patient_id")]


def line_in_the_way(wanted: Taken, taken: Sequence[Taken]) -> str | None:
    """Which earlier line has the time, in words."""
    for other in taken:
        if other.number >= wanted.number or not wanted.overlaps(other):
            continue
        if other.practitioner_id == wanted.practitioner_id:
            return _("Line %(number)d has this time.", number=other.number)
        if other.patient_id == wanted.patient_id:
            return _("Line %(number)d has this patient at that time.", number=other.number)
        if other.room_id is not None and other.room_id == wanted.room_id:
            return _("Line %(number)d has this room at that time.", number=other.number)
    return None


def booking_of(context: Context, said: Mapping[str, Any]) -> Booking:
    """What a line would book. Nobody is told of it, and no rule is passed over."""
    return Booking(
        patient_id=said["patient_id"],
        practitioner_id=said["practitioner_id"],
        service_id=said["service_id"],
        starts=datetime.fromisoformat(said["starts"]),
        facility_id=context.facility.id,
        mode=said["mode"],
        purpose=said["reason"],
        room_id=said.get("room_id"),
        via="import",
        waits=said["status"] == "pending",
        tell=False,
    )


def rehearse(context: Context, said: Mapping[str, Any]) -> Invalid | None:
    """Book a line as it would be booked, and undo that at once: what stands in the way, or None."""
    attempt = db.session.begin_nested()
    try:
        book(context.actor, booking_of(context, said))
    except DomainError as wrong:
        return in_the_way(context, said, wrong)
    finally:
        attempt.rollback()
    return None


def in_the_way(context: Context, said: Mapping[str, Any], wrong: DomainError) -> Invalid:
    """A refusal of the schedule in words that name what is in the way, beside its cell."""
    at = str(said["at"])
    if isinstance(wrong, PatientBusy):
        return Invalid(_busy_patient(context, said) or wrong.message, field=at)
    if isinstance(wrong, SlotTaken):
        return Invalid(
            _busy_practitioner(context, said) or _no_room(context, said) or wrong.message, field=at
        )
    if isinstance(wrong, OutsideRules):
        return Invalid(wrong.message, field=FIELD_OF.get(wrong.field or "", at))
    return Invalid(wrong.message, field="patient")


def _during(said: Mapping[str, Any]) -> Range[datetime]:
    starts = datetime.fromisoformat(said["starts"])
    return Range(starts, starts + timedelta(minutes=said["lasts"]))


def _busy_patient(context: Context, said: Mapping[str, Any]) -> str | None:
    found = db.session.execute(
        select(Patient.name, Practitioner.name, Appointment.during)
        .join(Appointment, Appointment.patient_id == Patient.id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(
            Appointment.patient_id == said["patient_id"],
            Appointment.status.in_(CLAIMING),
            Appointment.during.op("&&")(_during(said)),
        )
        .order_by(func.lower(Appointment.during))
        .limit(1)
    ).first()
    if found is None:
        return None
    patient, practitioner, during = found
    return _(
        "%(patient)s is with %(practitioner)s %(time)s already.",
        patient=patient,
        practitioner=practitioner,
        time=_times(context, during),
    )


def _busy_practitioner(context: Context, said: Mapping[str, Any]) -> str | None:
    found = db.session.execute(
        select(Practitioner.name, Allocation.during)
        .join(Resource, Resource.practitioner_id == Practitioner.id)
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .join(Allocation, Allocation.unit_id == ResourceUnit.id)
        .where(
            Practitioner.id == said["practitioner_id"],
            Resource.facility_id == context.facility.id,
            Allocation.active,
            Allocation.during.op("&&")(_during(said)),
        )
        .order_by(func.lower(Allocation.during))
        .limit(1)
    ).first()
    if found is None:
        return None
    name, during = found
    return _("%(name)s is booked %(time)s already.", name=name, time=_times(context, during))


def _no_room(context: Context, said: Mapping[str, Any]) -> str:
    name = db.session.scalar(
        select(Resource.name).where(
            Resource.id == (said.get("room_id") or 0), Resource.facility_id == context.facility.id
        )
    )
    if name:
        return _("%(room)s is taken at that time.", room=name)
    return _("No room for this service is free at that time.")


def _times(context: Context, during: Range[datetime]) -> str:
    """``10:00–10:30`` on the clinic's clocks."""
    assert during.lower is not None
    assert during.upper is not None
    zone = context.facility.zone
    return f"{show_time(during.lower, zone)}–{show_time(during.upper, zone)}"
