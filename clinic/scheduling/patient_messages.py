"""What patients are told about their visits, over which ways, and when it is stale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.notifications.models import Channel, Message
from clinic.notifications.registry import (
    ALL_CHANNELS,
    Attachment,
    Category,
    Content,
    MessageKind,
    Opens,
    register,
)
from clinic.notifications.service import NewMessage
from clinic.notifications.wording import Why
from clinic.patients.queries.ways import Ways, ways_to
from clinic.scheduling import ical
from clinic.scheduling.message_placeholders import ONLY_WHEN_CERTAIN, VISIT, visit_sample
from clinic.scheduling.models import Appointment, AppointmentStatus
from clinic.scheduling.visit_tokens import new_token

SUBJECT = "appointment"
REMINDERS = {
    "reminder_24h": timedelta(hours=24),
    "reminder_2h": timedelta(hours=2),
    "reminder_30m": timedelta(minutes=30),
}
"""How long before a visit its reminders go, the earliest first. Each is too late once the next one is due."""
CHANGES = (
    "appointment_booked",
    "appointment_confirmed",
    "appointment_moved",
    "appointment_cancelled",
    "appointment_rejected",
)
ENDED: Mapping[str, str] = {
    AppointmentStatus.CANCELLED: "cancelled",
    AppointmentStatus.REJECTED: "rejected",
}
KINDS = (*CHANGES, *REMINDERS)
MAY_STILL_HEAR = timedelta(hours=2)
_TRUE_WHILE: Mapping[str, set[AppointmentStatus]] = {
    "appointment_booked": {AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED},
    "appointment_confirmed": {AppointmentStatus.CONFIRMED},
    "appointment_moved": {AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED},
    "appointment_cancelled": {AppointmentStatus.CANCELLED},
    "appointment_rejected": {AppointmentStatus.REJECTED},
    **{kind: {AppointmentStatus.CONFIRMED} for kind in REMINDERS},
}


def about(visit: Appointment) -> str:
    """The part of a ``dedupe_key`` that names the visit and its start."""
    return f":{visit.id}:{int(visit.starts.timestamp())}:"


def good_until(visit: Appointment, event: str) -> datetime:
    """Until when news of a change is of use (UTC): the visit's start, for an end two hours at the least."""
    if event in ENDED.values():
        return max(visit.starts, clock.now() + MAY_STILL_HEAR)
    return visit.starts


def news(
    visit: Appointment, event: str, *, send_at: datetime | None = None, ways: Ways | None = None
) -> list[NewMessage]:
    """A message about a change, over every way there is that the patient wants; none when it comes too late.

    ``event`` is ``booked``, ``confirmed``, ``moved``, ``cancelled`` or ``rejected``. ``ways`` are the
    patient's, where they were looked up before.
    """
    expires_at = good_until(visit, event)
    if expires_at <= (send_at or clock.now()) or visit.patient.deceased:
        return []
    kind = f"appointment_{event}"
    return [
        _message(
            visit,
            kind=kind,
            channel=channel,
            dedupe_key=f"{kind}{about(visit)}{visit.version}:{channel}",
            send_at=send_at,
            expires_at=expires_at,
        )
        for channel in (ways or ways_to(visit.patient)).wanted(kind)
    ]


def reminders(visit: Appointment, *, ways: Ways | None = None) -> list[NewMessage]:
    """The reminders of a confirmed visit that are still ahead, each good until the next one.

    Of text message and e-mail each goes over one, the surer that the patient wants.
    """
    if visit.status != AppointmentStatus.CONFIRMED or visit.patient.deceased or visit.starts <= clock.now():
        return []
    ways = ways or ways_to(visit.patient)
    now = clock.now()
    times = [visit.starts - before for before in REMINDERS.values()]
    ends = [*times[1:], visit.starts]
    return [
        _message(
            visit,
            kind=kind,
            channel=channel,
            dedupe_key=f"reminder{about(visit)}{kind.removeprefix('reminder_')}{_also(channel)}",
            send_at=send_at,
            expires_at=expires_at,
        )
        for kind, send_at, expires_at in zip(REMINDERS, times, ends, strict=True)
        if send_at > now
        for channel in ways.with_one_sure(kind)
    ]


def _also(channel: Channel) -> str:
    """What tells a reminder in the inbox or by push from the one text message or mail."""
    return f":{channel}" if channel in (Channel.PUSH, Channel.IN_APP) else ""


