"""What is kept of one patient, part by part, as plain values. Whoever calls has asked whether the patient may
be seen; secrets (tokens, codes, hashes) are never selected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from clinic.accounts.models import User
from clinic.audit.models import AuditEvent
from clinic.core.db import db
from clinic.encounters.models import Addendum, Note, VitalSigns
from clinic.encounters.vitals import COLUMNS
from clinic.facilities.models import Facility
from clinic.notifications.models import Message
from clinic.notifications.queries import label_of
from clinic.notifications.wording import in_words
from clinic.patients.intake import opened
from clinic.patients.models import (
    Allergy,
    CareRelationship,
    EmergencyContact,
    GuardianConsent,
    Guardianship,
    IntakeLink,
    IntakeSection,
    PatientIdentifier,
)
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment, AppointmentEvent, Service

Values = dict[str, Any]
EVERYTHING = 1_000_000
"""A limit for lists that ask for one: a whole record leaves nothing out for its length."""


def name_of(user_id: int | None) -> str | None:
    """Somebody's name."""
    return db.session.scalar(select(User.name).where(User.id == user_id)) if user_id else None


def identifiers(patient_id: int) -> list[Values]:
    """What other systems call the patient."""
    rows = db.session.execute(
        select(PatientIdentifier.system, PatientIdentifier.value)
        .where(PatientIdentifier.patient_id == patient_id)
        .order_by(PatientIdentifier.id)
    )
    return [dict(row._mapping) for row in rows]


def allergies(patient_id: int) -> list[Values]:
    """Every allergy but those entered in error, by id."""
    author = aliased(User)
    rows = db.session.execute(
        select(
            Allergy.substance,
            Allergy.category,
            Allergy.criticality,
            Allergy.reaction,
            Allergy.severity,
            Allergy.status,
            Allergy.recorded_at,
            author.name.label("recorded_by"),
            Allergy.source_system,
        )
        .outerjoin(author, author.id == Allergy.recorded_by)
        .where(Allergy.patient_id == patient_id, Allergy.status != "entered_in_error")
        .order_by(Allergy.id)
    )
    return [dict(row._mapping) for row in rows]


def guardians(patient_id: int) -> list[Values]:
    """The sign-ins that may act for the patient, or could once: their names."""
    rows = db.session.execute(
        select(
            User.name,
            Guardianship.relationship_kind.label("relationship"),
            Guardianship.created_at.label("since"),
            Guardianship.ended_at.label("until"),
        )
        .join(User, User.id == Guardianship.user_id)
        .where(Guardianship.patient_id == patient_id)
        .order_by(Guardianship.id)
    )
    return [dict(row._mapping) for row in rows]


def permissions(patient_id: int) -> list[Values]:
    """Who allowed which sign-in to act for the patient, or ended that, in order."""
    giver = aliased(User)
    rows = db.session.execute(
        select(
            GuardianConsent.created_at.label("at"),
            User.name.label("sign_in"),
            GuardianConsent.allowed,
            GuardianConsent.given_as,
            giver.name.label("by"),
        )
        .join(User, User.id == GuardianConsent.user_id)
        .outerjoin(giver, giver.id == GuardianConsent.given_by)
        .where(GuardianConsent.patient_id == patient_id)
        .order_by(GuardianConsent.id)
    )
    return [dict(row._mapping) for row in rows]


def further_contacts(patient_id: int) -> list[Values]:
    """Whom else to call in an emergency, after the first."""
    rows = db.session.execute(
        select(
            EmergencyContact.name,
            EmergencyContact.phone.label("telephone"),
            EmergencyContact.relationship,
        )
        .where(EmergencyContact.patient_id == patient_id)
        .order_by(EmergencyContact.position)
    )
    return [dict(row._mapping) for row in rows]


def care_team(patient_id: int) -> list[Values]:
    """Who cares for the patient, or did."""
    rows = db.session.execute(
        select(
            Practitioner.name,
            Practitioner.specialization,
            CareRelationship.source,
            CareRelationship.created_at.label("since"),
            CareRelationship.ended_at.label("until"),
        )
        .join(Practitioner, Practitioner.id == CareRelationship.practitioner_id)
        .where(CareRelationship.patient_id == patient_id)
        .order_by(CareRelationship.id)
    )
    return [dict(row._mapping) for row in rows]


def visits(patient_id: int, *, inner: bool) -> list[Values]:
    """All visits, the latest first, each with its history. ``inner`` adds what the staff noted: who did
    something, and why a rule was overridden. Two statements.
    """
    starts = func.lower(Appointment.during)
    rows = db.session.execute(
        select(
            Appointment.id,
            Appointment.reference,
            starts.label("starts"),
            func.upper(Appointment.during).label("ends"),
            Appointment.status,
            Appointment.mode,
            Service.name.label("service"),
            Practitioner.name.label("practitioner"),
            Facility.name.label("facility"),
            Facility.zone.label("zone"),
            Appointment.purpose.label("reason"),
            Appointment.ended_code,
            Appointment.ended_why,
            Appointment.ended_by_kind,
            Appointment.follow_up,
            Appointment.follow_up_on,
            Appointment.created_via,
            Appointment.override_reason,
            Appointment.created_at.label("booked_at"),
        )
        .join(Appointment.service)
        .join(Appointment.practitioner)
        .join(Appointment.facility)
        .where(Appointment.patient_id == patient_id)
        .order_by(starts.desc(), Appointment.id.desc())
    ).all()
    history = _events([row.id for row in rows], inner=inner)
    hidden = {"id"} if inner else {"id", "override_reason"}
    return [
        {name: value for name, value in row._mapping.items() if name not in hidden}
        | {"history": history.get(row.id, [])}
        for row in rows
    ]


