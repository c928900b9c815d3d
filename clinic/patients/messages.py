"""What patients are sent about their records: the link to their intake form."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import show_day
from clinic.facilities.models import Facility
from clinic.notifications.models import Channel, Message
from clinic.notifications.placeholders import Placeholder, Values
from clinic.notifications.registry import (
    Content,
    MessageKind,
    Person,
    register,
    register_people,
    register_readers,
)
from clinic.notifications.wording import Why
from clinic.patients.models import IntakeLink, Patient
from clinic.patients.queries.ways import guardians_of

INTAKE = (
    Placeholder(name="name", label=_l("Patient's name")),
    Placeholder(
        name="until", label=_l("Open until"), value=lambda values: show_day(values["until"], values["zone"])
    ),
    Placeholder(
        name="link",
        label=_l("Link: the form"),
        value=lambda values: values["link"]("patients.intake", token=values["secret"]),
        button=_l("Open the form"),
        required=True,
    ),
)
"""What a clinic's own text about the form may name."""


def connect() -> None:
    """Register the kind, and how patients are looked up for the list of messages."""
    register(
        MessageKind(
            name="intake_link",
            label=_l("Intake form"),
            load=_load_links,
            still_wanted=_link_is_live,
            has_secret=True,
            channels=(Channel.SMS, Channel.EMAIL),
            to_choose=True,
            placeholders=INTAKE,
            sample=_sample,
        )
    )
    register_people("patient", _people)
    register_readers("patient", guardians_of)


def _sample() -> Values:
    return {
        "name": _("Meera Nair"),
        "until": datetime(2026, 12, 1, 5, tzinfo=UTC),
        "secret": "Qk3vTz8LwYp2RmX9HcJd5A",
    }


def _load_links(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = [message.subject_id for message in messages]
    rows = db.session.execute(
        select(IntakeLink, Patient, Facility)
        .join(Patient, Patient.id == IntakeLink.patient_id)
        .join(Facility, Facility.id == IntakeLink.facility_id)
        .where(IntakeLink.id.in_(ids))
    ).all()
    links = {link.id: (link, patient, facility) for link, patient, facility in rows}
    loaded: dict[int, Content] = {}
    for message in messages:
        if (found := links.get(message.subject_id or 0)) is None:
            continue
        link, patient, facility = found
        loaded[message.id] = Content(
            address=patient.mobile if message.channel == "sms" else patient.email,
            zone=facility.zone,
            values={"clinic": facility.name, "name": patient.name, "until": link.expires_at},
            facts={
                "dead": link.revoked_at is not None,
                "until": link.expires_at,
                "deceased": patient.deceased,
            },
        )
    return loaded


def _link_is_live(_message: Message, content: Content) -> str | None:
    if content.facts["deceased"]:
        return Why.DECEASED
    if content.facts["dead"]:
        return Why.REPLACED
    return Why.TOO_LATE if content.facts["until"] <= clock.now() else None


def _people(ids: Collection[int]) -> Mapping[int, Person]:
    rows = db.session.execute(
        select(Patient.id, Patient.name, Patient.mobile, Patient.email).where(Patient.id.in_(ids))
    )
    return {row.id: Person(name=row.name, mobile=row.mobile, email=row.email) for row in rows}
