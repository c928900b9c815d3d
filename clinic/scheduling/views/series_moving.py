"""Moving visits of a series together, checked as a whole before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.errors import DomainError, Forbidden, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.text import clean
from clinic.core.web import current_actor, go_to, page, say
from clinic.scheduling import policy, queries
from clinic.scheduling.models import Appointment
from clinic.scheduling.queries.series import SeriesShown, get_series
from clinic.scheduling.series_words import rule_words
from clinic.scheduling.service import settled
from clinic.scheduling.service.series import Ask, NewPlace, Occurrence, OneTaken, Wish, move_visits, survey
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp
from clinic.scheduling.views.reading import read_id, read_slot, read_time, slot_value
from clinic.scheduling.views.series import SCOPES, apart, from_visit, in_scope, seen_versions
from clinic.scheduling.views.series_form import OUT

FURTHEST = 28


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How the visits move: so many days, to another hour, to somebody else; None leaves that as it is."""

    days: int = 0
    wall: time | None = None
    practitioner_id: int | None = None


@bp.route("/series/<id:series_id>/move", methods=["GET", "POST"])
@allow(*STAFF_ROLES)
def move_series(series_id: int) -> Response:
    """Choose how visits of a series move, see every one with its place or clash, then move them all."""
    actor = current_actor()
    shown = get_series(actor, series_id)
    chosen = in_scope(shown)
    if not all(policy.can_move(actor, visit) for visit in chosen):
        raise Forbidden(_("You may not move these visits."))
    shift = _read()
    if request.form.get("action") != "move":
        answer = _show(actor, shown, chosen, shift)
        if request.method == "GET":
            audit.read(
                actor,
                "series.viewed",
                subject_type="series",
                subject_id=series_id,
                patient_id=shown.visits[0].patient_id,
                facility_id=shown.visits[0].facility_id,
                detail={"page": "move"},
            )
        return answer
    try:
        found = _survey(actor, chosen, shift)
        if not all(one.settled for one in found):
            raise Invalid(_("Some visits have no time yet. Choose one for each, or leave it out."))
        count = settled(lambda: _move(actor, series_id, found))
    except NotFound:
        raise
    except DomainError as error:
        shown = get_series(actor, series_id)
        lost = error.key if isinstance(error, OneTaken) else None
        return _show(actor, shown, in_scope(shown), shift, error=error, lost=lost)
    say(ngettext("%(num)s visit is moved.", "%(num)s visits are moved.", count))
    return go_to(url_for("scheduling.series", series_id=series_id))


def _move(actor: Actor, series_id: int, found: list[Occurrence]) -> int:
    shown = get_series(actor, series_id)
    seen = seen_versions(list(shown.visits))
    visits = {visit.reference: visit for visit in shown.visits}
    places = [
        NewPlace(
            visit=visits[one.key],
            practitioner_id=one.place.practitioner_id,
            starts=one.place.starts,
            version=seen[visits[one.key].id],
        )
        for one in found
        if one.place is not None
    ]
    if not places:
        raise Invalid(_("Every visit stays where it is."))
    reason = clean(request.form.get("reason", "")).strip()[:500]
    move_visits(actor, shown, places, reason=reason or None, tell=bool(request.form.get("tell")))
    return len(places)


def _read() -> Shift:
    """How the form says the visits move."""
    text = request.values.get("days", "0").strip()
    sign, digits = (-1, text[1:]) if text[:1] in ("-", "−") else (1, text)
    days = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 2 else 0
    return Shift(
        days=sign * min(days, FURTHEST),
        wall=read_time(request.values.get("time")),
        practitioner_id=read_id(request.values.get("practitioner")),
    )


def _survey(actor: Actor, chosen: list[Appointment], shift: Shift) -> list[Occurrence]:
    """Each visit with its place or its clash; those of one length and kind are looked up together."""
    wishes = [_wish(visit, shift) for visit in chosen]
    besides = frozenset(visit.id for visit, wish in zip(chosen, wishes, strict=True) if not wish.out)
    alike: dict[tuple[timedelta, str], list[Wish]] = {}
    for visit, wish in zip(chosen, wishes, strict=True):
        alike.setdefault((visit.ends - visit.starts, visit.mode), []).append(wish)
    found: dict[str, Occurrence] = {}
    for (lasts, mode), some in alike.items():
        ask = Ask(
            facility=chosen[0].facility,
            service=chosen[0].service,
            patient_id=chosen[0].patient_id,
            practitioner_id=shift.practitioner_id,
            online=mode == "online",
            minutes=lasts // timedelta(minutes=1),
            besides=besides,
        )
        found |= {one.key: one for one in survey(actor, ask, some)}
    return [found[wish.key] for wish in wishes]


def _wish(visit: Appointment, shift: Shift) -> Wish:
    zone = visit.facility.zone
    local = visit.starts.astimezone(clock.zone(zone))
    wall = shift.wall or local.time().replace(tzinfo=None)
    choice = request.form.get(f"at-{visit.reference}", "")
    return Wish(
        key=visit.reference,
        starts=clock.at(local.date() + timedelta(days=shift.days), wall, zone),
        practitioner_id=shift.practitioner_id or visit.practitioner_id,
        chosen=read_slot(choice),
        out=visit.reference in request.form.getlist(OUT) or choice == OUT,
    )


def _show(
    actor: Actor,
    shown: SeriesShown,
    chosen: list[Appointment],
    shift: Shift,
    *,
    error: DomainError | None = None,
    lost: str | None = None,
) -> Response:
    visit = chosen[0]
    zone = visit.facility.zone
    found: list[Occurrence] = []
    if not _stays(chosen, shift):
        try:
            found = _survey(actor, chosen, shift)
        except DomainError as wrong:
            error = error or wrong
    start = from_visit(shown)
    values: dict[str, Any] = {
        "shown": shown,
        "chosen": {one.reference: one for one in chosen},
        "patient": visit.patient,
        "shift": shift,
        "time": shift.wall.strftime("%H:%M") if shift.wall else "",
        "start": start,
        "scope": request.values.get("scope") if request.values.get("scope") in SCOPES else "following",
        "people": queries.practitioners(visit.facility_id, visit.service_id),
        "found": found,
        "apart": apart(shown),
        "rule_text": rule_words(shown.series.rule),
        "error": error,
        "lost": lost,
        "furthest": FURTHEST,
        "slot_value": slot_value,
        "typed": request.form,
        "zone": zone,
    }
    status = error.status if error and request.form.get("action") == "move" else 200
    return page("scheduling/series_move.html", "scheduling/_series_moves.html", status=status, **values)


def _stays(chosen: list[Appointment], shift: Shift) -> bool:
    """Whether everything would be where it is."""
    return all(
        _wish(visit, shift).starts == visit.starts
        and (shift.practitioner_id or visit.practitioner_id) == visit.practitioner_id
        for visit in chosen
    )
