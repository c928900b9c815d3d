"""What a text message from a patient means for their visits, and what the clinic answers.

A yes or no is about the visit that was last asked about on that mobile. A no cancels nothing: it tells the
front desk, and answers with the link to move or cancel. Where two visits were asked about at nearly the same
time nobody can know which one is meant, so the answer asks to call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.access import Actor, LinkScope, Role
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.facilities.models import Facility
from clinic.notifications import inbound
from clinic.notifications import service as notifications
from clinic.notifications.inbound import Question
from clinic.notifications.models import Channel, InboundMessage, Message, Reply
from clinic.notifications.registry import Category, Content, MessageKind, Opens, register
from clinic.patients.display import initials
from clinic.patients.models import Patient
from clinic.scheduling.models import Appointment, AppointmentStatus
from clinic.scheduling.patient_messages import CHANGES, REMINDERS, SUBJECT, about, fresh_visits
from clinic.scheduling.queries.coming import COMING, NOT_COMING, said_coming, said_not_coming
from clinic.scheduling.service import events
from clinic.scheduling.service.visit_links import BY_TEXT
from clinic.scheduling.visit_tokens import new_token

NOT_COMING_KIND = "facility_not_coming"
ASKS = (*REMINDERS, *CHANGES[:3])
"""What a patient may answer: a reminder, or news of a visit that takes place."""
AT_ONCE = timedelta(minutes=15)
"""Two visits asked about within this are asked about together."""
_AHEAD = (AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED)


def connect() -> None:
    """Register what answers do, and the messages they lead to."""
    inbound.register_conversation(known=known, answered=answered)
    register(
        MessageKind(
            name=inbound.REPLY_KIND,
            label=_l("Answer to a text message"),
            load=_load_replies,
            category=Category.LEGAL,
            channels=(Channel.SMS,),
        )
    )
    register(
        MessageKind(
            name=NOT_COMING_KIND,
            label=_l("To the clinic: a patient says they will not come"),
            load=_load_not_coming,
            template="not_coming",
            channels=(Channel.IN_APP,),
            choice="staff_visit",
            opens=lambda _message, content: Opens(
                endpoint="scheduling.show", values={"reference": content.values["reference"]}
            ),
        )
    )


def known(mobile: str) -> Question:
    """The first patient with this mobile: whose language is used, and whose clinic is told."""
    row = db.session.execute(
        select(Patient.id, Patient.facility_id, Patient.locale)
        .where(Patient.mobile == mobile)
        .order_by(Patient.deceased, Patient.id)
        .limit(1)
    ).first()
    if row is None:
        return Question()
    return Question(patient_id=row.id, facility_id=row.facility_id, locale=row.locale)


def answered(mobile: str, yes: bool) -> Question:
    """Note a yes or no for the visit it is about. The question says which that was, if that can be known."""
    visits = _asked_about(mobile)
    if len(visits) != 1:
        return known(mobile) if not visits else _which(visits[0])
    visit = visits[0]
    actor = Actor(
        user_id=None,
        name=BY_TEXT,
        roles=frozenset({Role.PATIENT}),
        facility_ids=frozenset(),
        locale=visit.patient.locale,
        link=LinkScope(appointment_id=visit.id, patient_id=visit.patient_id),
    )
    if yes and not said_coming(visit):
        events.write(actor, visit, COMING)
    if not yes and not said_not_coming(visit):
        events.write(actor, visit, NOT_COMING)
        _tell_desk(visit)
    return Question(
        patient_id=visit.patient_id,
        facility_id=visit.facility_id,
        subject_id=visit.id,
        locale=visit.patient.locale,
        reply=Reply.COMING if yes else Reply.NOT_COMING,
    )


def _which(visit: Appointment) -> Question:
    return Question(patient_id=visit.patient_id, facility_id=visit.facility_id, locale=visit.patient.locale)


def _asked_about(mobile: str) -> list[Appointment]:
    """The visits still ahead that were asked about last by text message: one, or several asked together."""
    rows = db.session.execute(
        select(Appointment, Message.handed_at)
        .join(Message, Message.subject_id == Appointment.id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            Message.subject_type == SUBJECT,
            Message.channel == Channel.SMS,
            Message.kind.in_(ASKS),
            Message.handed_at.is_not(None),
            Patient.mobile == mobile,
            Patient.deceased.is_(False),
            Appointment.status.in_(_AHEAD),
        )
        .order_by(Message.handed_at.desc())
        .limit(20)
        .options(joinedload(Appointment.patient))
    ).all()
    ahead = [(visit, at) for visit, at in rows if at is not None and visit.starts > clock.now()]
    if not ahead:
        return []
    last = ahead[0][1]
    return list({visit.id: visit for visit, at in ahead if at > last - AT_ONCE}.values())


def _tell_desk(visit: Appointment) -> None:
    facility = db.session.get_one(Facility, visit.facility_id)
    notifications.queue_message(
        kind=NOT_COMING_KIND,
        channel=Channel.IN_APP,
        recipient_type="facility",
        recipient_id=visit.facility_id,
        subject_type=SUBJECT,
        subject_id=visit.id,
        facility_id=visit.facility_id,
        locale=facility.locale,
        dedupe_key=f"{NOT_COMING_KIND}{about(visit)}{int(clock.now().timestamp())}",
        expires_at=visit.starts,
    )


def _load_not_coming(messages: Sequence[Message]) -> Mapping[int, Content]:
    visits = fresh_visits(messages)
    return {
        message.id: Content(
            address=None,
            zone=visit.facility.zone,
            values={
                "clinic": visit.facility.name,
                "initials": initials(visit.patient.name),
                "practitioner": visit.practitioner.name,
                "starts": visit.starts,
                "reference": visit.reference,
            },
        )
        for message in messages
        if (visit := visits.get(message.subject_id or 0)) is not None
    }


def _load_replies(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = {message.subject_id for message in messages}
    rows = {
        row.id: row for row in db.session.scalars(select(InboundMessage).where(InboundMessage.id.in_(ids)))
    }
    loaded: dict[int, Content] = {}
    for message in messages:
        row = rows.get(message.subject_id or 0)
        if row is not None:
            loaded[message.id] = _reply(row)
    return loaded


def _reply(row: InboundMessage) -> Content:
    visit = None
    if row.subject_id is not None:
        visit = db.session.get(
            Appointment, row.subject_id, options=[joinedload(Appointment.facility)], populate_existing=True
        )
    facility = visit.facility if visit else _clinic(row.facility_id)
    return Content(
        address=row.mobile,
        zone=facility.zone if facility else "UTC",
        values={
            "reply": row.reply,
            "clinic": facility.name if facility else "",
            "clinic_phone": facility.phone if facility else None,
            "starts": visit.starts if visit else None,
            "visit_link": new_token(visit) if visit is not None and row.reply == Reply.NOT_COMING else None,
        },
    )


def _clinic(facility_id: int | None) -> Facility | None:
    """The clinic somebody wrote to: their own, else the first there is."""
    if facility_id is not None:
        return db.session.get(Facility, facility_id)
    return db.session.scalars(select(Facility).where(Facility.active).order_by(Facility.id).limit(1)).first()
