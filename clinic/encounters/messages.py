"""What a patient is told of a note: that there is one to read, never what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.encounters.models import Note
from clinic.notifications import service as notifications
from clinic.notifications.models import Channel, Message
from clinic.notifications.placeholders import Placeholder, Values
from clinic.notifications.registry import ALL_CHANNELS, Content, MessageKind, Opens, register
from clinic.notifications.service import NewMessage
from clinic.notifications.wording import Why
from clinic.patients.queries.ways import ways_to
from clinic.scheduling.models import Appointment

KIND = "note_shared"
SUBJECT = "note"
GRACE = timedelta(seconds=3)
"""An undo sent in the last second still has to arrive before the message goes."""
SHARED = (
    Placeholder(name="patient", label=_l("Patient's name")),
    Placeholder(
        name="link",
        label=_l("Link: the note"),
        value=lambda values: values["link"]("portal.note", note_id=values["note_id"]),
        button=_l("Read it"),
        required=True,
    ),
)
"""What a clinic's own text about it may name."""


def connect() -> None:
    """Register the kind."""
    register(
        MessageKind(
            name=KIND,
            label=_l("Note shared"),
            load=_load,
            still_wanted=_still_wanted,
            channels=ALL_CHANNELS,
            to_choose=True,
            opens=_page,
            placeholders=SHARED,
            sample=_sample,
        )
    )


def note_shared(note: Note, *, at: datetime, send_at: datetime) -> None:
    """Tell the patient, over every way they want, that a note can be read."""
    if note.patient.deceased:
        return
    notifications.queue_messages(
        [
            NewMessage(
                kind=KIND,
                channel=channel,
                recipient_type="patient",
                recipient_id=note.patient_id,
                subject_type=SUBJECT,
                subject_id=note.id,
                patient_id=note.patient_id,
                facility_id=note.facility_id,
                locale=note.patient.locale,
                dedupe_key=f"{KIND}:{note.id}:{int(at.timestamp())}:{channel}",
                send_at=send_at,
            )
            for channel in ways_to(note.patient).wanted(KIND)
        ]
    )


def note_unshared(note: Note) -> None:
    """Take back what nobody has been told yet."""
    notifications.withdraw(subject_type=SUBJECT, subject_id=note.id, kinds=(KIND,), why=Why.UNDONE)


def _sample() -> Values:
    return {"patient": _("Meera Nair"), "note_id": 1}


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    notes = {
        note.id: note
        for note in db.session.scalars(
            select(Note)
            .where(Note.id.in_({message.subject_id for message in messages}))
            .options(joinedload(Note.patient), joinedload(Note.appointment).joinedload(Appointment.facility))
            .execution_options(populate_existing=True)
        )
    }
    return {
        message.id: _content(message, note)
        for message in messages
        if (note := notes.get(message.subject_id or 0)) is not None
    }


def _content(message: Message, note: Note) -> Content:
    facility = note.appointment.facility
    return Content(
        address=note.patient.mobile if message.channel == Channel.SMS else note.patient.email,
        zone=facility.zone,
        values={"clinic": facility.name, "patient": note.patient.name, "note_id": note.id},
        facts={
            "shared": note.shared_at is not None and not note.retracted,
            "deceased": note.patient.deceased,
        },
    )


def _still_wanted(_message: Message, content: Content) -> str | None:
    if content.facts["deceased"]:
        return Why.DECEASED
    return None if content.facts["shared"] else Why.UNDONE


def _page(_message: Message, content: Content) -> Opens:
    return Opens(endpoint="portal.note", values={"note_id": content.values["note_id"]})
