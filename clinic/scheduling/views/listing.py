"""The list of visits: filtered, ordered, page by page; every address can be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, is_fragment, is_timed_refresh, page
from clinic.facilities.models import Facility
from clinic.facilities.queries import get_facility
from clinic.scheduling import policy
from clinic.scheduling.models import AppointmentStatus
from clinic.scheduling.queries import listing as rows
from clinic.scheduling.queries.listing import Filter, Line
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.filtering import chips, list_url, query_of, read_filter
from clinic.scheduling.views.reading import read_day, read_id
from clinic.scheduling.views.shown import Shown

RESULTS = "list-results"


@dataclass(frozen=True)
class Heading:
    """A column that the list can be ordered by: the address that does, and ``aria-sort``."""

    text: str
    url: str
    order: str


@bp.post("/calendar/list")
@allow(*STAFF_ROLES)
def filter_list() -> Response:
    """What was typed into the filters, brought to the address that shows it."""
    facility = here(current_actor())
    day = read_day(request.form.get("day"), facility.zone)
    wanted = read_filter(request.form, day)
    return go_to(list_url(url_for("scheduling.calendar"), day, wanted, read_id(request.form.get("facility"))))


def listing(actor: Actor, facility: Facility, shown: Shown) -> Response:
    """The list of some days; only its lines, where the page asks for those alone."""
    own = facility
    asked = read_id(request.args.get("facility"))
    if asked is not None and asked != facility.id and actor.works_at(asked):
        facility = get_facility(asked)
    elsewhere = facility.id if facility.id != own.id else None
    wanted = read_filter(request.args, shown.day)
    narrow = not policy.sees_every_patient(actor, facility)
    if narrow and wanted.sort == "patient":
        wanted = replace(wanted, sort="time")
    own_user = (actor.user_id or 0) if narrow else None
    found = rows.page(
        facility,
        wanted,
        past=read_id(request.args.get("past")),
        before=read_id(request.args.get("before")),
        own_user=own_user,
    )
    lines = [_hidden(line, own_user) for line in found.lines]
    values: dict[str, Any] = {
        "shown": shown,
        "facility": facility,
        "wanted": wanted,
        "total": rows.count(facility, wanted, own_user=own_user),
        "counted": rows.COUNTED,
        "groups": _groups(lines, wanted, facility.zone),
        "is_found": bool(lines),
        "headings": _headings(shown, wanted, elsewhere, narrow=narrow),
        "one_day": wanted.from_day is not None and wanted.from_day == wanted.to_day,
        "next_url": _page_url(shown, wanted, elsewhere, "past", lines[-1].id)
        if found.has_after and lines
        else None,
        "previous_url": _page_url(shown, wanted, elsewhere, "before", lines[0].id)
        if found.has_before and lines
        else None,
        "refresh_url": request.full_path.rstrip("?"),
        "clear_url": shown.url(view="list", practitioner_id=None, resource_id=None),
        "is_filtered": _is_filtered(wanted),
        "after": list_url(shown.base, shown.day, wanted, elsewhere),
    }
    if not is_timed_refresh():
        audit.read(
            actor,
            "calendar.viewed",
            subject_type="calendar",
            facility_id=facility.id,
            detail={
                "day": shown.day.isoformat(),
                "view": "list",
                "filter": dict_of(query_of(wanted, facility.id)),
                "ids": [line.id for line in lines if line.reference],
            },
        )
    if is_fragment() and request.headers.get("HX-Target") == RESULTS:
        return page("scheduling/_list_rows.html", **values)
    choices = rows.choices(facility, actor.facility_ids)
    step = (wanted.to_day - wanted.from_day).days + 1 if wanted.from_day and wanted.to_day else 1
    values |= {
        "choices": choices,
        "chips": chips(shown.base, shown.day, wanted, elsewhere, choices=choices, status_words=status_word),
        "statuses": [(status.value, status_word(status)) for status in AppointmentStatus],
        "elsewhere": elsewhere,
        "own_facility": own,
        "export_query": dict_of(query_of(wanted, facility.id)),
        "before_url": _moved(shown, wanted, elsewhere, -step),
        "after_url": _moved(shown, wanted, elsewhere, step),
        "title": shown.title(wanted.to_day) if wanted.from_day == shown.day else _title(shown, wanted),
        "today": clock.today(facility.zone),
    }
    fragment = "scheduling/_calendar.html" if is_fragment() else None
    return page("scheduling/calendar.html", fragment, **values)


def _hidden(line: Line, own_user: int | None) -> Line:
    if own_user is None or line.practitioner_user == own_user:
        return line
    return line._replace(reference="", patient=_("Booked"), mobile=None, service="", purpose=None)


def status_word(status: str) -> str:
    """A state in words."""
    words = {
        "pending": _("Unconfirmed"),
        "confirmed": _("Confirmed"),
        "arrived": _("Arrived"),
        "in_progress": _("With practitioner"),
        "completed": _("Done"),
        "cancelled": _("Cancelled"),
        "rejected": _("Declined"),
        "no_show": _("No-show"),
    }
    return words[status]


def dict_of(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """An address's pairs by name."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _is_filtered(wanted: Filter) -> bool:
    plain = Filter(from_day=wanted.from_day, to_day=wanted.to_day, sort=wanted.sort, down=wanted.down)
    return wanted != plain or wanted.from_day is None or wanted.from_day != wanted.to_day


def _groups(lines: Sequence[Line], wanted: Filter, zone: str) -> list[tuple[date | None, list[Line]]]:
    """By day, where the list is in the order of time."""
    if wanted.sort != "time":
        return [(None, list(lines))] if lines else []
    local = clock.zone(zone)
    return [
        (day, list(group))
        for day, group in groupby(lines, key=lambda line: line.starts.astimezone(local).date())
    ]


def _headings(shown: Shown, wanted: Filter, elsewhere: int | None, *, narrow: bool) -> dict[str, Heading]:
    words = {
        "time": _("Time"),
        "patient": _("Patient"),
        "practitioner": _("Practitioner"),
        "status": _("Status"),
    }
    found = {}
    for sort, text in words.items():
        is_now = wanted.sort == sort
        other = replace(wanted, sort=sort, down=is_now and not wanted.down)
        url = "" if narrow and sort == "patient" else list_url(shown.base, shown.day, other, elsewhere)
        order = ("descending" if wanted.down else "ascending") if is_now else ""
        found[sort] = Heading(text, url, order)
    return found


def _page_url(shown: Shown, wanted: Filter, elsewhere: int | None, way: str, visit_id: int) -> str:
    return list_url(shown.base, shown.day, wanted, elsewhere, **{way: visit_id})


def _moved(shown: Shown, wanted: Filter, elsewhere: int | None, days: int) -> str:
    step = timedelta(days=days)
    first = wanted.from_day + step if wanted.from_day else None
    last = wanted.to_day + step if wanted.to_day else None
    moved = replace(wanted, from_day=first, to_day=last)
    return list_url(shown.base, shown.day + step, moved, elsewhere)


def _title(shown: Shown, wanted: Filter) -> str:
    if wanted.from_day is None and wanted.to_day is None:
        return _("All visits")
    day = wanted.from_day or wanted.to_day or shown.day
    return replace(shown, day=day).title(wanted.to_day if wanted.from_day else None)
