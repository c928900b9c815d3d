"""Offering a place: it is held, and whoever waits is told in the same transaction."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.access import SYSTEM, Actor
from clinic.core.crypto import token_hash
from clinic.core.db import constraint_means, db, unit_of_work
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.notifications import service as notifications
from clinic.notifications.models import Channel
from clinic.notifications.service import NewMessage
from clinic.notifications.wording import Why
from clinic.patients.queries.ways import ways_to
from clinic.scheduling.models import HoldKind, OfferStatus, Reach, WaitlistEntry, WaitlistOffer, WaitStatus
from clinic.scheduling.service import claims
from clinic.scheduling.service.holding import Place, reserve
from clinic.scheduling.service.soon import look_soon
from clinic.scheduling.service.waitlist.entries import check_may, end, lock, record
from clinic.scheduling.waiting import OfferTimes

OFFER_KIND = "waitlist_offer"
_WITH_LINK = (Channel.SMS, Channel.EMAIL)
TOKEN_BYTES = 16
"""A link in a text message is short; 128 bits are beyond guessing."""
HOLD_GRACE = timedelta(minutes=1)
"""A place stays held a little beyond its offer, so that nobody loses it while their answer is on its way."""
EXPIRED_AT_ONCE = 200


class OfferedAlready(Conflict):
    """Somebody has an offer they have yet to answer."""

    code = "offered_already"

    def __init__(self) -> None:
        super().__init__(_("They have been offered a time and have yet to answer."))


constraint_means("uq_waitlist_offers_open", OfferedAlready)
constraint_means(
    "fk_waitlist_offers_practitioner_id",
    lambda: NotFound(_("This practitioner does not work at this clinic.")),
)


def offer(
    actor: Actor,
    entry_id: int,
    *,
    practitioner_id: int,
    starts: datetime,
    times: OfferTimes,
    told: str,
) -> WaitlistOffer:
    """Hold a place for somebody who waits, and write to them (unless ``told`` is by call), over what they
    want to hear of offers by.

    Raises SlotTaken, OfferedAlready, Conflict when they wait no more, Invalid, NotFound for somebody who does
    not work there, or Forbidden.
    """
    entry = lock(entry_id)
    check_may(actor, entry)
    if entry.status == WaitStatus.OFFERED:
        raise OfferedAlready
    if entry.status != WaitStatus.WAITING:
        raise Conflict(_("This wait is over already."))
    if times.expires_at <= clock.now():
        raise Invalid(_("This time has passed."), field="slot")
    if entry.service.capacity > 1:
        raise Invalid(
            _("A seat in a group cannot be held. Call them, and book it while they are on the line.")
        )
    token = secrets.token_urlsafe(TOKEN_BYTES)
    made = WaitlistOffer(
        entry_id=entry.id,
        practitioner_id=practitioner_id,
        during=Range(starts, starts + timedelta(minutes=entry.service.minutes)),
        told=told,
        tell_at=times.tell_at,
        expires_at=times.expires_at,
        token_hash=token_hash(token),
        created_by=actor.user_id,
    )
    db.session.add(made)
    db.session.flush()
    until = times.expires_at + HOLD_GRACE
    reserve(_place(entry, made), purpose=made.purpose, kind=HoldKind.OFFER, until=until, by=actor.user_id)
    entry.status = WaitStatus.OFFERED
    entry.call_starts = entry.call_with = None
    entry.version += 1
    db.session.flush()
    _tell(entry, made, token)
    record(actor, entry, "offered")
    return made


def _place(entry: WaitlistEntry, made: WaitlistOffer) -> Place:
    return Place(
        facility=entry.facility,
        service=entry.service,
        practitioner_id=made.practitioner_id,
        starts=made.starts,
        online=entry.mode == "online",
        patient_sex=entry.patient.sex,
    )


def _tell(entry: WaitlistEntry, made: WaitlistOffer, token: str) -> None:
    """Write to them. The link with the token goes by text message or e-mail alone: what stands in an inbox or
    on a locked telephone leads to the portal's own page, behind the sign-in.
    """
    if made.told == Reach.CALL:
        return
    channels = _channels(entry, made.told)
    made.told = next((way for way in channels if way in _WITH_LINK), made.told)
    notifications.queue_messages(
        [
            NewMessage(
                kind=OFFER_KIND,
                channel=channel,
                recipient_type="patient",
                recipient_id=entry.patient_id,
                subject_type=OFFER_KIND,
                subject_id=made.id,
                patient_id=entry.patient_id,
                facility_id=entry.facility_id,
                locale=entry.patient.locale,
                dedupe_key=f"{OFFER_KIND}:{made.id}:{channel}",
                send_at=made.tell_at,
                expires_at=made.expires_at,
                secret=token if channel in _WITH_LINK else None,
            )
            for channel in channels
        ]
    )


def _channels(entry: WaitlistEntry, told: str) -> list[str]:
    """Of text message and e-mail the one that was asked for, or the other where offers are not wanted over
    that; beside it notices and the inbox. Where they want none at all it is tried, and ends unwanted.
    """
    wanted = [str(way) for way in ways_to(entry.patient).wanted(OFFER_KIND)]
    with_link = [way for way in wanted if way in _WITH_LINK]
    first = [told] if told in with_link else with_link[:1]
    return [*first, *(way for way in wanted if way not in _WITH_LINK)] or [told]


def settle_offer(
    made: WaitlistOffer, status: OfferStatus, *, by: int | None, visit_id: int | None = None
) -> None:
    """Bring an open offer to its end: its place is given back, and what was not sent stays here.

    The entry is locked.
    """
    made.status, made.appointment_id = status, visit_id
    made.settled_at, made.settled_by = clock.now(), by
    claims.end_hold(made.purpose)
    notifications.withdraw(subject_type=OFFER_KIND, subject_id=made.id, why=Why.GONE)


def drop_offer(actor: Actor, entry: WaitlistEntry) -> None:
    """Take back the open offer of an entry, if there is one. The entry is locked."""
    made = open_offer(entry.id)
    if made is not None:
        settle_offer(made, OfferStatus.WITHDRAWN, by=actor.user_id)


def take_back_offer(actor: Actor, entry_id: int) -> None:
    """End an open offer; whoever had it waits on. Nothing happens where there is none. Raises Forbidden."""
    entry = lock(entry_id)
    check_may(actor, entry)
    if entry.status != WaitStatus.OFFERED:
        return
    drop_offer(actor, entry)
    entry.status = WaitStatus.WAITING
    entry.version += 1
    record(actor, entry, "offer_taken_back")
    look_soon(entry.facility_id)


def open_offer(entry_id: int) -> WaitlistOffer | None:
    """The offer somebody has yet to answer, as it stands."""
    return db.session.scalars(
        select(WaitlistOffer)
        .where(WaitlistOffer.entry_id == entry_id, WaitlistOffer.status == OfferStatus.OPEN)
        .execution_options(populate_existing=True)
    ).first()


def expire_offers() -> int:
    """End offers whose time is up, each in a transaction of its own; how many. Who had them waits on."""
    with unit_of_work():
        due = list(
            db.session.execute(
                select(WaitlistOffer.entry_id, WaitlistOffer.id)
                .where(WaitlistOffer.status == OfferStatus.OPEN, WaitlistOffer.expires_at <= clock.now())
                .order_by(WaitlistOffer.expires_at, WaitlistOffer.id)
                .limit(EXPIRED_AT_ONCE)
            )
        )
    return sum(_expire(entry_id, offer_id) for entry_id, offer_id in due)


def _expire(entry_id: int, offer_id: int) -> bool:
    with unit_of_work():
        entry = lock(entry_id)
        made = open_offer(entry_id)
        if made is None or made.id != offer_id or made.expires_at > clock.now():
            return False
        settle_offer(made, OfferStatus.EXPIRED, by=None)
        if entry.until_day < clock.today(entry.facility.zone):
            end(entry, WaitStatus.EXPIRED)
        else:
            entry.status = WaitStatus.WAITING
            entry.version += 1
        record(SYSTEM, entry, "offer_expired")
    return True
