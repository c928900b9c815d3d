"""Messages to many: how their people are found, and their text for one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.facilities.models import Facility
from clinic.notifications import broadcasts
from clinic.notifications.models import Broadcast, BroadcastStatus, Channel, Message, Purpose
from clinic.notifications.registry import Category, Content, MessageKind, register
from clinic.notifications.texts.language import fill, fill_line, parse
from clinic.notifications.wording import Why
from clinic.patients.models import Patient
from clinic.patients.queries.consents import consented_among
from clinic.scheduling.queries.audience import audience_from, readers

NAMES = ("name", "clinic")
"""The placeholders of such a text."""


def connect() -> None:
    """Register the kinds, and how people are found."""
    kinds = (
        (Purpose.SERVICE, _l("News of the clinic's service"), Category.VISIT),
        (Purpose.NEWS, _l("News and offers"), Category.NEWS),
    )
    for purpose, label, category in kinds:
        register(
            MessageKind(
                name=broadcasts.kind_name(purpose),
                label=label,
                load=_load,
                still_wanted=_still_wanted,
                template="broadcast",
                category=category,
                channels=(Channel.SMS, Channel.EMAIL),
                to_choose=True,
            )
        )
    broadcasts.register_audience(_readers)


def words_for(broadcast: Broadcast, *, locale: str, name: str, clinic: str) -> dict[str, str]:
    """``subject`` and ``text`` for one person, in their language."""
    subject, text = (
        (broadcast.subject_hi, broadcast.text_hi)
        if locale == "hi"
        else (broadcast.subject_en, broadcast.text_en)
    )
    values = {"name": name, "clinic": clinic}
    return {
        "subject": fill_line(parse(subject, NAMES), values) or clinic,
        "text": fill(parse(text, NAMES), values),
    }


def _readers(broadcast: Broadcast, after: int, limit: int) -> Sequence[broadcasts.Reader]:
    zone = db.session.scalar(select(Facility.zone).where(Facility.id == broadcast.facility_id))
    if zone is None:
        return ()
    return readers(
        audience_from(broadcast.audience),
        facility_id=broadcast.facility_id,
        zone=zone,
        channels=broadcast.channels,
        purpose=broadcast.purpose,
        after=after,
        limit=limit,
    )


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    found = {
        broadcast.id: (broadcast, facility)
        for broadcast, facility in db.session.execute(
            select(Broadcast, Facility)
            .join(Facility, Facility.id == Broadcast.facility_id)
            .where(Broadcast.id.in_({message.subject_id for message in messages}))
            .execution_options(populate_existing=True)
        )
    }
    people = {
        patient.id: patient
        for patient in db.session.scalars(
            select(Patient)
            .where(Patient.id.in_({message.patient_id for message in messages}))
            .execution_options(populate_existing=True)
        )
    }
    news = [
        message.patient_id
        for message in messages
        if message.patient_id is not None and message.kind == broadcasts.kind_name(Purpose.NEWS)
    ]
    agreed = consented_among(news, Purpose.NEWS)
    loaded: dict[int, Content] = {}
    for message in messages:
        pair, patient = found.get(message.subject_id or 0), people.get(message.patient_id or 0)
        if pair is None or patient is None:
            continue
        broadcast, facility = pair
        loaded[message.id] = Content(
            address=patient.mobile if message.channel == Channel.SMS else patient.email,
            zone=facility.zone,
            values={
                "clinic": facility.name,
                **words_for(broadcast, locale=message.locale, name=patient.name, clinic=facility.name),
            },
            facts={
                "stopped": broadcast.status == BroadcastStatus.STOPPED,
                "deceased": patient.deceased,
                "declined": broadcast.purpose == Purpose.NEWS and patient.id not in agreed,
            },
        )
    return loaded


def _still_wanted(_message: Message, content: Content) -> str | None:
    if content.facts["deceased"]:
        return Why.DECEASED
    if content.facts["stopped"]:
        return Why.STOPPED
    return Why.UNWANTED if content.facts["declined"] else None
