"""Whole lists as CSV and Excel, and the page that offers them."""

from __future__ import annotations

from datetime import date

from flask import Response, request

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import STAFF, Actor, Role, allow
from clinic.core.errors import Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, page
from clinic.exports import policy
from clinic.exports.columns import COLUMNS
from clinic.exports.policy import Listing
from clinic.exports.queries import lists
from clinic.exports.queries.lists import Extent, Reach, Wanted
from clinic.exports.views.blueprint import bp, send, still_alive
from clinic.exports.writing import EXCEL_ROWS, chunks_of, csv_chunks, excel_file
from clinic.facilities.queries import facility_of
from clinic.scheduling.models import AppointmentStatus
from clinic.scheduling.queries.listing import Filter
from clinic.scheduling.views.filtering import read_filter
from clinic.scheduling.views.reading import read_id

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)


@bp.get("/exports")
@allow(Role.ADMIN, Role.FACILITY_ADMIN)
def index() -> Response:
    """The lists somebody may take out."""
    actor = current_actor()
    return page(
        "exports/index.html",
        listings=[listing for listing in Listing if policy.can_take(actor, listing)],
        statuses=list(AppointmentStatus),
        excel_rows=EXCEL_ROWS,
    )


@bp.get("/exports/<any(patients, practitioners, services, appointments):name>.<any(csv, xlsx):kind>")
@allow(*STAFF)
def take(name: str, kind: str) -> Response:
    """A list as a file. Staff who may not have it are told so, and it is written down that they asked."""
    actor, listing = current_actor(), Listing(name)
    if not policy.can_take(actor, listing):
        _write_down(actor, listing, kind, {}, why="role")
        raise Forbidden(_("This list is for the clinic's manager."))
    wanted, reach = _wanted(listing), policy.reach(actor, listing)
    extent = lists.extent(listing, reach, wanted)
    taken = _told(reach, wanted, extent)
    if kind == "xlsx" and extent.count > EXCEL_ROWS:
        _write_down(actor, listing, kind, taken, why="too many rows for Excel")
        raise Invalid(
            _(
                "Excel takes at most %(most)s rows here, and this list has %(count)s. Take the CSV.",
                most=f"{EXCEL_ROWS:,}",
                count=f"{extent.count:,}",
            )
        )
    columns = COLUMNS[listing]
    file_name = f"{listing}-{clock.today(facility_of(actor).zone):%Y-%m-%d}.{kind}"
    batches = lists.batches(listing, reach, wanted, last_id=extent.last_id)
    if kind == "csv":
        _write_down(actor, listing, kind, taken)
        return send(csv_chunks(columns, batches), file_name, "text/csv; charset=utf-8")
    book = excel_file(listing.capitalize(), columns, batches, alive=still_alive)
    _write_down(actor, listing, kind, taken)
    return send(chunks_of(book), file_name, EXCEL)


def _wanted(listing: Listing) -> Wanted:
    """The rows the address asks for. Raises Invalid for a day or a state that cannot be read."""
    args = request.args
    if listing is Listing.PATIENTS:
        return Wanted(with_mobile=args.get("with_mobile") == "yes")
    if listing is not Listing.APPOINTMENTS:
        return Wanted()
    if any(status and status not in tuple(AppointmentStatus) for status in args.getlist("status")):
        raise Invalid(_("Choose one of these."), field="status")
    first, last = _day("from"), _day("to")
    if first and last and first > last:
        raise Invalid(_("The first day is after the last."), field="from")
    return Wanted(
        from_day=first,
        to_day=last,
        visits=read_filter(args, None),
        facility_id=read_id(args.get("facility")),
    )


def _day(name: str) -> date | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid(_("There is no such day in the calendar."), field=name) from None
    if not EARLIEST <= day <= LATEST:
        raise Invalid(_("There is no such day in the calendar."), field=name)
    return day


def _told(reach: Reach, wanted: Wanted, extent: Extent) -> dict[str, object]:
    """Which rows a list holds, for the audit: ids and choices, nobody's name."""
    chosen = {
        "from": wanted.from_day.isoformat() if wanted.from_day else None,
        "to": wanted.to_day.isoformat() if wanted.to_day else None,
        "facility": wanted.facility_id,
        **_told_of_visits(wanted.visits),
        "with_mobile": wanted.with_mobile or None,
    }
    return {
        "filter": {name: value for name, value in chosen.items() if value},
        "facilities": "all" if reach is None else sorted(reach),
        "count": extent.count,
        "first_id": extent.first_id,
        "last_id": extent.last_id,
    }


def _told_of_visits(visits: Filter | None) -> dict[str, object]:
    """What visits were chosen by; of words that were looked for only that there were some."""
    if visits is None:
        return {}
    return {
        "status": visits.statuses[0] if len(visits.statuses) == 1 else list(visits.statuses),
        "practitioner": visits.practitioner_id,
        "service": visits.service_id,
        "mode": visits.mode,
        "session": visits.session_id,
        "patient": bool(visits.patient),
        "reason": bool(visits.text),
    }


def _write_down(
    actor: Actor, listing: Listing, kind: str, taken: dict[str, object], *, why: str | None = None
) -> None:
    """Note that a list is taken, or (``why``) that it was refused."""
    places = taken.get("facilities")
    audit.read(
        actor,
        "list.taken_out",
        subject_type=listing.value,
        facility_id=places[0] if isinstance(places, list) and len(places) == 1 else None,
        outcome="refused" if why else "done",
        detail={"format": kind, **taken, **({"why": why} if why else {})},
    )
