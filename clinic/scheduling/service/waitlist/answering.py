"""Answering an offer: one visit comes of it, however many answers arrive."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from clinic.core import clock
from clinic.core.access import FRONT_DESK, SYSTEM, Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, NotFound
from clinic.core.i18n import gettext as _
from clinic.scheduling.errors import OutsideRules, PatientBusy, SlotTaken
from clinic.scheduling.models import (
    Appointment,
    EndReason,
    OfferStatus,
    WaitlistEntry,
    WaitlistOffer,
    WaitStatus,
)
from clinic.scheduling.service import claims
from clinic.scheduling.service.book import Booking, book
from clinic.scheduling.service.claims import settled
from clinic.scheduling.service.lifecycle import cancel, undo_purpose
from clinic.scheduling.service.moves import move
from clinic.scheduling.service.soon import look_soon
from clinic.scheduling.service.waitlist.ending import serving_visit
from clinic.scheduling.service.waitlist.entries import check_may, end, lock, record
from clinic.scheduling.service.waitlist.offering import settle_offer
from clinic.scheduling.transitions import MOVABLE


class OfferOver(Conflict):
    """The offer was answered, or its time is up."""

    code = "offer_over"


def accept(actor: Actor, offer_id: int) -> Appointment:
    """Take an offered place, as one change; the visit it became.

    The later visit that was kept meanwhile moves there. Raises OfferOver with a sentence for whoever is too
    late or answered before, PatientBusy, Forbidden, or NotFound.
    """
    try:
        return settled(lambda: _accept(actor, offer_id))
    except PatientBusy:
        raise
    except (SlotTaken, OutsideRules) as gone:
        settled(lambda: _give_up(actor, offer_id))
        raise OfferOver(_("This time can no longer be given. You stay on the waitlist.")) from gone


def decline(actor: Actor, offer_id: int, *, leave: bool = False) -> None:
    """Say no to an offer and wait on, or with ``leave`` wait no more. Done twice it is done.

    Raises OfferOver for an offer that was accepted, Forbidden, or NotFound.
    """
    entry, made = _both(actor, offer_id)
    if made.status == OfferStatus.ACCEPTED:
        raise OfferOver(_said(made))
    if made.status == OfferStatus.OPEN:
        settle_offer(made, OfferStatus.DECLINED, by=actor.user_id)
        if entry.status == WaitStatus.OFFERED:
            entry.status = WaitStatus.WAITING
            entry.version += 1
        record(actor, entry, "declined")
    if leave and entry.status == WaitStatus.WAITING:
        end(entry, WaitStatus.WITHDRAWN, by=actor.user_id)
        record(actor, entry, "withdrawn")
    db.session.flush()
    look_soon(entry.facility_id)


def _accept(actor: Actor, offer_id: int) -> Appointment:
    entry, made = _both(actor, offer_id)
    if made.status != OfferStatus.OPEN:
        raise OfferOver(_said(made))
    if made.expires_at <= clock.now():
        raise OfferOver(_too_late())
    if serving_visit(entry) is not None:
        raise OfferOver(_("There is a visit for this already, so the place goes to the next in line."))
    at_desk = actor.has(*FRONT_DESK, at=entry.facility_id)
    visit = _take(actor if at_desk else _by_the_clinic(actor), entry, made)
    settle_offer(made, OfferStatus.ACCEPTED, by=actor.user_id, visit_id=visit.id)
    end(entry, WaitStatus.ACCEPTED, by=actor.user_id, visit_id=visit.id)
    record(actor, entry, "accepted")
    look_soon(entry.facility_id)
    return visit


def _by_the_clinic(actor: Actor) -> Actor:
    """What the clinic offered it books in its own name: how early and what patients may book by themselves
    does not bind it.
    """
    return replace(
        SYSTEM, name=actor.name, origin=actor.origin, request_id=actor.request_id, locale=actor.locale
    )


def _take(actor: Actor, entry: WaitlistEntry, made: WaitlistOffer) -> Appointment:
    claims.queue_for_patient(entry.patient_id)  # before the visit that is kept, as everywhere
    kept = _kept(entry, made)
    if kept is not None and _is_alike(kept, entry, made):
        why = _("Came up on the waitlist")
        return move(actor, kept, made.starts, made.practitioner_id, reason=why, hold=made.purpose)
    if kept is not None:
        cancel(
            actor,
            kept,
            _("An earlier time came up on the waitlist"),
            code=EndReason.PATIENT_ASKED,
            tell=False,
        )
        claims.end_hold(undo_purpose(kept))  # undone, it would stand beside the one that took its place
    return book(
        actor,
        Booking(
            patient_id=entry.patient_id,
            practitioner_id=made.practitioner_id,
            service_id=entry.service_id,
            starts=made.starts,
            facility_id=entry.facility_id,
            mode=entry.mode,
            purpose=entry.note,
            via="waitlist",
            hold=made.purpose,
            submission_key=f"offer-{made.id}",
        ),
    )


def _is_alike(kept: Appointment, entry: WaitlistEntry, made: WaitlistOffer) -> bool:
    """Whether the visit that was kept can become the one offered by a move: the same length, the same
    mode.
    """
    return kept.ends - kept.starts == made.ends - made.starts and kept.mode == entry.mode


def _kept(entry: WaitlistEntry, made: WaitlistOffer) -> Appointment | None:
    """The later visit that is given up, if it is still to come."""
    if entry.appointment_id is None:
        return None
    kept = db.session.get(Appointment, entry.appointment_id, populate_existing=True)
    if kept is None or kept.status not in MOVABLE or kept.starts <= max(clock.now(), made.starts):
        return None
    return kept


def _both(actor: Actor, offer_id: int) -> tuple[WaitlistEntry, WaitlistOffer]:
    """The entry, locked, and its offer as it stands."""
    entry_id = db.session.scalar(select(WaitlistOffer.entry_id).where(WaitlistOffer.id == offer_id))
    if entry_id is None:
        raise NotFound(_("There is no such offer."))
    entry = lock(entry_id)
    check_may(actor, entry)
    return entry, db.session.get_one(WaitlistOffer, offer_id, populate_existing=True)


def _said(made: WaitlistOffer) -> str:
    match made.status:
        case OfferStatus.ACCEPTED:
            return _("This time has been taken up already; it is booked.")
        case OfferStatus.DECLINED:
            return _("This offer was declined; the place has gone to the next in line.")
        case OfferStatus.EXPIRED:
            return _too_late()
        case _:
            return _("The clinic has taken this offer back.")


def _too_late() -> str:
    return _("The time for an answer is over; the next in line is asked. You stay on the waitlist.")


def _give_up(actor: Actor, offer_id: int) -> None:
    """End an offer whose place turned out not to be there."""
    entry, made = _both(actor, offer_id)
    if made.status != OfferStatus.OPEN:
        return
    settle_offer(made, OfferStatus.WITHDRAWN, by=None)
    entry.status = WaitStatus.WAITING
    entry.version += 1
    record(SYSTEM, entry, "offer_taken_back")
