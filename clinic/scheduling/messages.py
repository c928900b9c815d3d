"""What patients are told about their visits: each change once, and reminders while they are still true.

The service calls these functions in the transaction of the change. Each message names the visit's start in
its
``dedupe_key``, and is compared with the visit as it is just before it goes out: what is stale stays here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.notifications import service as notifications
from clinic.notifications.models import Channel, Message
from clinic.notifications.queries import Told, last_told
from clinic.notifications.registry import Content, MessageKind, register
from clinic.notifications.service import NewMessage
from clinic.notifications.wording import Why
from clinic.patients.models import Patient
from clinic.scheduling.models import Appointment, AppointmentStatus

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
    AppointmentStatus.CANCELLED: "appointment_cancelled",
    AppointmentStatus.REJECTED: "appointment_rejected",
}
KINDS = (*CHANGES, *REMINDERS)
_GRACE = timedelta(seconds=3)
"""An undo sent in the last second still has to arrive before the message goes."""
_MAY_STILL_HEAR = timedelta(hours=2)
_TRUE_WHILE: Mapping[str, set[AppointmentStatus]] = {
    "appointment_booked": {AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED},
    "appointment_confirmed": {AppointmentStatus.CONFIRMED},
    "appointment_moved": {AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED},
    "appointment_cancelled": {AppointmentStatus.CANCELLED},
    "appointment_rejected": {AppointmentStatus.REJECTED},
    **{kind: {AppointmentStatus.CONFIRMED} for kind in REMINDERS},
}


def booked(appointment: Appointment, *, tell: bool) -> None:
    """A visit was booked: say so, and plan its reminders (once confirmed, if it waits for the clinic's
    word).
    """
    news = _news("appointment_booked", appointment) if tell else []
    notifications.queue_messages([*news, *_reminders(appointment)])


def confirmed(appointment: Appointment, *, tell: bool) -> None:
    """A visit that waited for the clinic's word takes place."""
    _withdraw(appointment, why=Why.REPLACED)
    news = _news("appointment_confirmed", appointment) if tell else []
    notifications.queue_messages([*news, *_reminders(appointment)])


def moved(
    appointment: Appointment,
    *,
    old_start: datetime,  # noqa: ARG001 - nothing is said of it any more
    tell: bool,
    undo_until: datetime,
) -> None:
    """A visit has another time, or practitioner: what was said before and is not out yet stays here.

    The patient hears it once it can no longer be undone.
    """
    _withdraw(appointment)
    news = _news("appointment_moved", appointment, send_at=undo_until + _GRACE) if tell else []
    notifications.queue_messages([*news, *_reminders(appointment)])


def ended(appointment: Appointment, *, tell: bool, undo_until: datetime | None = None) -> None:
    """A visit will not take place, or its patient did not come."""
    _withdraw(appointment)
    if not tell or appointment.status not in ENDED:
        return
    send_at = undo_until + _GRACE if undo_until else None
    notifications.queue_messages(_news(ENDED[appointment.status], appointment, send_at=send_at))


def undone(appointment: Appointment) -> None:
    """The last change was taken back: it is not told, and what it had replaced holds once more.

    Where the patient has heard of the change already they are told how things stand now.
    """
    told = last_told(subject_type=SUBJECT, subject_id=appointment.id, kinds=CHANGES)
    if appointment.status not in ENDED:
        _withdraw(appointment, why=Why.UNDONE, kinds=list(ENDED.values()))
    _withdraw(appointment, why=Why.UNDONE, unless_key_contains=_about(appointment))
    news: list[NewMessage] = []
    if told is None or told.is_about(_about(appointment)):
        notifications.reinstate(
            subject_type=SUBJECT,
            subject_id=appointment.id,
            kinds=CHANGES[:2],
            key_contains=_about(appointment),
        )
    if told is not None and not _still_true(told, appointment):
        news = _news(_how_it_stands(told, appointment), appointment)
    notifications.queue_messages([*news, *_reminders(appointment)])


