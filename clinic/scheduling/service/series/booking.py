"""Booking a series: all of its visits or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.scheduling import series_messages
from clinic.scheduling.errors import SlotTaken
from clinic.scheduling.models import Appointment, Series, Service
from clinic.scheduling.service import claims
from clinic.scheduling.service.book import Booking, book
from clinic.scheduling.service.series.locks import units_wanted
from clinic.scheduling.service.series.rule import MOST, Rule


class OneTaken(SlotTaken):
    """One visit of a series lost its place to somebody faster; ``key`` says which, in the form's words."""

    code = "series_taken"

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, kw_only=True)
class SeriesPlace:
    """Where one visit of a series is to be. ``key`` names it in the form."""

    key: str
    practitioner_id: int
    starts: datetime


@dataclass(frozen=True, kw_only=True)
class NewSeries:
    """A series as settled. ``submission_key`` names the form: sent twice, it is one series. ``via`` as in
    ``Booking``.
    """

    facility_id: int
    service_id: int
    patient_id: int
    rule: Rule
    places: Sequence[SeriesPlace]
    online: bool = False
    purpose: str | None = None
    tell: bool = True
    via: str = "desk"
    submission_key: str


def book_series(actor: Actor, wanted: NewSeries) -> Series:
    """Book all the visits, in order of time; the patient is told once.

    Patient and units are queued for first, in the order that moves keep, so that no two such changes wait
    for each other. Raises OneTaken for the first visit whose place is gone, and what ``book`` raises.
    """
    if not wanted.places:
        raise Invalid(_("Every visit is left out."), field="count")
    if len(wanted.places) > MOST:
        raise Invalid(_("A series has 1 to %(most)s visits.", most=MOST), field="count")
    facility = db.session.get(Facility, wanted.facility_id)
    service = db.session.get(Service, wanted.service_id)
    if facility is None or service is None or service.facility_id != facility.id:
        raise NotFound(_("There is no such service."))
    claims.queue_for_patient(wanted.patient_id)
    earlier = made_before(actor, wanted.submission_key)
    if earlier is not None:
        return earlier
    people = {place.practitioner_id for place in wanted.places}
    claims.lock_units(units_wanted(facility.id, service, people))
    series = Series(
        group_id=facility.group_id,
        facility_id=facility.id,
        rule=wanted.rule.text,
        created_by=actor.user_id,
    )
    db.session.add(series)
    db.session.flush()
    visits = []
    for number, place in enumerate(sorted(wanted.places, key=lambda place: place.starts)):
        try:
            visits.append(book(actor, _booking(wanted, series, number, place)))
        except SlotTaken as taken:
            raise OneTaken(place.key, taken.message) from taken
    if wanted.tell:
        series_messages.booked(series, visits)
    db.session.flush()
    return series


def _booking(wanted: NewSeries, series: Series, number: int, place: SeriesPlace) -> Booking:
    return Booking(
        patient_id=wanted.patient_id,
        practitioner_id=place.practitioner_id,
        service_id=wanted.service_id,
        starts=place.starts,
        facility_id=wanted.facility_id,
        mode="online" if wanted.online else "in_person",
        purpose=wanted.purpose,
        via=wanted.via,
        series_id=series.id,
        submission_key=f"{wanted.submission_key}:{number}",
        tell=False,
    )


def made_before(actor: Actor, submission_key: str) -> Series | None:
    """The series that the same form has made already."""
    return db.session.scalars(
        select(Series)
        .join(Appointment, Appointment.series_id == Series.id)
        .where(Appointment.submission_key == f"{actor.user_id or 0}:{submission_key}:0")
    ).first()
