"""An offer for whoever holds its link. Looking at it changes nothing, since previews open links too."""

from __future__ import annotations

from flask import Response, g, request, session, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, LinkScope, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import LOCALES, force_locale
from clinic.core.web import go_to, page
from clinic.scheduling import waitlist_words
from clinic.scheduling.models import WaitlistOffer
from clinic.scheduling.queries.waitlist import offer_by_token
from clinic.scheduling.service import waitlist as service
from clinic.scheduling.service.visit_links import BY_LINK
from clinic.scheduling.views.by_link import bp, closed

SHOWN_AFTER_DAYS = 2


@bp.get("/o/<token>")
@allow(everybody=True)
def offer(token: str) -> Response:
    """The time that is offered, how long it is kept, and the two answers."""
    made = _of(token)
    if made is None:
        return closed()
    audit.read(
        _actor(made),
        "waitlist.viewed",
        subject_type="waitlist_entry",
        subject_id=made.entry_id,
        patient_id=made.entry.patient_id,
        facility_id=made.entry.facility_id,
    )
    return _show(token, made)


@bp.post("/o/<token>")
@allow(everybody=True)
def answer_offer(token: str) -> Response:
    """Take the time, wait for another, or wait no more."""
    made = _of(token)
    if made is None:
        return closed()
    said = request.form.get("answer", "")
    refused: DomainError | None = None
    try:
        if said == "accept":
            service.accept(_actor(made), made.id)
        elif said in ("decline", "leave"):
            with unit_of_work():
                service.decline(_actor(made), made.id, leave=said == "leave")
    except DomainError as error:
        refused = error
    if refused is None:
        return go_to(url_for("visit_link.offer", token=token))
    fresh = _of(token)
    return closed() if fresh is None else _show(token, fresh, refused)


def _of(token: str) -> WaitlistOffer | None:
    """The offer of a link, until two days after its time."""
    made = offer_by_token(token)
    if made is None or (clock.now() - made.ends).days >= SHOWN_AFTER_DAYS:
        return None
    return made


def _actor(made: WaitlistOffer) -> Actor:
    """Whoever holds the link: for this patient, and for no visit there is yet."""
    return Actor(
        user_id=None,
        name=BY_LINK,
        roles=frozenset({Role.PATIENT}),
        facility_ids=frozenset(),
        origin=request.remote_addr or "",
        request_id=g.get("request_id", ""),
        locale=made.entry.patient.locale,
        link=LinkScope(appointment_id=0, patient_id=made.entry.patient_id),
    )


def _show(token: str, made: WaitlistOffer, refused: DomainError | None = None) -> Response:
    locale = made.entry.patient.locale
    if session.get("locale") in LOCALES or locale not in LOCALES:
        return _page(token, made, refused)
    with force_locale(locale):
        return _page(token, made, refused)


def _page(token: str, made: WaitlistOffer, refused: DomainError | None) -> Response:
    facility = made.entry.facility
    is_open = made.status == "open" and waitlist_words.is_to_come(made.expires_at)
    return page(
        "scheduling/offer.html",
        status=refused.status if refused else 200,
        made=made,
        entry=made.entry,
        visit=made.appointment,
        is_open=is_open,
        refused=refused if not (refused and made.status == "accepted") else None,
        token=token,
        facility=facility,
        clinic_name=facility.name,
        portal_home_url="/",
        said=waitlist_words,
        zone=facility.zone,
    )
