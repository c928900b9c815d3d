"""Who is told that a record was opened in an emergency: administrators, by e-mail too, and the patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from clinic.accounts.models import User
from clinic.accounts.zone_queries import zones_of
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.facilities.models import Facility
from clinic.notifications.alarms import CHANNELS
from clinic.notifications.models import Channel, Message
from clinic.notifications.registry import Category, Content, MessageKind, Opens, register
from clinic.patients.display import initials
from clinic.patients.models import EmergencyAccess, Patient
from clinic.patients.service.emergency import TO_ADMINISTRATORS, TO_PATIENT


def connect() -> None:
    """Register the kinds. Neither says anything of the patient's health, nor the reason that was given."""
    register(
        MessageKind(
            name=TO_ADMINISTRATORS,
            label=_l("To administrators: a record was opened in an emergency"),
            load=_load,
            category=Category.SECURITY,
            channels=CHANNELS,
            opens=lambda _message, _content: Opens(endpoint="audit.emergencies"),
        )
    )
    register(
        MessageKind(
            name=TO_PATIENT,
            label=_l("Your record was opened in an emergency"),
            load=_load,
            category=Category.LEGAL,
            channels=(Channel.IN_APP,),
            opens=lambda _message, _content: Opens(endpoint="portal.looked_at"),
        )
    )


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = [message.subject_id for message in messages]
    rows = db.session.execute(
        select(EmergencyAccess, Patient.name, User.name, Facility)
        .join(Patient, Patient.id == EmergencyAccess.patient_id)
        .join(User, User.id == EmergencyAccess.user_id)
        .join(Facility, Facility.id == Patient.facility_id)
        .where(EmergencyAccess.id.in_(ids))
    ).all()
    found = {row.EmergencyAccess.id: row for row in rows}
    administrators = [message.recipient_id for message in messages if message.kind == TO_ADMINISTRATORS]
    users = {
        user.id: user
        for user in db.session.scalars(select(User).where(User.id.in_(administrators)))
        if user.active
    }
    zones = zones_of(users)
    loaded: dict[int, Content] = {}
    for message in messages:
        if (row := found.get(message.subject_id or 0)) is None:
            continue
        access, patient, by, facility = row
        address, zone = None, facility.zone
        if message.kind == TO_ADMINISTRATORS:
            if (user := users.get(message.recipient_id or 0)) is None:
                continue
            address, zone = user.email, zones[user.id]
        loaded[message.id] = Content(
            address=address,
            zone=zone,
            values={
                "by": by,
                "initials": initials(patient),
                "clinic": facility.name,
                "at": access.started_at,
                "until": access.ends_at,
            },
        )
    return loaded
