"""Offering somebody who waits a free time by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from flask import Response, request, url_for

from clinic.core import clock
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say
from clinic.scheduling import queries, waitlist_words
from clinic.scheduling.models import Reach, WaitlistEntry, WaitStatus
from clinic.scheduling.queries.waiting import wish_of
from clinic.scheduling.queries.waitlist import get_entry, wanted_practitioners
from clinic.scheduling.service import waitlist as service
from clinic.scheduling.slots import Slot
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp
from clinic.scheduling.views.reading import read_day, read_slot, slot_value
from clinic.scheduling.waiting import OfferTimes, call_times, offer_times

SHOWN_DAYS = 14
MOST_SHOWN = 60


@bp.route("/waitlist/<id:entry_id>/offer", methods=["GET", "POST"])
@allow(*STAFF_ROLES)
def offer_waiting(entry_id: int) -> Response:
    """Choose one of the free times and offer it: in a message, or with the patient on the telephone."""
    actor = current_actor()
    entry = get_entry(actor, entry_id)
    if entry.status != WaitStatus.WAITING:
        return go_to(url_for("scheduling.waitlist_entry", entry_id=entry.id))
    if request.method == "GET":
        return _show(entry)
    chosen = read_slot(request.form.get("slot"))
    told = request.form.get("told", "")
    try:
        if chosen is None:
            raise Invalid(_("Choose a time."), field="slot")
        practitioner_id, starts = chosen
        times = _times(entry, starts, told)
        with unit_of_work():
            service.offer(
                actor, entry.id, practitioner_id=practitioner_id, starts=starts, times=times, told=told
            )
    except DomainError as error:
        return _show(get_entry(actor, entry_id), error=error)
    say(
        _("The time is kept for them. Say how they answer.")
        if told == Reach.CALL
        else _("The offer is made.")
    )
    return go_to(url_for("scheduling.waitlist_entry", entry_id=entry_id))


def ways(entry: WaitlistEntry) -> list[tuple[str, str]]:
    """How an offer can be made to them."""
    reachable = {Reach.SMS: entry.patient.mobile, Reach.EMAIL: entry.patient.email}
    written = [
        (way.value, _("Write to them, %(how)s", how=waitlist_words.told_words(way)))
        for way, address in reachable.items()
        if address
    ]
    return [*written, (Reach.CALL.value, _("They are on the telephone"))]


def _times(entry: WaitlistEntry, starts: datetime, told: str) -> OfferTimes:
    if told not in {way for way, _label in ways(entry)}:
        raise Invalid(_("Choose how they hear of it."), field="told")
    if told == Reach.CALL:
        return call_times(clock.now(), starts)
    times = offer_times(clock.now(), starts, entry.facility.zone)
    if times is None:
        raise Invalid(_("That is too soon for a message. Call them instead."), field="told")
    return times


def _show(entry: WaitlistEntry, *, error: DomainError | None = None) -> Response:
    zone = entry.facility.zone
    today = clock.today(zone)
    first = max(read_day(request.args.get("day"), zone), today)
    names = wanted_practitioners(entry.id)
    fitting, others = _free(entry, first, [one for one, _name in names])
    return page(
        "scheduling/waitlist_offer.html",
        status=error.status if error else 200,
        entry=entry,
        names=[name for _one, name in names],
        fitting=_by_day(fitting, zone),
        others=_by_day(others, zone),
        ways=ways(entry),
        told=request.form.get("told") or (entry.reach if entry.reach in dict(ways(entry)) else "call"),
        chosen=request.values.get("slot", ""),
        error=error,
        value_of=lambda slot: slot_value(slot.practitioner_id, slot.starts),
        earlier=first - timedelta(days=SHOWN_DAYS) if first > today else None,
        later=first + timedelta(days=SHOWN_DAYS),
        said=waitlist_words,
        zone=zone,
    )


def _by_day(slots: Sequence[Slot], zone_name: str) -> list[tuple[date, list[Slot]]]:
    zone = clock.zone(zone_name)
    days = groupby(slots, key=lambda slot: slot.starts.astimezone(zone).date())
    return [(day, list(group)) for day, group in days]


def _free(entry: WaitlistEntry, first: date, named: Sequence[int]) -> tuple[list[Slot], list[Slot]]:
    """The free times of two weeks: those that suit as they asked, and the others."""
    slots = queries.free_slots(
        entry.facility,
        entry.service,
        first,
        first + timedelta(days=SHOWN_DAYS - 1),
        patient_id=entry.patient_id,
        online=entry.mode == "online",
        new_sessions=False,
        ignore_appointment=entry.appointment_id,
    )
    wish = wish_of(entry, named)
    fitting = [slot for slot in slots if wish.suits(slot, entry.facility.zone)]
    others = [slot for slot in slots if slot not in set(fitting)]
    return fitting[:MOST_SHOWN], others[:MOST_SHOWN]
