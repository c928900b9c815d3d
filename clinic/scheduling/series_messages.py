"""What a patient is told about a series as a whole: once for all its visits, instead of once for each.

The reminders stay with the visits. A text is made from the visits as they are just before it goes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.notifications import service as notifications
from clinic.notifications.models import Channel, Message
from clinic.notifications.registry import ALL_CHANNELS, Content, MessageKind, Opens, register
from clinic.notifications.service import NewMessage
from clinic.notifications.wording import Why
from clinic.patients.queries.ways import ways_to
from clinic.scheduling.message_placeholders import SERIES, series_sample
from clinic.scheduling.models import Appointment, Series
from clinic.scheduling.patient_messages import MAY_STILL_HEAR

SUBJECT = "series"
KINDS = ("series_booked", "series_moved", "series_cancelled")
IN_A_TEXT = 4
"""So many times a text message names; a mail names all."""
_GRACE = timedelta(seconds=3)
"""An undo sent in the last second still has to arrive before the message goes."""
_STANDING = ("pending", "confirmed")


def booked(series: Series, visits: Sequence[Appointment]) -> None:
    """The visits of a series were booked."""
    notifications.queue_messages(_news("series_booked", series, visits, since=clock.now()))


def moved(
    series: Series, visits: Sequence[Appointment], *, since: datetime, undo_until: datetime, tell: bool
) -> None:
    """Visits of a series have other times; told once it can no longer be undone."""
    if tell:
        news = _news("series_moved", series, visits, since=since, send_at=undo_until + _GRACE)
        notifications.queue_messages(news)


def cancelled(
    series: Series, visits: Sequence[Appointment], *, since: datetime, undo_until: datetime, tell: bool
) -> None:
    """Visits of a series were called off, all at ``since`` or after."""
    if tell:
        news = _news("series_cancelled", series, visits, since=since, send_at=undo_until + _GRACE)
        notifications.queue_messages(news)


def undone(series: Series) -> None:
    """The last change was undone: nobody hears of it."""
    notifications.withdraw(
        subject_type=SUBJECT,
        subject_id=series.id,
        kinds=("series_moved", "series_cancelled"),
        why=Why.UNDONE,
    )


def _news(
    kind: str,
    series: Series,
    visits: Sequence[Appointment],
    *,
    since: datetime,
    send_at: datetime | None = None,
) -> list[NewMessage]:
    patient = visits[0].patient
    last = max(visit.starts for visit in visits)
    expires_at = max(last, clock.now() + MAY_STILL_HEAR)
    if patient.deceased:
        return []
    return [
        NewMessage(
            kind=kind,
            channel=channel,
            recipient_type="patient",
            recipient_id=patient.id,
            subject_type=SUBJECT,
            subject_id=series.id,
            patient_id=patient.id,
            facility_id=series.facility_id,
            locale=patient.locale,
            dedupe_key=f"{kind}:{series.id}:{int(since.timestamp() * 1000)}:{channel}",
            send_at=send_at,
            expires_at=expires_at,
        )
        for channel in ways_to(patient).wanted(kind)
    ]


def connect() -> None:
    """Register the kinds of messages."""
    labels = (_l("Series booked"), _l("Series moved"), _l("Visits of a series cancelled"))
    for name, label in zip(KINDS, labels, strict=True):
        register(
            MessageKind(
                name=name,
                label=label,
                load=_load,
                still_wanted=_still_wanted,
                template="series",
                channels=ALL_CHANNELS,
                choice=name.replace("series", "appointment"),
                opens=lambda _message, _content: Opens(endpoint="portal.visits"),
                placeholders=SERIES,
                sample=partial(series_sample, name),
            )
        )


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = {message.subject_id for message in messages}
    visits: dict[int | None, list[Appointment]] = {}
    for visit in db.session.scalars(
        select(Appointment)
        .where(Appointment.series_id.in_(ids))
        .options(
            joinedload(Appointment.patient),
            joinedload(Appointment.practitioner),
            joinedload(Appointment.facility),
            joinedload(Appointment.service),
        )
        .order_by(func.lower(Appointment.during))
        .execution_options(populate_existing=True)
    ):
        visits.setdefault(visit.series_id, []).append(visit)
    return {
        message.id: _content(message, visits[message.subject_id])
        for message in messages
        if message.subject_id in visits
    }


def _content(message: Message, visits: Sequence[Appointment]) -> Content:
    told = _told(message, visits)
    first = (told or visits)[0]
    service = first.service
    people = dict.fromkeys(visit.practitioner.name for visit in told)
    return Content(
        address=first.patient.mobile if message.channel == Channel.SMS else first.patient.email,
        zone=first.facility.zone,
        values={
            "kind": message.kind,
            "clinic": first.facility.name,
            "clinic_phone": first.facility.phone,
            "patient": first.patient.name,
            "service": (service.name_hi if message.locale == "hi" else None) or service.name,
            "practitioners": list(people),
            "visits": [(visit.starts, visit.practitioner.name) for visit in told],
            "in_a_text": IN_A_TEXT,
        },
        facts={"told": told, "deceased": first.patient.deceased},
    )


def _told(message: Message, visits: Sequence[Appointment]) -> list[Appointment]:
    """The visits a message is about: those still to come, or those that were called off with it."""
    if message.kind != "series_cancelled":
        return [visit for visit in visits if visit.status in _STANDING and visit.starts > clock.now()]
    since = datetime.fromtimestamp(int(message.dedupe_key.split(":")[2]) / 1000, UTC)
    return [
        visit
        for visit in visits
        if visit.status == "cancelled"
        and visit.ended_at is not None
        and since <= visit.ended_at <= since + timedelta(seconds=30)
    ]


def _still_wanted(_message: Message, content: Content) -> str | None:
    if content.facts["deceased"]:
        return Why.DECEASED
    return None if content.facts["told"] else Why.CHANGED