def _message(
    visit: Appointment,
    *,
    kind: str,
    channel: Channel,
    dedupe_key: str,
    send_at: datetime | None,
    expires_at: datetime,
) -> NewMessage:
    return NewMessage(
        kind=kind,
        channel=channel,
        recipient_type="patient",
        recipient_id=visit.patient_id,
        subject_type=SUBJECT,
        subject_id=visit.id,
        patient_id=visit.patient_id,
        facility_id=visit.facility_id,
        locale=visit.patient.locale,
        dedupe_key=dedupe_key,
        send_at=send_at,
        expires_at=expires_at,
    )


def connect() -> None:
    """Register the kinds of messages."""
    labels = {
        "appointment_booked": _l("Visit booked"),
        "appointment_confirmed": _l("Visit confirmed"),
        "appointment_moved": _l("Visit moved"),
        "appointment_cancelled": _l("Visit cancelled"),
        "appointment_rejected": _l("Visit declined"),
        "reminder_24h": _l("Reminder, a day before"),
        "reminder_2h": _l("Reminder, 2 hours before"),
        "reminder_30m": _l("Reminder, 30 minutes before"),
    }
    for name in KINDS:
        template = "reminder" if name in REMINDERS else ""
        register(
            MessageKind(
                name=name,
                label=labels[name],
                load=_load,
                still_wanted=_still_wanted,
                template=template,
                category=Category.REMINDER if name in REMINDERS else Category.VISIT,
                channels=ALL_CHANNELS,
                to_choose=True,
                opens=_page,
                placeholders=VISIT,
                sample=partial(visit_sample, name),
                **(ONLY_WHEN_CERTAIN if name == "appointment_booked" else {}),
            )
        )


def fresh_visits(messages: Sequence[Message]) -> dict[int, Appointment]:
    """The visits messages are about, by id, read anew with all that stands in a text. One statement."""
    ids = {message.subject_id for message in messages}
    rows = db.session.scalars(
        select(Appointment)
        .where(Appointment.id.in_(ids))
        .options(
            joinedload(Appointment.patient),
            joinedload(Appointment.practitioner),
            joinedload(Appointment.facility),
            joinedload(Appointment.service),
        )
        .execution_options(populate_existing=True)
    )
    return {visit.id: visit for visit in rows}


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    visits = fresh_visits(messages)
    return {
        message.id: _content(message, visit)
        for message in messages
        if (visit := visits.get(message.subject_id or 0)) is not None
    }


def _content(message: Message, visit: Appointment) -> Content:
    hindi = message.locale == "hi"
    service = visit.service
    before = (service.before_you_come_hi if hindi else None) or service.before_you_come
    return Content(
        address=visit.patient.mobile if message.channel == Channel.SMS else visit.patient.email,
        zone=visit.facility.zone,
        values={
            "clinic": visit.facility.name,
            "clinic_phone": visit.facility.phone,
            "patient": visit.patient.name,
            "practitioner": visit.practitioner.name,
            "service": (service.name_hi if hindi else None) or service.name,
            "fee": service.fee,
            "currency": visit.facility.currency,
            "starts": visit.starts,
            "reference": visit.reference,
            "waits": visit.status == AppointmentStatus.PENDING,
            "online": visit.mode == "online",
            "joins": visit.mode == "online" and visit.status == AppointmentStatus.CONFIRMED,
            "before_you_come": before,
            "visit_link": new_token(visit),
        },
        facts={"status": visit.status, "about": about(visit), "deceased": visit.patient.deceased},
        attachments=_attachments(message, visit),
    )


def _page(_message: Message, content: Content) -> Opens:
    return Opens(endpoint="portal.visit", values={"reference": content.values["reference"]})


def _attachments(message: Message, visit: Appointment) -> tuple[Attachment, ...]:
    """The visit for the patient's own calendar: with a mail that says when it takes place, or no longer does.

    A request that waits for the clinic's word is no entry in a calendar yet, so its refusal takes none away.
    """
    tells_when = message.kind in CHANGES[:3] and visit.status == AppointmentStatus.CONFIRMED
    if message.channel != Channel.EMAIL or not (tells_when or message.kind == "appointment_cancelled"):
        return ()
    return (ical.attachment(visit, locale=message.locale),)


def _still_wanted(message: Message, content: Content) -> str | None:
    if content.facts["deceased"]:
        return Why.DECEASED
    if content.facts["about"] not in message.dedupe_key:
        return Why.CHANGED
    if content.facts["status"] in _TRUE_WHILE[message.kind]:
        return None
    return Why.NOT_CONFIRMED if content.facts["status"] == AppointmentStatus.PENDING else Why.CHANGED
