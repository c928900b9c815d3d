"""A day on paper: a sheet for everybody, one list of all, or what is needed when nothing else works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Response, request

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_moment
from clinic.core.phones import show_mobile
from clinic.core.web import current_actor, page
from clinic.facilities.models import Facility
from clinic.scheduling import policy
from clinic.scheduling.queries import calendar as columns
from clinic.scheduling.queries import listing as rows
from clinic.scheduling.queries.listing import SheetLine
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.reading import read_day

WAYS = ("practitioner", "all", "outage")


@dataclass(frozen=True)
class Sheet:
    """One sheet: whose it is (nobody's in particular: empty), and its visits."""

    name: str
    lines: list[SheetLine]


@bp.app_template_filter("show_mobile")
def mobile(number: str | None) -> str:
    """A mobile as people write it."""
    return show_mobile(number)


@bp.get("/calendar/print")
@allow(*STAFF_ROLES)
def print_day() -> Response:
    """The visits of a day for the printer. It is written down that they were printed."""
    actor = current_actor()
    facility = here(actor)
    day = read_day(request.args.get("day"), facility.zone)
    way = request.args.get("by", "practitioner")
    way = way if way in WAYS else "practitioner"
    lines = [_seen(actor, facility, line) for line in rows.day_sheet(facility, day)]
    sheets = _each(facility, day, lines) if way == "practitioner" else [Sheet("", lines)]
    audit.read(
        actor,
        "calendar.printed",
        subject_type="calendar",
        facility_id=facility.id,
        detail={
            "day": day.isoformat(),
            "by": way,
            "count": len(lines),
            "ids": [one.line.id for one in lines if one.line.reference],
        },
    )
    return page(
        "scheduling/print_day.html",
        day=day,
        way=way,
        papers=sheets,
        is_outage=way == "outage",
        facility=facility,
        printed_at=show_moment(clock.now(), facility.zone),
    )


def _seen(actor: Actor, facility: Facility, one: SheetLine) -> SheetLine:
    """A colleague's visit without its patient, where care is not shared."""
    line = one.line
    own = actor.user_id is not None and line.practitioner_user == actor.user_id
    if own or policy.sees_every_patient(actor, facility):
        return one
    return one._replace(
        line=line._replace(reference="", patient=_("Booked"), mobile=None, service="", purpose=None)
    )


def _each(facility: Facility, day: date, lines: Sequence[SheetLine]) -> list[Sheet]:
    """A sheet for everybody who has a visit, in the order of the calendar's columns."""
    first, after = clock.day_bounds(day, facility.zone)
    people = [one for one in columns.columns(facility.id, first, after) if one.practitioner_id]
    sheets = [
        Sheet(one.name, [line for line in lines if one.practitioner_id in line.people])
        for one in sorted(people, key=lambda one: one.kind != "practitioner")
    ]
    known = {one.practitioner_id for one in people}
    sheets.append(Sheet("", [line for line in lines if not line.people & known]))
    return [sheet for sheet in sheets if sheet.lines] or [Sheet("", [])]
