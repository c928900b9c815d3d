"""The calendar: a day by people, rooms or equipment, a week or a month of one of them, and a list that does
all the grid does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import Response
from markupsafe import Markup

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_day, show_time
from clinic.core.web import current_actor, is_fragment, is_timed_refresh, page
from clinic.facilities.models import Facility
from clinic.scheduling import grid, policy
from clinic.scheduling.queries import calendar as rows
from clinic.scheduling.views import listing, month
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.drawing import Pen
from clinic.scheduling.views.shown import SIDES, Shown, about, chosen, one_of, read_shown

MANY = 14
"""From so many columns on, gaps are offered by the hour, to keep the page light."""
IN_LEGEND = 2
"""So many services of one colour are named."""


@bp.get("/calendar")
@allow(*STAFF_ROLES)
def calendar() -> Response:
    """The calendar of a day, a week or a month, or the list."""
    actor = current_actor()
    facility = here(actor)
    shown = read_shown(facility)
    if shown.view == "list":
        return listing.listing(actor, facility, shown)
    columns = rows.columns(facility.id, *_bounds(facility, shown))
    if shown.view == "week":
        mine = one_of(shown, columns, actor.user_id)
        shown = about(shown, mine)
        values = _week(actor, facility, shown, columns, mine)
    elif shown.view == "month":
        named = shown.resource_id or shown.practitioner_id
        mine = one_of(shown, columns, actor.user_id) if named else None
        shown = about(shown, mine)
        values = month.squares(facility, shown, columns, mine) | {"of": mine}
    else:
        values = _day(actor, facility, shown, columns)
    values |= {
        "shown": shown,
        "facility": facility,
        "columns": columns,
        "sides": _sides(shown, columns),
        "title": shown.title(),
        "today": clock.today(facility.zone),
        "after": shown.url(),
        "timed": is_timed_refresh(),
    }
    if not is_timed_refresh():
        audit.read(
            actor,
            "calendar.viewed",
            subject_type="calendar",
            facility_id=facility.id,
            detail={
                "day": shown.day.isoformat(),
                "view": shown.view,
                "patients": sorted({cell.patient_id for cell in values.get("found", ()) if cell.patient_id}),
            },
        )
    fragment = "scheduling/_calendar.html" if is_fragment() else None
    return page("scheduling/calendar.html", fragment, **values)


def _bounds(facility: Facility, shown: Shown) -> tuple[Any, Any]:
    """The instants between which time off matters."""
    if shown.view == "month":
        day, days = shown.day.replace(day=1) - timedelta(days=7), 47
    elif shown.view == "week":
        day, days = shown.monday, 8
    else:
        day, days = shown.day, 1
    first, _after = clock.day_bounds(day, facility.zone)
    return first, first + timedelta(days=days, hours=1)


def _sides(shown: Shown, columns: Sequence[rows.Column]) -> list[tuple[str, str]]:
    """The ways to see a day that this facility has."""
    words = {
        "practitioner": _("Practitioner"),
        "therapist": _("Therapist"),
        "room": _("Room"),
        "equipment": _("Equipment"),
    }
    there = {column.kind for column in columns} | {"practitioner", "room", shown.by}
    return [(side, words[side]) for side in SIDES if side in there]


def _seen(actor: Actor, facility: Facility, found: list[rows.Cell]) -> list[rows.Cell]:
    """The cells without the patients of colleagues, where care is not shared."""
    if policy.sees_every_patient(actor, facility):
        return found
    booked = _("Booked")
    return [
        cell
        if cell.session_id or (actor.user_id is not None and cell.practitioner_user == actor.user_id)
        else cell._replace(reference="", patient=booked, service="", patient_id=0)
        for cell in found
    ]


def _house(columns: Sequence[rows.Column]) -> rows.Column | None:
    return next((column for column in columns if column.kind == "facility"), None)


def _day(actor: Actor, facility: Facility, shown: Shown, columns: list[rows.Column]) -> dict[str, Any]:
    found = _seen(actor, facility, rows.cells(facility, shown.day, shown.day))
    columns_shown = chosen(shown, columns, actor.user_id)
    frame = grid.frame_of(
        facility, found, [column for column in columns_shown if column.kind in rows.PEOPLE], [shown.day]
    )
    day = grid.Day(
        facility,
        shown.day,
        frame,
        clock.now(),
        _house(columns),
        grid.GAP if len(columns_shown) < MANY else 2 * grid.GAP,
    )
    cells = _by_column(found, columns_shown)
    drawn = [day.draw(column, cells[column.resource_id]) for column in columns_shown]
    return _framed(facility, shown, frame, drawn, found) | {
        "count": len(found),
        "of_kind": [column for column in columns if column.kind == shown.by],
        "has_mine": any(column.user_id == actor.user_id is not None for column in columns),
    }


def _by_column(found: Sequence[rows.Cell], columns: Sequence[rows.Column]) -> dict[int, list[rows.Cell]]:
    """A visit stands with whoever performs it and with all that it claims."""
    by_person = {column.practitioner_id: column.resource_id for column in columns if column.practitioner_id}
    cells: dict[int, list[rows.Cell]] = defaultdict(list)
    for cell in found:
        places = set(cell.resources or ())
        if cell.practitioner_id in by_person:
            places.add(by_person[cell.practitioner_id])
        for place in places:
            cells[place].append(cell)
    return cells


def _week(
    actor: Actor, facility: Facility, shown: Shown, columns: list[rows.Column], column: rows.Column | None
) -> dict[str, Any]:
    days = [shown.monday + timedelta(days=offset) for offset in range(7)]
    if column is None:
        return _framed(facility, shown, grid.Frame(8, 19), [], []) | {"of": None}
    found = _seen(actor, facility, rows.cells(facility, days[0], days[-1], of=column))
    frame = grid.frame_of(facility, found, [column], days)
    zone = clock.zone(facility.zone)
    by_day: dict[date, list[rows.Cell]] = defaultdict(list)
    for cell in found:
        begins = cell.starts.astimezone(zone).date()
        by_day[begins].append(cell)
        over = cell.ends.astimezone(zone)
        if over.date() > begins and (over.hour or over.minute):
            by_day[over.date()].append(cell)
    drawn = []
    for day in days:
        place = grid.Day(facility, day, frame, clock.now(), _house(columns))
        drawn.append(place.draw(column, by_day[day]))
        drawn[-1].name, drawn[-1].second = show_day(day), ""
    return _framed(facility, shown, frame, drawn, found) | {"of": column, "count": len(found)}


def _framed(
    facility: Facility,
    shown: Shown,
    frame: grid.Frame,
    drawn: list[grid.Drawn],
    found: Sequence[rows.Cell],
) -> dict[str, Any]:
    """What the grid's template shows."""
    day = clock.today(facility.zone) if shown.view == "week" else shown.day
    share = grid.now_share(facility, day, frame)
    kind = drawn[0].kind if drawn else shown.by
    pen = Pen(by_kind=kind, week=shown.view == "week", list_url=str(Markup.escape(shown.url(view="list"))))
    knot = ""
    if share is not None:
        knot = (
            f'<svg class="cal-knot" aria-hidden="true"><circle cx="6" cy="{round(share * 100, 3)}%" r="4" '
            "data-now-y /></svg>"
        )
    return {
        "frame": frame,
        "now_at": share,
        "now_text": show_time(clock.now(), facility.zone),
        "drawn": drawn,
        "body": pen.columns(drawn, knot),
        "legend": _legend(found),
        "found": found,
    }


def _legend(found: Sequence[rows.Cell]) -> list[tuple[int, str]]:
    """The colours that are on the page, with the services they stand for."""
    names: dict[int, set[str]] = defaultdict(set)
    for cell in found:
        if cell.service:
            names[cell.hue].add(cell.service)
    legend = []
    for hue in sorted(names):
        named = sorted(names[hue])
        rest = len(named) - IN_LEGEND
        legend.append((hue, ", ".join(named[:IN_LEGEND]) + (f" +{rest}" if rest > 0 else "")))
    return legend
