"""Visits that were booked together, and what stands in the way of such visits over a stretch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import contains_eager

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.patients import policy as patients_policy
from clinic.practitioners.models import Practitioner
from clinic.scheduling import policy
from clinic.scheduling.models import CLAIMING, Appointment, Resource, Series, TimeOff
from clinic.scheduling.transitions import MOVABLE


@dataclass(frozen=True, kw_only=True)
class SeriesShown:
    """A series with its visits in order of time; patient, practitioner, service and facility are loaded."""

    series: Series
    visits: tuple[Appointment, ...]

    @property
    def done(self) -> int:
        """How many visits are over as they should be."""
        return sum(visit.status == "completed" for visit in self.visits)

    @property
    def standing(self) -> int:
        """How many visits take or took place: all but those that were called off or missed."""
        return sum(visit.status in CLAIMING for visit in self.visits)

    @property
    def ahead(self) -> tuple[Appointment, ...]:
        """The visits that can still be cancelled or moved: not begun, not ended."""
        now = clock.now()
        return tuple(visit for visit in self.visits if visit.status in MOVABLE and visit.starts > now)


def changeable(shown: SeriesShown) -> list[Appointment]:
    """The visits ahead that their patient may still move or cancel."""
    now = clock.now()
    return [visit for visit in shown.ahead if visit.change_until > now]


def get_series(actor: Actor, series_id: int) -> SeriesShown:
    """A series with its visits. Raises NotFound where there is none or the person may not know of it.

    One statement.
    """
    rows = db.session.execute(
        select(Series, Appointment, patients_policy.visible(actor).label("sees_patient"))
        .join(Appointment, Appointment.series_id == Series.id)
        .join(Appointment.patient)
        .join(Appointment.practitioner)
        .join(Appointment.service)
        .join(Appointment.facility)
        .options(
            contains_eager(Appointment.patient),
            contains_eager(Appointment.practitioner),
            contains_eager(Appointment.service),
            contains_eager(Appointment.facility),
        )
        .where(Series.id == series_id)
        .order_by(func.lower(Appointment.during), Appointment.id)
    ).all()
    if not rows or not any(policy.can_view(actor, visit, sees_patient=sees) for _one, visit, sees in rows):
        raise NotFound(_("There is no such series."))
    return SeriesShown(series=rows[0][0], visits=tuple(visit for _one, visit, _sees in rows))


class Away(NamedTuple):
    """Time off of somebody, or of the clinic (None)."""

    practitioner_id: int | None
    during: Range[datetime]
    reason: str


def away_between(facility_id: int, practitioner_ids: Collection[int], during: Range[datetime]) -> list[Away]:
    """Time off of these people and closures of the clinic that touch a stretch. One statement."""
    rows = db.session.execute(
        select(Resource.practitioner_id, TimeOff.during, TimeOff.reason)
        .join(Resource, Resource.id == TimeOff.resource_id)
        .where(
            Resource.facility_id == facility_id,
            Resource.active,
            or_(Resource.kind == "facility", Resource.practitioner_id.in_(practitioner_ids)),
            TimeOff.during.op("&&")(during),
        )
        .order_by(TimeOff.id)
    )
    return [Away(*row) for row in rows]


class Visit(NamedTuple):
    """When a patient has another visit, and with whom."""

    during: Range[datetime]
    practitioner: str


def visits_between(patient_id: int, during: Range[datetime], *, besides: Collection[int] = ()) -> list[Visit]:
    """The patient's visits that take up time in a stretch, but for those ``besides``. One statement."""
    rows = db.session.execute(
        select(Appointment.during, Practitioner.name)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(
            Appointment.patient_id == patient_id,
            Appointment.status.in_(CLAIMING),
            Appointment.during.op("&&")(during),
            Appointment.id.not_in(besides),
        )
        .order_by(func.lower(Appointment.during))
    )
    return [Visit(*row) for row in rows]
