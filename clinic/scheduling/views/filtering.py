"""The list's filters in an address, and the words for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from clinic.core import crypto
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_date
from clinic.core.text import one_line
from clinic.scheduling.models import AppointmentStatus
from clinic.scheduling.queries.listing import SORTS, Choices, Filter
from clinic.scheduling.views.reading import read_id

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
LONGEST_TEXT = 100
MODES = ("in_person", "online")


def read_filter(args: MultiDict[str, str], day: date | None) -> Filter:
    """The filter an address or a form names; the day alone where it says nothing of days. What cannot be read
    counts as not said.
    """
    some_days = "from" in args or "to" in args or day is None
    first = read_date(args.get("from", "")) if some_days else day
    last = read_date(args.get("to", "")) if some_days else day
    if first and last and first > last:
        first, last = last, first
    asked = set(args.getlist("status"))
    sort, mode = args.get("sort", ""), args.get("mode", "")
    return Filter(
        from_day=first,
        to_day=last,
        statuses=tuple(status for status in AppointmentStatus if status in asked),
        patient=_text(args.get("patient", "")),
        practitioner_id=read_id(args.get("practitioner", "")),
        service_id=read_id(args.get("service", "")),
        mode=mode if mode in MODES else "",
        text=_text(args.get("reason", "")),
        session_id=read_id(args.get("session", "")),
        sort=sort.removeprefix("-") if sort.removeprefix("-") in SORTS else "time",
        down=sort.startswith("-"),
    )


def _text(said: str) -> str:
    """What somebody looks for: sealed in an address, as typed in a form."""
    return one_line(crypto.unseal(said) or said).strip()[:LONGEST_TEXT]


def read_date(text: str | None) -> date | None:
    """A day as ``2026-11-24``; None for anything else."""
    try:
        day = date.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return day if EARLIEST <= day <= LATEST else None


@dataclass(frozen=True)
class Chip:
    """A filter in words, and the address without it."""

    text: str
    url: str


def query_of(wanted: Filter, facility_id: int | None = None) -> list[tuple[str, str]]:
    """The filter as an address says it. Names and reasons stand in it sealed: logs and browsers keep it."""
    pairs = [
        ("from", wanted.from_day.isoformat() if wanted.from_day else ""),
        ("to", wanted.to_day.isoformat() if wanted.to_day else ""),
    ]
    said: Mapping[str, Any] = {
        "patient": crypto.seal(wanted.patient) if wanted.patient else "",
        "practitioner": wanted.practitioner_id,
        "service": wanted.service_id,
        "mode": wanted.mode,
        "reason": crypto.seal(wanted.text) if wanted.text else "",
        "session": wanted.session_id,
        "facility": facility_id,
        "sort": ("-" if wanted.down else "") + wanted.sort if wanted.sort != "time" or wanted.down else "",
    }
    pairs += [("status", status) for status in wanted.statuses]
    return pairs + [(name, str(value)) for name, value in said.items() if value]


def list_url(base: str, day: date, wanted: Filter, facility_id: int | None, **more: int) -> str:
    """The address of a list; ``day`` is where the other views go on."""
    pairs = [("view", "list"), ("day", day.isoformat()), *query_of(wanted, facility_id)]
    return f"{base}?{urlencode([*pairs, *((name, str(value)) for name, value in more.items())])}"


def chips(
    base: str,
    day: date,
    wanted: Filter,
    facility_id: int | None,
    *,
    choices: Choices,
    status_words: Callable[[str], str],
) -> list[Chip]:
    """Each filter in force, to be taken off by itself. The days are the list's title and no chip, unless they
    are open.
    """

    def without(words: str, **changes: Any) -> Chip:
        return Chip(words, list_url(base, day, replace(wanted, **changes), facility_id))

    found = []
    if wanted.from_day != wanted.to_day or wanted.from_day is None:
        words = _days(wanted)
        found.append(without(words, from_day=day, to_day=day))
    for status in wanted.statuses:
        rest = tuple(one for one in wanted.statuses if one != status)
        found.append(without(status_words(status), statuses=rest))
    if wanted.patient:
        found.append(without(_("Patient: %(what)s", what=wanted.patient), patient=""))
    for field, known in (("practitioner_id", choices.people), ("service_id", choices.services)):
        asked = getattr(wanted, field)
        if asked:
            found.append(without(dict(known).get(asked, _("somebody else")), **{field: None}))
    if wanted.mode:
        words = _("By video") if wanted.mode == "online" else _("In person")
        found.append(without(words, mode=""))
    if wanted.text:
        found.append(without(_("Reason: %(what)s", what=wanted.text), text=""))
    if wanted.session_id:
        found.append(without(_("One group session"), session_id=None))
    return found


def _days(wanted: Filter) -> str:
    if wanted.from_day and wanted.to_day:
        return _("%(first)s to %(last)s", first=show_date(wanted.from_day), last=show_date(wanted.to_day))
    if wanted.from_day:
        return _("From %(day)s", day=show_date(wanted.from_day))
    if wanted.to_day:
        return _("Until %(day)s", day=show_date(wanted.to_day))
    return _("All days")