def _still_true(told: Told, appointment: Appointment) -> bool:
    if told.kind in ENDED.values():
        return appointment.status in ENDED
    waits_again = told.kind == "appointment_confirmed" and appointment.status == AppointmentStatus.PENDING
    return told.is_about(_about(appointment)) and not waits_again


def _how_it_stands(told: Told, appointment: Appointment) -> str:
    if appointment.status == AppointmentStatus.PENDING:
        return "appointment_booked"
    return "appointment_confirmed" if told.kind in ENDED.values() else "appointment_moved"


def _withdraw(
    appointment: Appointment,
    *,
    why: Why = Why.CHANGED,
    kinds: Collection[str] | None = None,
    unless_key_contains: str | None = None,
) -> None:
    notifications.withdraw(
        subject_type=SUBJECT,
        subject_id=appointment.id,
        why=why,
        kinds=kinds,
        unless_key_contains=unless_key_contains,
    )


def _about(appointment: Appointment) -> str:
    """The part of a ``dedupe_key`` that names the visit and its start."""
    return f":{appointment.id}:{int(appointment.starts.timestamp())}:"


def _news(kind: str, appointment: Appointment, *, send_at: datetime | None = None) -> list[NewMessage]:
    """A message about a change, over every way there is to reach the patient; none when it comes too late."""
    now = clock.now()
    expires_at = appointment.starts
    if kind in ENDED.values():
        expires_at = max(expires_at, now + _MAY_STILL_HEAR)
    if expires_at <= (send_at or now) or appointment.patient.deceased:
        return []
    return [
        _message(
            appointment,
            kind=kind,
            channel=channel,
            dedupe_key=f"{kind}{_about(appointment)}{appointment.version}:{channel}",
            send_at=send_at,
            expires_at=expires_at,
        )
        for channel in _channels(appointment.patient)
    ]


def _reminders(appointment: Appointment) -> list[NewMessage]:
    """The reminders of a confirmed visit that are still ahead, each good until the next one."""
    channels = _channels(appointment.patient)
    if appointment.status != AppointmentStatus.CONFIRMED or not channels or appointment.patient.deceased:
        return []
    now = clock.now()
    times = [appointment.starts - before for before in REMINDERS.values()]
    ends = [*times[1:], appointment.starts]
    return [
        _message(
            appointment,
            kind=kind,
            channel=channels[0],
            dedupe_key=f"reminder{_about(appointment)}{kind.removeprefix('reminder_')}",
            send_at=send_at,
            expires_at=expires_at,
        )
        for kind, send_at, expires_at in zip(REMINDERS, times, ends, strict=True)
        if send_at > now
    ]


def _channels(patient: Patient) -> list[Channel]:
    """How a patient can be reached, the surest way first."""
    ways = ((Channel.SMS, patient.mobile), (Channel.EMAIL, patient.email))
    return [channel for channel, address in ways if address]


def _message(
    appointment: Appointment,
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
        recipient_id=appointment.patient_id,
        subject_type=SUBJECT,
        subject_id=appointment.id,
        patient_id=appointment.patient_id,
        facility_id=appointment.facility_id,
        locale=appointment.patient.locale,
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
                name=name, label=labels[name], load=_load, still_wanted=_still_wanted, template=template
            )
        )


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = {message.subject_id for message in messages}
    visits = {
        visit.id: visit
        for visit in db.session.scalars(
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
    }
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
            "starts": visit.starts,
            "reference": visit.reference,
            "waits": visit.status == AppointmentStatus.PENDING,
            "online": visit.mode == "online",
            "before_you_come": before,
        },
        facts={"status": visit.status, "about": _about(visit), "deceased": visit.patient.deceased},
    )


def _still_wanted(message: Message, content: Content) -> str | None:
    if content.facts["deceased"]:
        return Why.DECEASED
    if content.facts["about"] not in message.dedupe_key:
        return Why.CHANGED
    if content.facts["status"] in _TRUE_WHILE[message.kind]:
        return None
    return Why.NOT_CONFIRMED if content.facts["status"] == AppointmentStatus.PENDING else Why.CHANGED
