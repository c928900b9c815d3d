"""The waitlist at the desk: the list, one who waits, and what can be done for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_moment
from clinic.core.text import one_line
from clinic.core.web import current_actor, go_to, is_timed_refresh, page, say
from clinic.scheduling import queries, waitlist_words
from clinic.scheduling.models import WaitlistEntry, WaitStatus
from clinic.scheduling.queries.waitlist import (
    PAGE,
    Filter,
    count_waiting,
    entries_page,
    get_entry,
    offers_of,
    row_of,
)
from clinic.scheduling.service import waitlist as service
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.reading import read_id


@bp.get("/waitlist")
@allow(*STAFF_ROLES)
def waitlist() -> Response:
    """Who waits, in the order in which they are offered something; or those whose wait is over."""
    actor = current_actor()
    facility = here(actor)
    wanted = _filter()
    rows = entries_page(actor, facility.id, wanted, after=_after())
    shown = rows[:PAGE]
    if not is_timed_refresh():
        audit.read(
            actor,
            "waitlist.listed",
            subject_type="waitlist_entry",
            facility_id=facility.id,
            detail={"ids": [row.entry.id for row in shown]},
        )
    return page(
        "scheduling/waitlist.html",
        "scheduling/_waitlist.html",
        rows=shown,
        wanted=wanted,
        services=queries.services(facility.id),
        people=queries.practitioners(facility.id),
        next_key=_key(shown[-1].entry) if len(rows) > PAGE else None,
        started="after" in request.args,
        statuses=[(status.value, waitlist_words.status_words(status)) for status in WaitStatus],
        said=waitlist_words,
        zone=facility.zone,
        url_of=_url_of(wanted),
    )


@bp.get("/waitlist/<id:entry_id>")
@allow(*STAFF_ROLES)
def waitlist_entry(entry_id: int) -> Response:
    """One who waits: what for, what they were offered, and what can be done."""
    return show_waiting(get_entry(current_actor(), entry_id))


def show_waiting(entry: WaitlistEntry, *, refused: DomainError | None = None, reason: str = "") -> Response:
    """The page of an entry; ``refused`` is why it could not be ended."""
    actor = current_actor()
    audit.read(
        actor,
        "waitlist.viewed",
        subject_type="waitlist_entry",
        subject_id=entry.id,
        patient_id=entry.patient_id,
        facility_id=entry.facility_id,
    )
    return page(
        "scheduling/waitlist_entry.html",
        status=refused.status if refused else 200,
        row=row_of(entry),
        entry=entry,
        offers=offers_of(entry.id),
        refused=refused,
        reason=reason,
        said=waitlist_words,
        zone=entry.facility.zone,
    )


@bp.post("/waitlist/<id:entry_id>/withdraw")
@allow(*STAFF_ROLES)
def withdraw_waiting(entry_id: int) -> Response:
    """Take somebody off the list, with the reason."""
    actor = current_actor()
    entry = get_entry(actor, entry_id)
    reason = one_line(request.form.get("reason", ""))[:500]
    try:
        with unit_of_work():
            service.withdraw(actor, entry, reason)
    except DomainError as error:
        return show_waiting(get_entry(actor, entry_id), refused=error, reason=reason)
    say(_("%(name)s is no longer on the waitlist.", name=entry.patient.name))
    return go_to(url_for("scheduling.waitlist"))


@bp.post("/waitlist/<id:entry_id>/answer")
@allow(*STAFF_ROLES)
def answer_waiting(entry_id: int) -> Response:
    """Answer an offer for somebody on the telephone, or take it back."""
    actor = current_actor()
    entry = get_entry(actor, entry_id)
    zone = entry.facility.zone
    offer_id = read_id(request.form.get("offer"))
    if offer_id not in {made.id for made in offers_of(entry.id)}:
        offer_id = 0
    works: dict[str, Callable[[], str]] = {
        "accept": lambda: _(
            "Booked: %(when)s", when=show_moment(service.accept(actor, offer_id).starts, zone)
        ),
        "decline": lambda: _carry(lambda: service.decline(actor, offer_id), _("They wait on.")),
        "take-back": lambda: _carry(
            lambda: service.take_back_offer(actor, entry.id), _("The offer is taken back; they wait on.")
        ),
    }
    work = works.get(request.form.get("answer", ""))
    try:
        if work is not None:
            say(work())
    except DomainError as error:
        say(error.message, "danger")
    return go_to(url_for("scheduling.waitlist_entry", entry_id=entry_id))


def _carry(work: Callable[[], None], words: str) -> str:
    with unit_of_work():
        work()
    return words


def _filter() -> Filter:
    asked = request.args
    status = asked.get("status", "")
    return Filter(
        service_id=read_id(asked.get("service")),
        practitioner_id=read_id(asked.get("practitioner")),
        urgent=asked.get("urgent") == "1",
        status=status if status in set(WaitStatus) else None,
    )


def _after() -> tuple[bool, int] | None:
    urgent, _dash, last = request.args.get("after", "").partition("-")
    entry_id = read_id(last)
    return (urgent == "1", entry_id) if entry_id is not None else None


def _key(entry: WaitlistEntry) -> str:
    return f"{int(entry.urgent)}-{entry.id}"


def _url_of(wanted: Filter) -> Callable[..., str]:
    def url(**changes: Any) -> str:
        values: dict[str, Any] = {
            "service": wanted.service_id,
            "practitioner": wanted.practitioner_id,
            "urgent": "1" if wanted.urgent else None,
            "status": wanted.status,
        }
        return url_for("scheduling.waitlist", **{**values, **changes})

    return url


@bp.app_template_global("waiting_here")
def waiting_here() -> int:
    """How many wait at the reader's clinic, for the link in the calendar's bar."""
    return count_waiting(here(current_actor()).id)
