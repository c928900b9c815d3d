"""The days of a year on which the clinic is closed, public holidays among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Response, request, url_for

from clinic.core import clock
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import locale_tag, ngettext, show_date
from clinic.core.text import one_line
from clinic.core.web import current_actor, go_to, page, say
from clinic.facilities.models import Facility
from clinic.scheduling import policy
from clinic.scheduling.models import TimeOff
from clinic.scheduling.public_holidays import PublicHoliday, public_holidays
from clinic.scheduling.queries import setup
from clinic.scheduling.queries.stranded import visits_needing
from clinic.scheduling.service import arrange, settled
from clinic.scheduling.service.arrange import Closure
from clinic.scheduling.service.away import close
from clinic.scheduling.views.blueprint import ARRANGING, LOOKING, bp, here
from clinic.scheduling.views.impact import Asked, chosen_ways, show_impact, show_left, told, typed
from clinic.scheduling.views.reading import read_day

YEARS_AWAY = 9


@dataclass(frozen=True, kw_only=True)
class ClosureShown:
    """A closure as the page lists it; ``whole`` unless it takes only some hours of a day."""

    time_off_id: int
    first: date
    last: date
    reason: str
    whole: bool
    over: bool


@dataclass(frozen=True, kw_only=True)
class HolidayShown:
    """A public holiday and whether the clinic is closed on it already."""

    holiday: PublicHoliday
    closed: bool
    over: bool
    ticked: bool


@bp.get("/closures")
@allow(*LOOKING)
def closures() -> Response:
    """The closures of a year, in order."""
    return _page(_year(request.args.get("year")))


@bp.post("/closures")
@allow(*ARRANGING)
def add_closure() -> Response:
    """Close the clinic on a day, or from one day to another."""
    facility = here(current_actor())
    first = read_day(request.form.get("first"), facility.zone)
    last = read_day(request.form.get("last"), facility.zone) if request.form.get("last") else first
    reason = one_line(request.form.get("reason", ""))[:200]
    return _close([Closure(first=first, last=last, reason=reason)], first.year, part="one")


@bp.post("/closures/holidays")
@allow(*ARRANGING)
def add_holidays() -> Response:
    """Close the clinic on the public holidays that were chosen."""
    facility = here(current_actor())
    year = _year(request.form.get("year"))
    chosen = set(request.form.getlist("holiday"))
    wanted = [
        Closure(first=one.day, last=one.day, reason=one.name)
        for one in public_holidays(facility, year, locale_tag())
        if one.day.isoformat() in chosen
    ]
    if not wanted:
        return _page(
            year, part="holidays", error=Invalid(_("Choose the days on which the clinic is closed."))
        )
    return _close(wanted, year, part="holidays")


@bp.post("/closures/<id:time_off_id>/remove")
@allow(*ARRANGING)
def remove_closure(time_off_id: int) -> Response:
    """Open the clinic again."""
    actor = current_actor()
    with unit_of_work():
        arrange.remove_closure(actor, here(actor), time_off_id)
    say(_("Saved."))
    return go_to(url_for("scheduling.closures", year=_year(request.form.get("year"))))


def _close(wanted: Sequence[Closure], year: int, *, part: str) -> Response:
    actor = current_actor()
    facility = here(actor)
    back = url_for("scheduling.closures", year=year)
    during = [one.during(facility.zone) for one in wanted if one.first <= one.last]
    if not request.form.get("decided"):
        with unit_of_work():
            resource = arrange.facility_resource(facility)
        in_the_way = visits_needing(resource, during)
        if in_the_way:
            asked = _asked(wanted, back, part)
            return show_impact(actor, facility, resource, visits=in_the_way, during=during, asked=asked)
    try:
        result = settled(lambda: close(actor, facility, wanted, ways=chosen_ways(actor, facility.id)))
    except DomainError as error:
        return _page(year, part=part, error=error)
    if any(left.why for left in result.left):
        return show_left(
            facility,
            result,
            title=_("The clinic is closed"),
            back_url=back,
            back_text=_("Closures"),
        )
    say(told(result, _("Saved.")))
    return go_to(back)


def _asked(wanted: Sequence[Closure], back: str, part: str) -> Asked:
    holidays = part == "holidays"
    return Asked(
        title=_("The clinic is closed"),
        back_url=back,
        back_text=_("Closures"),
        post_url=url_for("scheduling.add_holidays" if holidays else "scheduling.add_closure"),
        when=[_days(one.first, one.last) for one in wanted],
        typed=typed("year", "holiday") if holidays else typed("first", "last", "reason"),
        submit=ngettext("Close on this day", "Close on these days", len(wanted)),
        submit_moving=_("Close the clinic and move these visits"),
    )


def _days(first: date, last: date) -> str:
    return show_date(first) if first == last else f"{show_date(first)} – {show_date(last)}"


def _page(year: int, *, part: str = "", error: DomainError | None = None) -> Response:
    actor = current_actor()
    facility = here(actor)
    today = clock.today(facility.zone)
    entered = [_shown(facility, off, today) for off in setup.closures_of(facility, year)]
    return page(
        "scheduling/closures.html",
        status=error.status if error else 200,
        year=year,
        earliest=today.year - YEARS_AWAY,
        latest=today.year + YEARS_AWAY,
        closures=entered,
        holidays=_holidays(facility, year, entered, today),
        may_arrange=policy.can_arrange(actor, facility.id),
        today=today,
        facility=facility,
        part=part,
        error=error,
        typed=request.form if error else {},
    )


def _shown(facility: Facility, off: TimeOff, today: date) -> ClosureShown:
    first, last = setup.days_of(off, facility.zone)
    whole = Closure(first=first, last=last, reason=off.reason).during(facility.zone)
    return ClosureShown(
        time_off_id=off.id,
        first=first,
        last=last,
        reason=off.reason,
        whole=(whole.lower, whole.upper) == (off.during.lower, off.during.upper),
        over=last < today,
    )


def _holidays(
    facility: Facility, year: int, entered: Sequence[ClosureShown], today: date
) -> list[HolidayShown]:
    ticked = set(request.form.getlist("holiday"))
    return [
        HolidayShown(
            holiday=one,
            closed=any(off.whole and off.first <= one.day <= off.last for off in entered),
            over=one.day < today,
            ticked=one.day.isoformat() in ticked,
        )
        for one in public_holidays(facility, year, locale_tag())
    ]


def _year(text: str | None) -> int:
    """A year within nine of this one; this one for anything else."""
    this = clock.today(here(current_actor()).zone).year
    stripped = (text or "").strip()
    if not (stripped.isascii() and stripped.isdigit() and len(stripped) == 4):
        return this
    return int(stripped) if abs(int(stripped) - this) <= YEARS_AWAY else this
