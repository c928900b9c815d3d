"""What those who wait are told: that a time is free, as long as it is kept for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.core import clock, periodic
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.notifications.models import Channel, Message
from clinic.notifications.registry import ALL_CHANNELS, Category, Content, MessageKind, Opens, register
from clinic.notifications.wording import Why
from clinic.scheduling.message_placeholders import OFFER, offer_sample
from clinic.scheduling.models import OfferStatus, WaitlistEntry, WaitlistOffer
from clinic.scheduling.service.waitlist import OFFER_KIND, look

LOOK_SECONDS = 30


def connect() -> None:
    """Register the kind of message, and have the clock look for places that can be offered."""
    register(
        MessageKind(
            name=OFFER_KIND,
            label=_l("Free time offered"),
            load=_load,
            still_wanted=_still_wanted,
            has_secret=True,
            category=Category.OFFER,
            channels=ALL_CHANNELS,
            to_choose=True,
            opens=lambda _message, _content: Opens(endpoint="portal.waitlist"),
            placeholders=OFFER,
            sample=offer_sample,
        )
    )
    periodic.every(LOOK_SECONDS, "scheduling.waitlist", look)


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = {message.subject_id for message in messages}
    offers = {
        one.id: one
        for one in db.session.scalars(
            select(WaitlistOffer)
            .where(WaitlistOffer.id.in_(ids))
            .options(
                joinedload(WaitlistOffer.practitioner),
                joinedload(WaitlistOffer.entry).options(
                    joinedload(WaitlistEntry.patient),
                    joinedload(WaitlistEntry.service),
                    joinedload(WaitlistEntry.facility),
                ),
            )
            .execution_options(populate_existing=True)
        )
    }
    return {
        message.id: _content(message, made)
        for message in messages
        if (made := offers.get(message.subject_id or 0)) is not None
    }


def _content(message: Message, made: WaitlistOffer) -> Content:
    entry = made.entry
    service = entry.service
    return Content(
        address=entry.patient.mobile if message.channel == Channel.SMS else entry.patient.email,
        zone=entry.facility.zone,
        values={
            "clinic": entry.facility.name,
            "clinic_phone": entry.facility.phone,
            "patient": entry.patient.name,
            "service": (service.name_hi if message.locale == "hi" else None) or service.name,
            "practitioner": made.practitioner.name,
            "starts": made.starts,
            "until": made.expires_at,
            "online": entry.mode == "online",
        },
        facts={"offer": made, "deceased": entry.patient.deceased},
    )


def _still_wanted(_message: Message, content: Content) -> str | None:
    if content.facts["deceased"]:
        return Why.DECEASED
    made: WaitlistOffer = content.facts["offer"]
    if made.status != OfferStatus.OPEN:
        return Why.GONE
    return Why.TOO_LATE if made.expires_at <= clock.now() else None
