"""Planning group sessions: one, or a set by a rule, with what clashes named before anything is written."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, request, url_for

from clinic.core import clock
from clinic.core.access import allow
from clinic.core.errors import DomainError, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.web import current_actor, go_to, page, say
from clinic.facilities.models import Facility
from clinic.scheduling import queries
from clinic.scheduling.models import Service
from clinic.scheduling.queries.session_lists import group_services
from clinic.scheduling.series_words import weekdays
from clinic.scheduling.service import settled
from clinic.scheduling.service.series import MOST, Every, Rule
from clinic.scheduling.service.sessions import PlannedSession, plan_sessions, survey_sessions
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.reading import read_day, read_id, read_time
from clinic.scheduling.views.series_form import read_weekdays

MOST_WEEKS = 26


@bp.route("/sessions/new", methods=["GET", "POST"])
@allow(*STAFF_ROLES)
def new_sessions() -> Response:
    """Choose service, practitioner and times; see every session with its clash; plan those that can be."""
    actor = current_actor()
    facility = here(actor)
    if request.form.get("action") != "plan":
        return _show(facility)
    try:
        found = _survey(facility)
        starts = [one.starts for one in found if not one.why and _is_kept(one)]
        service = queries.get_service(facility.id, read_id(request.form.get("service")) or 0)
        practitioner_id = read_id(request.form.get("practitioner")) or 0
        count = len(settled(lambda: plan_sessions(actor, here(actor), service, practitioner_id, starts)))
    except NotFound:
        raise
    except DomainError as error:
        return _show(here(actor), error=error)
    say(ngettext("%(num)s session is planned.", "%(num)s sessions are planned.", count))
    first = starts[0].astimezone(clock.zone(here(actor).zone)).date()
    return go_to(url_for("scheduling.sessions", day=first.isoformat()))


def _is_kept(one: PlannedSession) -> bool:
    return one.starts.isoformat() not in request.form.getlist("out")


def _survey(facility: Facility) -> list[PlannedSession]:
    form = request.form
    service_id, practitioner_id = read_id(form.get("service")), read_id(form.get("practitioner"))
    wall = read_time(form.get("time"))
    if service_id is None:
        raise Invalid(_("Choose the service."), field="service")
    if practitioner_id is None:
        raise Invalid(_("Choose who holds it."), field="practitioner")
    if wall is None:
        raise Invalid(_("Choose a time."), field="time")
    service = queries.get_service(facility.id, service_id)
    if service.capacity == 1 or not service.active:
        raise Invalid(_("This service is not for groups."), field="service")
    first = max(read_day(form.get("first"), facility.zone), clock.today(facility.zone))
    chosen = read_weekdays(form.getlist("weekday"))
    weeks = read_id(form.get("weeks")) or 1
    if not chosen:
        return survey_sessions(facility, service, practitioner_id, [first], wall)
    if weeks > MOST_WEEKS:
        raise Invalid(_("At most %(most)s weeks at a time.", most=MOST_WEEKS), field="weeks")
    rule = Rule(
        every=Every.WEEK, weekdays=tuple(chosen), until=first + timedelta(weeks=weeks) - timedelta(days=1)
    )
    return survey_sessions(facility, service, practitioner_id, rule.dates(first), wall)


def _show(facility: Facility, *, error: DomainError | None = None) -> Response:
    form = request.form
    services = group_services(facility.id)
    chosen = _chosen(services, read_id(request.values.get("service")))
    found: list[PlannedSession] = []
    if request.method == "POST":
        try:
            found = _survey(facility)
        except NotFound:
            raise
        except DomainError as wrong:
            incomplete = form.get("action") not in ("plan", "check")
            error = error or (None if incomplete and wrong.field in ("practitioner", "time") else wrong)
    return page(
        "scheduling/session_new.html",
        "scheduling/_session_plan.html",
        status=error.status if error and form.get("action") == "plan" else 200,
        services=services,
        chosen=chosen,
        people=queries.practitioners(facility.id, chosen.id) if chosen else [],
        practitioner_id=read_id(form.get("practitioner")),
        first=max(read_day(request.values.get("first"), facility.zone), clock.today(facility.zone)),
        time=form.get("time", "")[:5],
        weeks=read_id(form.get("weeks")) or 4,
        days=read_weekdays(form.getlist("weekday")),
        weekdays=weekdays(),
        found=found,
        out=set(form.getlist("out")),
        error=error,
        most=MOST,
        most_weeks=MOST_WEEKS,
        today=clock.today(facility.zone),
        zone=facility.zone,
    )


def _chosen(services: list[Service], service_id: int | None) -> Service | None:
    named = next((one for one in services if one.id == service_id), None)
    return named or (services[0] if len(services) == 1 else None)
