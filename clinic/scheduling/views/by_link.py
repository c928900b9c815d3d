"""One visit for whoever holds its link: looked at, moved, cancelled, "I will come". No sign-in.

Reading changes nothing, since previews open links too. Every link that cannot be used gets the same page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import wraps
from typing import Any

from flask import Blueprint, Response, current_app, g, request, session, url_for
from flask_wtf.csrf import CSRFError, validate_csrf
from wtforms import ValidationError

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.errors import DomainError, NotFound, TooMany
from clinic.core.i18n import LOCALES, force_locale, locale_tag
from clinic.core.i18n import gettext as _
from clinic.core.limits import is_within
from clinic.core.names import TITLES
from clinic.core.text import fold, one_line
from clinic.core.web import go_to, page, say
from clinic.scheduling import policy, reasons, service
from clinic.scheduling.models import Appointment
from clinic.scheduling.queries.coming import said_coming
from clinic.scheduling.service import SlotTaken
from clinic.scheduling.service.visit_links import actor_for, say_coming, visit_of
from clinic.scheduling.slots import Slot
from clinic.scheduling.views.link_times import offer_of
from clinic.scheduling.views.reading import read_day, read_id, read_slot, slot_value

bp = Blueprint("visit_link", __name__)
PER_HOUR = "240 per hour"
"""Pages and forms from one address: a household behind one router reads on, somebody guessing does not."""


@bp.before_request
def check_form() -> None:
    """Count the request, and check the form's token as everywhere; there is no referrer to go by."""
    if not is_within(PER_HOUR, "visit_link", request.remote_addr or ""):
        raise TooMany(_("Wait a little, then open the link once more."), retry_after=3600)
    if request.method == "POST" and current_app.config["WTF_CSRF_ENABLED"]:
        try:
            validate_csrf(request.form.get("csrf_token"))
        except ValidationError as wrong:
            raise CSRFError(str(wrong)) from wrong


@bp.after_request
def keep_to_itself(response: Response) -> Response:
    """The address is the key: it goes to nobody else, and no search engine keeps it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    return response


def of_visit(view: Callable[[str, Appointment], Response]) -> Callable[[str], Response]:
    """Find the visit of the link; answer in the language chosen in this browser, else in the patient's."""

    @wraps(view)
    def find(token: str) -> Response:
        visit = visit_of(token)
        if visit is None:
            return closed()
        if session.get("locale") in LOCALES:
            return view(token, visit)
        with force_locale(visit.patient.locale if visit.patient.locale in LOCALES else "en"):
            return view(token, visit)

    return find


@bp.get("/v/<token>")
@allow(everybody=True)
@of_visit
def show(token: str, visit: Appointment) -> Response:
    """The visit as it stands, and what can be done."""
    audit.read(
        _actor(visit),
        "appointment.viewed",
        subject_type="appointment",
        subject_id=visit.id,
        patient_id=visit.patient_id,
        facility_id=visit.facility_id,
    )
    return _page(visit, token, "scheduling/by_link.html", coming=said_coming(visit))


@bp.post("/v/<token>/coming")
@allow(everybody=True)
@of_visit
def coming(token: str, _visit: Appointment) -> Response:
    """Say that the patient will come."""
    return _carry_out(token, say_coming, _("Thank you. The clinic knows that you are coming."))


@bp.route("/v/<token>/cancel", methods=["GET", "POST"])
@allow(everybody=True)
@of_visit
def cancel(token: str, visit: Appointment) -> Response:
    """Ask once more, then cancel."""
    if not policy.patient_can_change(visit):
        return go_to(url_for("visit_link.show", token=token))
    if request.method != "POST":
        return _page(visit, token, "scheduling/by_link_cancel.html", codes=reasons.own_choices())
    code = reasons.read_code(request.form.get("code"))
    reason = one_line(request.form.get("reason", ""))[:200]
    version = read_id(request.form.get("version"))

    def end(actor: Actor, row: Appointment) -> None:
        service.cancel(actor, row, reason or None, code=code, expected_version=version)

    return _carry_out(token, end, _("Your visit is cancelled."))


