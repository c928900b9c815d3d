"""What a patient is told of a prescription: that one is ready, never what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.notifications import service as notifications
from clinic.notifications.models import Channel, Message
from clinic.notifications.placeholders import Placeholder, Values
from clinic.notifications.registry import ALL_CHANNELS, Content, MessageKind, Opens, register
from clinic.notifications.service import NewMessage
from clinic.notifications.wording import Why
from clinic.patients.queries.ways import ways_to
from clinic.prescriptions.models import Prescription

KIND = "prescription_ready"
SUBJECT = "prescription"
READY = (
    Placeholder(name="patient", label=_l("Patient's name")),
    Placeholder(
        name="link",
        label=_l("Link: the prescription"),
        value=lambda values: values["link"]("portal.prescription", prescription_id=values["prescription_id"]),
        button=_l("See the prescription"),
        required=True,
    ),
)
"""What a clinic's own text about it may name."""


def connect() -> None:
    """Register the kind."""
    register(
        MessageKind(
            name=KIND,
            label=_l("Prescription ready"),
            load=_load,
            still_wanted=_still_wanted,
            channels=ALL_CHANNELS,
            to_choose=True,
            opens=_page,
            placeholders=READY,
            sample=_sample,
        )
    )


def prescription_ready(prescription: Prescription) -> None:
    """Tell the patient, over every way they want, that a prescription can be seen."""
    if prescription.patient.deceased or prescription.shared_at is None:
        return
    at = int(prescription.shared_at.timestamp())
    notifications.queue_messages(
        [
            NewMessage(
                kind=KIND,
                channel=channel,
                recipient_type="patient",
                recipient_id=prescription.patient_id,
                subject_type=SUBJECT,
                subject_id=prescription.id,
                patient_id=prescription.patient_id,
                facility_id=prescription.facility_id,
                locale=prescription.patient.locale,
                dedupe_key=f"{KIND}:{prescription.id}:{at}:{channel}",
            )
            for channel in ways_to(prescription.patient).with_one_sure(KIND)
        ]
    )


def prescription_withdrawn(prescription: Prescription) -> None:
    """Take back what nobody has been told yet."""
    notifications.withdraw(subject_type=SUBJECT, subject_id=prescription.id, kinds=(KIND,), why=Why.CHANGED)


def _sample() -> Values:
    return {"patient": _("Meera Nair"), "prescription_id": 1}


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    found = {
        row.id: row
        for row in db.session.scalars(
            select(Prescription)
            .where(Prescription.id.in_({message.subject_id for message in messages}))
            .options(joinedload(Prescription.patient), joinedload(Prescription.facility))
            .execution_options(populate_existing=True)
        )
    }
    return {
        message.id: _content(message, row)
        for message in messages
        if (row := found.get(message.subject_id or 0)) is not None
    }


def _content(message: Message, row: Prescription) -> Content:
    return Content(
        address=row.patient.mobile if message.channel == Channel.SMS else row.patient.email,
        zone=row.facility.zone,
        values={"clinic": row.facility.name, "patient": row.patient.name, "prescription_id": row.id},
        facts={
            "shown": row.shared_at is not None and row.status == "signed",
            "deceased": row.patient.deceased,
        },
    )


def _still_wanted(_message: Message, content: Content) -> str | None:
    if content.facts["deceased"]:
        return Why.DECEASED
    return None if content.facts["shown"] else Why.CHANGED


def _page(_message: Message, content: Content) -> Opens:
    return Opens(
        endpoint="portal.prescription", values={"prescription_id": content.values["prescription_id"]}
    )
