"""The calendar: a day by practitioner or room, a week of one practitioner, and a list that does all the
grid does.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import FRONT_DESK, Actor, Role, allow
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_day, show_long_day, show_time
from clinic.core.web import current_actor, is_fragment, is_timed_refresh, page
from clinic.facilities.models import Facility
from clinic.scheduling import grid
from clinic.scheduling.queries import calendar as rows
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.reading import read_day, read_id

VIEWS = ("day", "week", "list")
SIDES = ("practitioner", "room")
MANY = 14
"""From so many columns on, gaps are offered by the hour, to keep the page light."""


@dataclass(frozen=True)
class Shown:
    """What the address asks for."""

    day: date
    view: str
    by: str
    practitioner_id: int | None

    def url(self, **changes: Any) -> str:
        """The address of the same calendar with something else."""
        other = replace(self, **changes)
        return url_for(
            "scheduling.calendar",
            day=other.day.isoformat(),
            view=other.view,
            by=other.by if other.by != "practitioner" else None,
            practitioner=other.practitioner_id,
        )


@bp.get("/calendar")
@allow(*STAFF_ROLES)
def calendar() -> Response:
    """The calendar of a day or a week."""
    actor = current_actor()
    facility = here(actor)
    shown = _shown(facility)
    monday = shown.day - timedelta(days=shown.day.weekday() if shown.view == "week" else 0)
    first, _after = clock.day_bounds(monday, facility.zone)
    columns = rows.columns(
        facility.id, first, first + timedelta(days=8 if shown.view == "week" else 1, hours=1)
    )
    people = [column for column in columns if column.kind == "practitioner"]
    if shown.view == "week":
        mine = next((one for one in people if one.practitioner_id == shown.practitioner_id), None)
        mine = mine or (people[0] if people else None)
        shown = replace(shown, practitioner_id=mine.practitioner_id if mine else None)
        values = _week(actor, facility, shown, mine)
    elif shown.view == "list":
        values = _list(actor, facility, shown)
    else:
        values = _day(actor, facility, shown, columns)
    values |= {
        "shown": shown,
        "facility": facility,
        "people": people,
        "title": _title(shown),
        "today": clock.today(facility.zone),
        "legend": rows.legend(facility.id),
        "after": shown.url(),
    }
    if not is_timed_refresh():
        audit.read(
            actor,
            "calendar.viewed",
            subject_type="calendar",
            facility_id=facility.id,
            detail={"day": shown.day.isoformat(), "view": shown.view},
        )
    fragment = "scheduling/_calendar.html" if is_fragment() else None
    return page("scheduling/calendar.html", fragment, **values)


def _shown(facility: Facility) -> Shown:
    view, by = request.args.get("view", "day"), request.args.get("by", "practitioner")
    return Shown(
        read_day(request.args.get("day"), facility.zone),
        view if view in VIEWS else "day",
        by if by in SIDES else "practitioner",
        read_id(request.args.get("practitioner")),
    )


def _title(shown: Shown) -> str:
    if shown.view != "week":
        short, long = show_day(shown.day), show_long_day(shown.day)
        return f"{short.split(' ')[0]} {long.split(' ', 1)[-1]}"
    monday = shown.day - timedelta(days=shown.day.weekday())
    return _("%(first)s to %(last)s", first=show_day(monday), last=show_day(monday + timedelta(days=6)))


def _hidden(actor: Actor, facility: Facility, cell: rows.Cell) -> rows.Cell:
    """A colleague's visit without its patient, where not the whole facility is in everybody's care."""
    if actor.has(*FRONT_DESK) or cell.practitioner_user == actor.user_id:
        return cell
    if facility.whole_facility_in_care and actor.has(Role.PRACTITIONER):
        return cell
    return cell._replace(reference="", patient=_("Booked"), service="", patient_id=0)


def _day(actor: Actor, facility: Facility, shown: Shown, columns: list[rows.Column]) -> dict[str, Any]:
    found = [_hidden(actor, facility, cell) for cell in rows.cells(facility, shown.day, shown.day)]
    chosen = [column for column in columns if column.kind == shown.by]
    frame = grid.frame_of(
        facility, found, [column for column in chosen if column.kind == "practitioner"], [shown.day]
    )
    by_column: dict[int | None, list[rows.Cell]] = defaultdict(list)
    for cell in found:
        by_column[cell.practitioner_id if shown.by == "practitioner" else cell.room_id].append(cell)
    gap = grid.GAP if len(chosen) < MANY else 2 * grid.GAP
    drawn = [
        grid.draw(
            facility,
            column,
            shown.day,
            frame,
            by_column.get(column.practitioner_id if shown.by == "practitioner" else column.resource_id, []),
            gap=gap,
        )
        for column in chosen
    ]
    return _framed(facility, shown.day, frame) | {"drawn": drawn, "count": len(found)}


def _week(actor: Actor, facility: Facility, shown: Shown, column: rows.Column | None) -> dict[str, Any]:
    monday = shown.day - timedelta(days=shown.day.weekday())
    days = [monday + timedelta(days=offset) for offset in range(7)]
    if column is None:
        return _framed(facility, shown.day, grid.Frame(8, 19)) | {"drawn": [], "count": 0}
    found = [
        _hidden(actor, facility, cell)
        for cell in rows.cells(facility, monday, days[-1], practitioner_id=column.practitioner_id)
    ]
    frame = grid.frame_of(facility, found, [column], days)
    zone = clock.zone(facility.zone)
    by_day: dict[date, list[rows.Cell]] = defaultdict(list)
    for cell in found:
        by_day[cell.starts.astimezone(zone).date()].append(cell)
    drawn = [grid.draw(facility, column, day, frame, by_day.get(day, []), gap=grid.GAP) for day in days]
    for one in drawn:
        one.name, one.second = show_day(one.day), ""
    return _framed(facility, clock.today(facility.zone), frame) | {
        "drawn": drawn,
        "count": len(found),
        "who": column.name,
    }


def _framed(facility: Facility, day: date, frame: grid.Frame) -> dict[str, Any]:
    share = grid.now_share(facility, day, frame)
    return {"frame": frame, "now_at": share, "now_text": show_time(clock.now(), facility.zone)}


def _list(actor: Actor, facility: Facility, shown: Shown) -> dict[str, Any]:
    found = [
        _hidden(actor, facility, cell)
        for cell in rows.cells(
            facility, shown.day, shown.day, practitioner_id=shown.practitioner_id, with_ended=True
        )
    ]
    zone = clock.zone(facility.zone)
    by_day = [
        (day, list(group))
        for day, group in groupby(found, key=lambda cell: cell.starts.astimezone(zone).date())
    ]
    return {"by_day": by_day, "count": len(found)}