def _events(appointment_ids: Sequence[int], *, inner: bool) -> dict[int, list[Values]]:
    found: dict[int, list[Values]] = defaultdict(list)
    for event in db.session.execute(
        select(*AppointmentEvent.__table__.columns)
        .where(AppointmentEvent.appointment_id.in_(appointment_ids))
        .order_by(AppointmentEvent.appointment_id, AppointmentEvent.id)
    ):
        values: Values = {
            "at": event.at,
            "kind": event.kind,
            "from_status": event.from_status,
            "to_status": event.to_status,
            "from_starts": event.from_during.lower if event.from_during is not None else None,
            "to_starts": event.to_during.lower if event.to_during is not None else None,
        }
        if inner:
            values |= {"who": event.actor_name, "reason": event.reason}
        found[event.appointment_id].append(values)
    return found


def messages(patient_id: int, *, inner: bool) -> list[Values]:
    """What the patient was told and what became of it, the latest first; never the words, a code or a link.
    ``inner`` adds why it ended so, in words for staff.
    """
    rows = db.session.execute(
        select(
            Message.kind, Message.channel, Message.send_at, Message.finished_at, Message.status, Message.why
        )
        .where(Message.patient_id == patient_id)
        .order_by(Message.send_at.desc(), Message.id.desc())
    )
    return [
        {
            "kind": row.kind,
            "label": label_of(row.kind),
            "channel": row.channel,
            "at": row.finished_at or row.send_at,
            "status": row.status,
        }
        | ({"why": in_words(row.why) or None} if inner else {})
        for row in rows
    ]


def intakes(patient_id: int, *, opened_by: int | None = None) -> list[Values]:
    """The intake forms, the latest first, with what was entered; only those a sign-in opened for itself if
    ``opened_by`` is given. Two statements.
    """
    statement = select(
        IntakeLink.id,
        IntakeLink.created_at.label("sent_at"),
        IntakeLink.expires_at,
        IntakeLink.submitted_at,
        IntakeLink.reviewed_at,
        IntakeLink.revoked_at,
    ).where(IntakeLink.patient_id == patient_id)
    if opened_by is not None:
        statement = statement.where(IntakeLink.created_by == opened_by)
    links = db.session.execute(statement.order_by(IntakeLink.id.desc())).all()
    sections: dict[int, list[Values]] = defaultdict(list)
    for row in db.session.execute(
        select(
            IntakeSection.link_id,
            IntakeSection.section,
            IntakeSection.saved_at,
            IntakeSection.complete,
            IntakeSection.answers,
        )
        .where(IntakeSection.link_id.in_([link.id for link in links]))
        .order_by(IntakeSection.link_id, IntakeSection.saved_at, IntakeSection.section)
    ):
        values = dict(row._mapping) | {"answers": opened(row.answers)}
        sections[values.pop("link_id")].append(values)
    return [
        {name: value for name, value in link._mapping.items() if name != "id"}
        | {"sections": sections.get(link.id, [])}
        for link in links
    ]


def lookings(patient_id: int) -> list[Values]:
    """Who read or changed something of the patient's, the latest first."""
    rows = db.session.execute(
        select(AuditEvent.at, AuditEvent.actor_name.label("who"), AuditEvent.action, AuditEvent.outcome)
        .where(AuditEvent.patient_id == patient_id)
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    )
    return [dict(row._mapping) for row in rows]


def note_count(patient_id: int) -> int:
    """How many notes there are on the patient, whoever may read them."""
    return db.session.scalar(select(func.count()).select_from(Note).where(Note.patient_id == patient_id)) or 0


def addenda(note_ids: Sequence[int]) -> dict[int, list[Values]]:
    """What was added to notes after signing, by note. One statement."""
    found: dict[int, list[Values]] = defaultdict(list)
    for row in db.session.execute(
        select(Addendum.note_id, Addendum.created_at.label("at"), Addendum.author_name, Addendum.text)
        .where(Addendum.note_id.in_(note_ids))
        .order_by(Addendum.note_id, Addendum.id)
    ):
        found[row.note_id].append({"at": row.at, "author": row.author_name, "text": row.text})
    return found


def vital_signs(note_ids: Sequence[int]) -> dict[int, list[Values]]:
    """The measurements of notes, by note; units stand in the names. One statement."""
    found: dict[int, list[Values]] = defaultdict(list)
    numbers = [getattr(VitalSigns, column) for column in COLUMNS]
    for row in db.session.execute(
        select(VitalSigns.note_id, VitalSigns.moment, VitalSigns.measured_at, *numbers)
        .where(VitalSigns.note_id.in_(note_ids))
        .order_by(VitalSigns.note_id, VitalSigns.id)
    ):
        values = {name: value for name, value in row._mapping.items() if name != "note_id"}
        found[row.note_id].append({name: value for name, value in values.items() if value is not None})
    return found
