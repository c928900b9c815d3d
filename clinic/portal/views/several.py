"""Several visits at the same hour, booked together: the plan first, with every day that is not free named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from flask import Response, abort, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import ngettext
from clinic.core.text import one_line
from clinic.core.uploads import takes_files
from clinic.core.web import current_actor, go_to, page, read_id, say
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.portal import days
from clinic.portal.forms import CancelForm
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.booking_papers import chosen_papers
from clinic.portal.views.household import Household, household
from clinic.records.uploads import MOST_BYTES, MOST_ON_A_BOOKING
from clinic.records.views.blueprint import sent_files
from clinic.scheduling.models import Service
from clinic.scheduling.queries import get_service
from clinic.scheduling.queries.series import SeriesShown, changeable, get_series
from clinic.scheduling.reasons import read_code
from clinic.scheduling.service import last_day_for_patients, settled
from clinic.scheduling.service.holding import let_go
from clinic.scheduling.service.papers import take_from_form
from clinic.scheduling.service.series import (
    Ask,
    Every,
    NewSeries,
    Occurrence,
    OneTaken,
    Rule,
    SeriesPlace,
    Wish,
    book_series,
    cancel_own,
    made_before,
    survey,
)

FEWEST, MOST = 2, 12
OUT = "out"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was asked for: the first visit as chosen, and how it repeats. ``last`` is the last day that can be
    booked here; the days after it are left out.
    """

    facility: Facility
    service: Service
    patient: Patient
    starts: datetime
    practitioner_id: int
    every: Every
    count: int
    online: bool
    purpose: str
    submission_key: str
    last: date

    @property
    def _local(self) -> datetime:
        return self.starts.astimezone(clock.zone(self.facility.zone))

    @property
    def rule(self) -> Rule:
        weekly = self.every is Every.WEEK
        return Rule(every=self.every, weekdays=(self._local.weekday(),) if weekly else (), count=self.count)

    @property
    def dates(self) -> list[date]:
        """The days that can be booked here."""
        return [day for day in self.rule.dates(self._local.date()) if day <= self.last]

    @property
    def left_out(self) -> int:
        """How many visits lie too far ahead."""
        return self.count - len(self.dates)

    def wishes(self) -> list[Wish]:
        """A wish for each of the days, with what was chosen for it."""
        wall: time = self._local.time().replace(tzinfo=None)
        return [
            Wish(
                key=day.isoformat(),
                starts=clock.at(day, wall, self.facility.zone),
                practitioner_id=self.practitioner_id,
                chosen=_choice(day),
                out=request.form.get(f"at-{day.isoformat()}") == OUT,
            )
            for day in self.dates
        ]


def _choice(day: date) -> tuple[int, datetime] | None:
    chosen = days.read_value(request.form.get(f"at-{day.isoformat()}"))
    return (chosen[1], chosen[0]) if chosen else None


@bp.post("/book/<id:service_id>/several")
@allow(Role.PATIENT)
@takes_files(MOST_ON_A_BOOKING * MOST_BYTES)
def several(service_id: int) -> Response:
    """Show every visit with its place or what is free instead; then book them all."""
    family = household()
    plan = _read(family, service_id)
    if plan is None:
        return go_to(url_for("portal.book_time", service_id=service_id))
    papers = chosen_papers(plan.submission_key)
    if papers.refused:
        say(papers.refused[0][1], "danger")
    if request.form.get("action") == "book":
        return _book(family, plan)
    settled(lambda: let_go(current_actor(), plan.submission_key))  # the plan counts its own place as free
    return _show(family, plan)


def _read(family: Household, service_id: int) -> Plan | None:
    """The plan as posted; None where no time was chosen, or nothing repeats."""
    facility = clinic()
    service = get_service(facility.id, service_id)
    if not (service.active and service.online_booking) or service.needs_confirmation:
        abort(404)
    chosen = days.read_value(request.form.get("slot"))
    patient = family.member(read_id(request.form.get("patient")) or family.chosen.id)
    if chosen is None or patient.deceased:
        return None
    count = read_id(request.form.get("count")) or FEWEST
    return Plan(
        facility=facility,
        service=service,
        patient=patient,
        starts=chosen[0],
        practitioner_id=chosen[1],
        every=Every.DAY if request.form.get("repeat") == Every.DAY else Every.WEEK,
        count=min(max(count, FEWEST), MOST),
        online=service.online and (not service.in_person or request.form.get("mode") == "online"),
        purpose=one_line(request.form.get("purpose", ""))[:200],
        submission_key=one_line(request.form.get("submission_key", ""))[:64],
        last=last_day_for_patients(facility, service),
    )


