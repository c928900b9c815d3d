"""Calendars outside: the file a calendar reads, and the page on which its address is made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from flask import Response, abort, make_response, request, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.limits import is_within
from clinic.core.web import current_actor, go_to, page, say
from clinic.notifications.rendering import public_link
from clinic.practitioners.models import Practitioner
from clinic.scheduling import ical
from clinic.scheduling.forms import InitialsForm, NoticesForm
from clinic.scheduling.ical import FeedVisit
from clinic.scheduling.models import TimeOff
from clinic.scheduling.queries import feeds as queries
from clinic.scheduling.queries.feeds import OpenFeed
from clinic.scheduling.service import feeds as service
from clinic.scheduling.views.blueprint import bp

READINGS = "60 per hour"
"""How often one calendar address may be read; calendars ask every five minutes at the most."""
WAIT_SECONDS = 900
OWN = (Role.PRACTITIONER, Role.THERAPIST)
MANAGERS = (Role.ADMIN, Role.FACILITY_ADMIN)


@bp.get("/calendars/<token>.ics")
@allow(everybody=True)
def calendar_feed(token: str) -> Response:
    """A practitioner's visits for a calendar outside. Whatever is wrong with the address, it is not there."""
    found = queries.open_feed(token)
    if found is None:
        abort(404)
    if not is_within(READINGS, "calendar_feed", str(found.feed.id)):
        refused = make_response("", 429)
        refused.headers["Retry-After"] = str(WAIT_SECONDS)
        return refused
    visits = queries.feed_visits(found.practitioner.id)
    away = queries.feed_time_off(found.practitioner.id)
    tag = _tag(found, visits, away)
    answer = make_response("", 304)
    if not request.if_none_match.contains_weak(tag):
        answer = make_response(_body(found, visits, away))
        answer.headers["Content-Type"] = f"{ical.CONTENT_TYPE}; charset=utf-8"
        answer.headers["Content-Disposition"] = 'inline; filename="visits.ics"'
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = "private, no-cache"
    with unit_of_work():
        service.note_reading(found.feed)
    return answer


def _tag(found: OpenFeed, visits: Sequence[FeedVisit], away: Sequence[TimeOff]) -> str:
    """A mark of all that stands in the file, made without writing it."""
    digest = hashlib.sha256()
    parts: list[object] = [found.practitioner.name, found.locale, found.feed.initials]
    for visit in visits:
        parts += [visit.reference, visit.version, visit.status, visit.online, visit.starts, visit.ends]
        parts += [visit.changed_at, visit.service, visit.place]
        parts += [visit.patient] if found.feed.initials else []
    for block in away:
        parts += [block.id, block.during]
    digest.update("\0".join(map(str, parts)).encode())
    return digest.hexdigest()[:32]


def _body(found: OpenFeed, visits: Sequence[FeedVisit], away: Sequence[TimeOff]) -> bytes:
    blocks = []
    for row in away:
        starts, ends = row.during.lower, row.during.upper
        if starts is not None and ends is not None:
            blocks.append(ical.Away(id=row.id, starts=starts, ends=ends, changed_at=row.created_at))
    return ical.feed(
        found.practitioner.name,
        visits,
        blocks,
        locale=found.locale,
        with_initials=found.feed.initials,
    )


@bp.get("/my-calendar")
@allow(*OWN)
def my_calendar() -> Response:
    """One's own visits in a calendar outside, and what one is told of by e-mail."""
    try:
        practitioner = queries.whose_calendar(current_actor(), None)
    except NotFound:
        return page("scheduling/calendar_outside.html", practitioner=None, own=True)
    return _page_of(practitioner, own=True)


@bp.post("/my-calendar/<any(address, revoke, initials, notices):what>")
@allow(*OWN)
def change_my_calendar(what: str) -> Response:
    """Make or renew the address, revoke it, say what it shows, choose what one is told of."""
    return _change(queries.whose_calendar(current_actor(), None), what, own=True)


@bp.get("/practitioners/<id:practitioner_id>/calendar")
@allow(*MANAGERS)
def calendar_of(practitioner_id: int) -> Response:
    """The same for a practitioner, by whoever manages them."""
    return _page_of(queries.whose_calendar(current_actor(), practitioner_id), own=False)


@bp.post("/practitioners/<id:practitioner_id>/calendar/<any(address, revoke, initials, notices):what>")
@allow(*MANAGERS)
def change_calendar_of(practitioner_id: int, what: str) -> Response:
    """The same changes, by whoever manages the practitioner."""
    return _change(queries.whose_calendar(current_actor(), practitioner_id), what, own=False)


def _change(practitioner: Practitioner, what: str, *, own: bool) -> Response:
    try:
        with unit_of_work():
            shown_once = _carry_out(practitioner, what)
    except DomainError as error:
        say(error.message, "danger")
        return go_to(_home_of(practitioner, own=own))
    if shown_once is not None:
        return _page_of(
            practitioner, own=own, address=public_link("scheduling.calendar_feed", token=shown_once)
        )
    say(_("The address opens nothing any more.") if what == "revoke" else _("Saved."))
    return go_to(_home_of(practitioner, own=own))


def _carry_out(practitioner: Practitioner, what: str) -> str | None:
    """Do it; the token of a new address, None for everything else."""
    actor = current_actor()
    match what:
        case "address":
            return service.make_feed(actor, practitioner)
        case "revoke":
            service.revoke_feed(actor, practitioner)
        case "initials":
            service.show_initials(actor, practitioner, initials=bool(InitialsForm().initials.data))
        case _:
            service.choose_notices(actor, practitioner, NoticesForm().notices())
    return None


def _page_of(practitioner: Practitioner, *, own: bool, address: str | None = None) -> Response:
    feed = queries.live_feed(practitioner.id)
    return page(
        "scheduling/calendar_outside.html",
        practitioner=practitioner,
        own=own,
        feed=feed,
        address=address,
        initials_form=InitialsForm(formdata=None, obj=feed),
        notices_form=NoticesForm(formdata=None, obj=practitioner),
        change_url=lambda what: _change_url(practitioner, what, own=own),
    )


def _change_url(practitioner: Practitioner, what: str, *, own: bool) -> str:
    if own:
        return url_for("scheduling.change_my_calendar", what=what)
    return url_for("scheduling.change_calendar_of", practitioner_id=practitioner.id, what=what)


def _home_of(practitioner: Practitioner, *, own: bool) -> str:
    if own:
        return url_for("scheduling.my_calendar")
    return url_for("scheduling.calendar_of", practitioner_id=practitioner.id)
