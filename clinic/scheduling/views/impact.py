"""Visits in the way of time off or a closure: where they could go, and what was chosen for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, request
from sqlalchemy.dialects.postgresql import Range

from clinic.audit import service as audit
from clinic.core.access import FRONT_DESK, Actor
from clinic.core.i18n import ngettext
from clinic.core.text import one_line
from clinic.core.web import page
from clinic.facilities.models import Facility
from clinic.scheduling.models import Appointment, Resource, ResourceKind
from clinic.scheduling.queries.stranded import MOST, stranded
from clinic.scheduling.service.away import Ways, WentAway
from clinic.scheduling.views.reading import read_slot, slot_value

MOVE = "move-"
"""What the choice for a visit is called, before its reference."""
STAY = "stay"
"""The choice of the same time with another room, therapist or piece of equipment."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is about to be entered: how it is called, where it is posted to, and what was typed."""

    title: str
    back_url: str
    back_text: str
    post_url: str
    when: Sequence[str]
    typed: Sequence[tuple[str, str]]
    submit: str
    submit_moving: str


def chosen_ways(actor: Actor, facility_id: int) -> Ways:
    """What the form says is to become of each visit; nothing for who may not move any."""
    if not actor.has(*FRONT_DESK, at=facility_id):
        return Ways()
    chosen = {name.removeprefix(MOVE): text for name, text in request.form.items() if name.startswith(MOVE)}
    return Ways(
        moves={
            reference: place for reference, text in chosen.items() if (place := read_slot(text)) is not None
        },
        stays=frozenset(reference for reference, text in chosen.items() if text == STAY),
        tell=bool(request.form.get("tell")),
    )


def show_impact(
    actor: Actor,
    facility: Facility,
    resource: Resource,
    *,
    visits: list[Appointment],
    during: Sequence[Range[datetime]],
    asked: Asked,
) -> Response:
    """The visits in the way, and for who may move them, where each could go. Nothing is saved."""
    may_move = actor.has(*FRONT_DESK, at=facility.id)
    rows = stranded(facility, visits, *during, resource=resource) if may_move else []
    values: dict[str, Any] = {
        "asked": asked,
        "rows": rows,
        "count": len(visits),
        "there_are_more": len(visits) == MOST,
        "zone": facility.zone,
        "may_move": may_move,
        "slot_value": slot_value,
        "STAY": STAY,
        "is_room": resource.kind == ResourceKind.ROOM,
    }
    answer = page("scheduling/time_off_impact.html", **values)
    if rows:
        audit.read(
            actor,
            "appointment.listed",
            subject_type="appointment",
            facility_id=facility.id,
            detail={"ids": [row.visit.id for row in rows]},
        )
    return answer


def show_left(facility: Facility, result: WentAway, *, title: str, back_url: str, back_text: str) -> Response:
    """The visits that could not be moved, each with why."""
    return page(
        "scheduling/time_off_left.html",
        title=title,
        back_url=back_url,
        back_text=back_text,
        result=result,
        zone=facility.zone,
    )


def told(result: WentAway, saved: str) -> str:
    """What is said on the next page."""
    parts = [saved]
    if result.moved:
        parts.append(ngettext("%(num)s visit was moved.", "%(num)s visits were moved.", len(result.moved)))
    if result.kept:
        parts.append(
            ngettext("%(num)s visit keeps its time.", "%(num)s visits keep their time.", len(result.kept))
        )
    return " ".join(parts)


def typed(*names: str) -> list[tuple[str, str]]:
    """Fields of the form as they came, to be sent along once more."""
    return [(name, one_line(text)[:200]) for name in names for text in request.form.getlist(name)]
