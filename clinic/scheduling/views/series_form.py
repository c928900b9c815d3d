"""What the form of a new series holds, brought within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from uuid import uuid4

from flask import request

from clinic.core import clock
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean, one_line
from clinic.facilities.models import Facility
from clinic.scheduling.service.series import Every, Rule, Wish
from clinic.scheduling.views.reading import read_day, read_id, read_slot, read_time

OUT = "out"


@dataclass
class SeriesDraft:
    """A series as far as it is filled in."""

    patient_id: int | None
    service_id: int | None
    practitioner_id: int | None
    first: date
    wall: time | None
    every: str = Every.WEEK
    interval: int = 1
    weekdays: list[int] = field(default_factory=list)
    ends: str = "count"
    count: int | None = 8
    until: date | None = None
    online: bool = False
    purpose: str = ""
    tell: bool = True
    submission_key: str = ""

    @property
    def rule(self) -> Rule:
        """The rule as chosen; whether it makes sense is for its ``dates`` to say."""
        weekly = self.every == Every.WEEK
        return Rule(
            every=Every.WEEK if weekly else Every.DAY,
            interval=self.interval,
            weekdays=tuple(sorted(self.weekdays)) if weekly else (),
            count=self.count if self.ends == "count" else None,
            until=self.until if self.ends == "until" else None,
        )

    def wishes(self, facility: Facility) -> list[Wish]:
        """A wish for each day of the rule, with what was chosen for it. Raises Invalid."""
        if self.wall is None:
            raise Invalid(_("Choose a time."), field="time")
        if self.every == Every.WEEK and not self.weekdays:
            raise Invalid(_("Choose at least one day of the week."), field="weekday")
        out = set(request.form.getlist(OUT))
        wishes = []
        for day in self.rule.dates(self.first):
            key = day.isoformat()
            choice = request.form.get(f"at-{key}", "")
            wishes.append(
                Wish(
                    key=key,
                    starts=clock.at(day, self.wall, facility.zone),
                    chosen=read_slot(choice),
                    out=key in out or choice == OUT,
                )
            )
        return wishes


def read_draft(facility: Facility) -> SeriesDraft:
    """The form as posted: by its own page, or by the booking form that leads to it."""
    form = request.form
    slot = read_slot(form.get("slot"))
    practitioner_id, wall = read_id(form.get("practitioner")), read_time(form.get("time"))
    first = read_day(form.get("first") or form.get("from_day"), facility.zone)
    if slot is not None and "first" not in form:
        practitioner_id = slot[0]
        local = slot[1].astimezone(clock.zone(facility.zone))
        first, wall = local.date(), local.time().replace(tzinfo=None)
    first = max(first, clock.today(facility.zone))
    draft = SeriesDraft(
        patient_id=read_id(form.get("patient")),
        service_id=read_id(form.get("service")),
        practitioner_id=practitioner_id,
        first=first,
        wall=wall,
        online=form.get("mode") == "online",
        purpose=clean(form.get("purpose", "")).strip()[:500],
        tell=bool(form.get("tell")),
        submission_key=one_line(form.get("submission_key", ""))[:64] or str(uuid4()),
    )
    if "every" not in form:
        draft.weekdays = [first.weekday()]
        draft.until = first + timedelta(weeks=8)
        draft.submission_key = str(uuid4())
        return draft
    draft.every = Every.DAY if form.get("every") == Every.DAY else Every.WEEK
    draft.interval = _number(form.get("interval")) or 0
    draft.weekdays = read_weekdays(form.getlist("weekday"))
    draft.ends = "until" if form.get("ends") == "until" else "count"
    draft.count = _number(form.get("count"))
    draft.until = read_day(form.get("until"), facility.zone) if form.get("until") else None
    return draft


def read_weekdays(texts: Sequence[str]) -> list[int]:
    """The days of the week that were chosen, Monday is 0."""
    return sorted({int(text) for text in texts if text in set("0123456")})


def _number(text: str | None) -> int | None:
    stripped = (text or "").strip()
    return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) <= 3 else None
