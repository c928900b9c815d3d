"""The booking form as far as it has been filled in, read from a link or from the form itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import uuid4

from flask import request

from clinic.core import clock
from clinic.core.text import clean, one_line
from clinic.core.web import safe_next
from clinic.facilities.models import Facility
from clinic.scheduling.views.reading import read_day, read_id, read_slot, read_time, slot_value


@dataclass
class Draft:
    """What the booking form holds so far."""

    patient_id: int | None = None
    service_id: int | None = None
    practitioner_id: int | None = None
    from_day: date | None = None
    slot: str = ""
    any_day: str = ""
    any_time: str = ""
    purpose: str = ""
    online: bool = False
    tell: bool = True
    override_reason: str = ""
    overbook: bool = False
    walk_in: bool = False
    waits: dict[int, datetime] | None = None
    held: str = ""
    term: str = ""
    new_name: str = ""
    new_mobile: str = ""
    submission_key: str = ""
    after: str = ""
    all_of: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    needs_reason: bool = False
    adding: bool = False
    papers: bool = False
    """Whether files were chosen in the form."""
    papers_kind: str = ""
    papers_refused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def place(self) -> str:
        """What of the form a place is kept for: another service, time or mode is another place."""
        return f"{self.service_id}/{self.slot}/{'online' if self.online else ''}"

    def wanted(self, facility: Facility) -> tuple[int, datetime] | None:
        """The practitioner and the instant that were chosen; a typed time goes before a chosen one."""
        if self.slot == "any":
            wall = read_time(self.any_time)
            if wall is None or self.practitioner_id is None or not self.any_day:
                return None
            return self.practitioner_id, clock.at(read_day(self.any_day, facility.zone), wall, facility.zone)
        return read_slot(self.slot)


def from_address(facility: Facility) -> Draft:
    """What a link to the form has filled in."""
    draft = Draft(submission_key=str(uuid4()), from_day=read_day(request.args.get("day"), facility.zone))
    draft.patient_id = read_id(request.args.get("patient"))
    draft.service_id = read_id(request.args.get("service"))
    draft.practitioner_id = read_id(request.args.get("practitioner"))
    draft.walk_in = request.args.get("walk_in") == "1"
    draft.online = request.args.get("mode") == "online"
    wanted = read_time(request.args.get("time"))
    assert draft.from_day is not None
    if wanted is not None and draft.practitioner_id is not None:
        draft.slot = slot_value(draft.practitioner_id, clock.at(draft.from_day, wanted, facility.zone))
    draft.from_day = max(draft.from_day, clock.today(facility.zone))
    draft.after = safe_next(request.args.get("after"), "")
    return draft


def from_form(facility: Facility) -> Draft:
    """What is in the form that was sent."""
    form = request.form
    draft = Draft(
        patient_id=read_id(form.get("patient")),
        service_id=read_id(form.get("service")),
        practitioner_id=read_id(form.get("practitioner")),
        from_day=read_day(form.get("from_day"), facility.zone),
        slot=form.get("slot", "")[:40],
        any_day=one_line(form.get("any_day", ""))[:20],
        any_time=one_line(form.get("any_time", ""))[:8],
        purpose=clean(form.get("purpose", "")).strip()[:500],
        online=form.get("mode") == "online",
        tell=bool(form.get("tell")),
        override_reason=one_line(form.get("override_reason", ""))[:300],
        held=form.get("held", "")[:80],
        # Somebody who walked in and takes another time has an ordinary visit at that time.
        walk_in=form.get("walk_in") == "1" and not form.get("slot"),
        term=one_line(form.get("term", ""))[:100],
        new_name=one_line(form.get("new_name", ""))[:200],
        new_mobile=one_line(form.get("new_mobile", ""))[:30],
        submission_key=one_line(form.get("submission_key", ""))[:64] or str(uuid4()),
        after=safe_next(form.get("after"), ""),
        all_of=form.get("all_of", "")[:10],
        adding=form.get("action") in ("add", "register"),
        papers=bool(form.get("papers")),
        papers_kind=form.get("papers_kind", "")[:40],
    )
    draft.needs_reason = bool(draft.override_reason)
    if form.get("action") == "overbook":
        draft.overbook = True
        draft.override_reason = one_line(form.get("overbook_reason", ""))[:300]
        draft.slot = form.get("taken_slot", "")[:40]
        draft.walk_in = form.get("walk_in") == "1"
    return draft