@bp.route("/v/<token>/move", methods=["GET", "POST"])
@allow(everybody=True)
@of_visit
def move(token: str, visit: Appointment) -> Response:
    """Choose another time: the same practitioner's first."""
    if not policy.patient_can_change(visit) or not visit.service.online_booking:
        return go_to(url_for("visit_link.show", token=token))
    if request.method != "POST":
        return _times(visit, token)
    chosen, version = read_slot(request.form.get("slot")), read_id(request.form.get("version"))
    if chosen is None:
        return _times(visit, token, status=422, error=_("Choose a time."))
    practitioner_id, starts = chosen

    def shift() -> None:
        row = _again(token)
        service.move(_actor(row), row, starts, practitioner_id, expected_version=version)

    try:
        service.settled(shift)
    except NotFound:
        return closed()
    except DomainError as refused:
        near = refused.alternatives if isinstance(refused, SlotTaken) else []
        return _times(_again(token), token, status=refused.status, error=refused.message, near=near)
    say(_("Your visit is moved."))
    return go_to(url_for("visit_link.show", token=token))


def closed() -> Response:
    """The page of every link that opens nothing: the same bytes, whatever the link was."""
    return page("scheduling/by_link_closed.html", status=404, locale_url="", portal_home_url="/")


def _carry_out(token: str, work: Callable[[Actor, Appointment], None], words: str) -> Response:
    """Do something with the visit, say how it went, and show it as it now stands."""

    def act() -> None:
        row = _again(token)
        work(_actor(row), row)

    try:
        service.settled(act)
    except NotFound:
        return closed()
    except DomainError as refused:
        say(refused.message, "danger")
    else:
        say(words)
    return go_to(url_for("visit_link.show", token=token))


def _again(token: str) -> Appointment:
    """The visit anew, within the unit of work. Raises NotFound."""
    row = visit_of(token)
    if row is None:
        raise NotFound(_("There is no such visit."))
    return row


def _actor(visit: Appointment) -> Actor:
    return actor_for(visit, origin=request.remote_addr or "", request_id=g.get("request_id", ""))


def _times(
    visit: Appointment, token: str, *, status: int = 200, error: str = "", near: Sequence[Slot] = ()
) -> Response:
    earliest = service.earliest_for_patients(visit.service)
    zone = visit.facility.zone
    first = clock.today(zone)
    last = service.last_day_for_patients(visit.facility, visit.service)
    day = min(max(read_day(request.args.get("day"), zone), first), last)
    offer = offer_of(visit, day, last, not_before=earliest)
    return _page(
        visit,
        token,
        "scheduling/by_link_times.html",
        status=status,
        error=error,
        near=[slot for slot in near if slot.starts >= earliest],
        offer=offer,
        later=_later(offer.until, last),
        started=day > first,
        value_of=lambda slot: slot_value(slot.practitioner_id, slot.starts),
    )


def _later(until: date, last: date) -> date | None:
    return until + timedelta(days=1) if until < last else None


def _page(visit: Appointment, token: str, template: str, /, status: int = 200, **values: Any) -> Response:
    facility, of_service = visit.facility, visit.service
    hindi = locale_tag() == "hi"
    before = (of_service.before_you_come_hi if hindi else None) or of_service.before_you_come or ""
    return page(
        template,
        status=status,
        visit=visit,
        token=token,
        facility=facility,
        clinic_name=facility.name,
        portal_home_url=url_for("visit_link.show", token=token),
        zone=facility.zone,
        first_name=_first_name(visit.patient.name),
        service_name=(of_service.name_hi if hindi else None) or of_service.name,
        before=[line.strip() for line in before.splitlines() if line.strip()],
        ahead=policy.is_ahead(visit),
        changeable=policy.patient_can_change(visit),
        **values,
    )


def _first_name(name: str) -> str:
    """What somebody is called, without title and family: all that the page says of who they are."""
    words = name.split()
    return next((word for word in words if fold(word).strip(".") not in TITLES), words[0] if words else "")


blueprints = (bp,)