def _survey(plan: Plan) -> list[Occurrence]:
    ask = Ask(
        facility=plan.facility,
        service=plan.service,
        patient_id=plan.patient.id,
        practitioner_id=plan.practitioner_id,
        online=plan.online,
    )
    wishes = plan.wishes()
    return survey(current_actor(), ask, wishes) if wishes else []


def _book(family: Household, plan: Plan) -> Response:
    earlier = made_before(current_actor(), plan.submission_key)
    if earlier is not None:
        return go_to(url_for("portal.series", series_id=earlier.id))
    try:
        found = _survey(plan)
        places = [
            SeriesPlace(key=one.key, practitioner_id=one.place.practitioner_id, starts=one.place.starts)
            for one in found
            if one.place is not None
        ]
        wanted = NewSeries(
            facility_id=plan.facility.id,
            service_id=plan.service.id,
            patient_id=plan.patient.id,
            rule=plan.rule,
            places=places,
            online=plan.online,
            purpose=plan.purpose or None,
            via="portal",
            submission_key=plan.submission_key,
        )
        series_id = settled(lambda: _book_with_papers(wanted))
    except NotFound:
        raise
    except DomainError as error:
        return _show(family, plan, error=error, lost=error.key if isinstance(error, OneTaken) else None)
    say(ngettext("%(num)s visit is booked.", "%(num)s visits are booked.", len(places)))
    return go_to(url_for("portal.series", series_id=series_id))


def _book_with_papers(wanted: NewSeries) -> int:
    """The series; files that were chosen in the form go with its first visit."""
    actor = current_actor()
    series_id = book_series(actor, wanted).id
    if request.form.get("papers") and wanted.submission_key:
        take_from_form(actor, get_series(actor, series_id).visits[0], wanted.submission_key)
    return series_id


def _show(
    family: Household, plan: Plan, *, error: DomainError | None = None, lost: str | None = None
) -> Response:
    found: Sequence[Occurrence] = []
    try:
        found = _survey(plan)
    except NotFound:
        raise
    except DomainError as wrong:
        error = error or wrong
    return page(
        "portal/several.html",
        status=error.status if error else 200,
        family=family.showing(plan.patient),
        plan=plan,
        found=found,
        free=sum(one.place is not None for one in found),
        error=error,
        lost=lost,
        value_of=days.value_of,
        chosen=request.form.get("slot"),
        papers=bool(request.form.get("papers") or sent_files("paper_files")),
    )


@bp.get("/series/<id:series_id>")
@allow(Role.PATIENT)
def series(series_id: int) -> Response:
    """Visits that were booked together."""
    return _series_page(_own(series_id), CancelForm(formdata=None))


@bp.post("/series/<id:series_id>/cancel")
@allow(Role.PATIENT)
def cancel_series(series_id: int) -> Response:
    """Cancel all of them that can still be cancelled here."""
    form = CancelForm()
    shown = _own(series_id)
    if not form.validate():
        return _series_page(shown, form, 422)
    try:
        count = settled(
            lambda: cancel_own(
                current_actor(),
                _own(series_id),
                code=read_code(form.code.data),
                reason=form.reason.data or None,
            )
        )
    except NotFound:
        raise
    except DomainError as error:
        form.refuse(error)
        return _series_page(_own(series_id), form, error.status)
    say(ngettext("%(num)s visit is cancelled.", "%(num)s visits are cancelled.", count))
    return go_to(url_for("portal.series", series_id=series_id))


def _own(series_id: int) -> SeriesShown:
    """A series of the household. Raises NotFound for anybody else's."""
    shown = get_series(current_actor(), series_id)
    household().member(shown.visits[0].patient_id)
    return shown


def _series_page(shown: SeriesShown, form: CancelForm, status: int = 200) -> Response:
    family = household()
    patient = family.member(shown.visits[0].patient_id)
    audit.read(
        current_actor(),
        "series.viewed",
        subject_type="series",
        subject_id=shown.series.id,
        patient_id=patient.id,
        facility_id=shown.series.facility_id,
    )
    return page(
        "portal/series.html",
        status=status,
        family=family.showing(patient),
        shown=shown,
        changeable=changeable(shown),
        form=form,
    )
