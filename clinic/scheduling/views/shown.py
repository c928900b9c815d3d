"""What the calendar's address asks for, and the addresses of what lies beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import request, session, url_for

from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_date, show_day, show_long_day, show_month
from clinic.facilities.models import Facility
from clinic.scheduling.queries.calendar import PEOPLE, Column
from clinic.scheduling.views.reading import read_day, read_id

VIEWS = ("day", "week", "month", "list")
SIDES = ("practitioner", "therapist", "room", "equipment")
MOST_CHOSEN = 200
_KEPT = "calendar_only"


@dataclass(frozen=True)
class Shown:
    """One calendar: a day seen in a way. ``of`` names the resource of a week or a month, ``only`` those of a
    day; ``mine`` means whoever is signed in.
    """

    day: date
    view: str
    by: str
    practitioner_id: int | None
    resource_id: int | None
    only: tuple[int, ...] = ()
    mine: bool = False
    base: str = "/calendar"

    def url(self, **changes: Any) -> str:
        """The address of the same calendar with something else."""
        other = replace(self, **changes) if changes else self
        query: dict[str, object] = {"day": other.day.isoformat(), "view": other.view}
        if other.by != "practitioner":
            query["by"] = other.by
        if other.practitioner_id:
            query["practitioner"] = other.practitioner_id
        elif other.resource_id:
            query["resource"] = other.resource_id
        if other.mine:
            query["only"] = "mine"
        elif other.only:
            query["only"] = ".".join(map(str, other.only))
        return f"{self.base}?{urlencode(query)}"

    @property
    def all_url(self) -> str:
        """The same with every column."""
        return f"{self.url(only=(), mine=False)}&only=all"

    @property
    def before(self) -> date:
        """A day in the stretch before the one shown."""
        if self.view == "month":
            return (self.day.replace(day=1) - timedelta(days=1)).replace(day=1)
        return self.day - timedelta(days=7 if self.view == "week" else 1)

    @property
    def after(self) -> date:
        """A day in the stretch after the one shown."""
        if self.view == "month":
            return (self.day.replace(day=1) + timedelta(days=32)).replace(day=1)
        return self.day + timedelta(days=7 if self.view == "week" else 1)

    @property
    def monday(self) -> date:
        return self.day - timedelta(days=self.day.weekday())

    def title(self, until: date | None = None) -> str:
        """What is shown, in words; a list may go on to the day ``until``."""
        if self.view == "month":
            return show_month(self.day)
        if self.view == "week":
            first, last = self.monday, self.monday + timedelta(days=6)
            return _("%(first)s to %(last)s", first=show_day(first), last=show_day(last))
        if until is not None and until != self.day:
            return _("%(first)s to %(last)s", first=show_date(self.day), last=show_date(until))
        short, long = show_day(self.day), show_long_day(self.day)
        return f"{short.split(' ')[0]} {long.split(' ', 1)[-1]}"


def read_shown(facility: Facility) -> Shown:
    """What the address asks for; which columns were chosen last in this browser, where it does not say."""
    view, by = request.args.get("view", "day"), request.args.get("by", "practitioner")
    only, mine = _only()
    return Shown(
        read_day(request.args.get("day"), facility.zone),
        view if view in VIEWS else "day",
        by if by in SIDES else "practitioner",
        read_id(request.args.get("practitioner")),
        read_id(request.args.get("resource")),
        only,
        mine,
        url_for("scheduling.calendar"),
    )


def _only() -> tuple[tuple[int, ...], bool]:
    asked = request.args.getlist("only")
    said = ".".join(asked) if asked else str(session.get(_KEPT) or "")
    if asked:
        kept = "" if "all" in asked else said[:2000]
        if session.get(_KEPT, "") != kept:
            session[_KEPT] = kept
        said = kept
    if said == "mine":
        return (), True
    chosen = (read_id(one) for one in said.split(".")[:MOST_CHOSEN])
    return tuple(sorted({one for one in chosen if one})), False


def chosen(shown: Shown, columns: Sequence[Column], user_id: int | None) -> list[Column]:
    """The columns of the chosen kind that are asked for; all of them where none of those is there."""
    there = [column for column in columns if column.kind == shown.by]
    if shown.mine:
        wanted = [column for column in there if user_id is not None and column.user_id == user_id]
    elif shown.only:
        ids = set(shown.only)
        wanted = [column for column in there if column.resource_id in ids]
    else:
        return there
    return wanted or there


def one_of(shown: Shown, columns: Sequence[Column], user_id: int | None) -> Column | None:
    """Whose week it is: whom the address names, else whoever is signed in, else the first there is."""
    there = [column for column in columns if column.kind != "facility"]
    for column in there:
        if shown.resource_id == column.resource_id:
            return column
        if shown.practitioner_id and shown.practitioner_id == column.practitioner_id:
            return column
    of_kind = [column for column in there if column.kind == shown.by] or there
    mine = (column for column in of_kind if user_id is not None and column.user_id == user_id)
    return next(mine, of_kind[0] if of_kind else None)


def about(shown: Shown, column: Column | None) -> Shown:
    """The same calendar with an address that names the column."""
    if column is None:
        return replace(shown, practitioner_id=None, resource_id=None)
    if column.kind in PEOPLE:
        return replace(shown, practitioner_id=column.practitioner_id, resource_id=None)
    return replace(shown, practitioner_id=None, resource_id=column.resource_id)
