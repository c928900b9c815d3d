"""Finding notes, and what somebody needs to see beside one. Every loader names who asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.encounters import policy
from clinic.encounters.models import Addendum, Note, NoteConflict, NoteTemplate, VitalSigns
from clinic.patients.models import Allergy
from clinic.scheduling.models import Appointment

EARLIER_NOTES = 5
TREND_POINTS = 8


def get_note(actor: Actor, note_id: int, *, fresh: bool = False) -> Note:
    """One note with its visit, patient, author and template. Raises NotFound for who may not know of it.

    ``fresh`` reads it again from the database even if this session has seen it.
    """
    statement = (
        select(Note)
        .where(Note.id == note_id, policy.notes_in_sight(actor))
        .options(
            joinedload(Note.appointment).joinedload(Appointment.service),
            joinedload(Note.appointment).joinedload(Appointment.facility),
            joinedload(Note.patient),
            joinedload(Note.practitioner),
            joinedload(Note.template),
        )
    )
    if fresh:
        statement = statement.execution_options(populate_existing=True)
    note = db.session.scalars(statement).one_or_none()
    if note is None:
        raise NotFound(_("There is no such note."))
    return note


def get_visit(actor: Actor, reference: str) -> Appointment:
    """One visit that somebody may write about. Raises NotFound."""
    if not reference.replace("-", "").isalnum() or len(reference) > 10:
        raise NotFound(_("There is no such visit."))
    visit = db.session.scalars(
        select(Appointment)
        .where(Appointment.reference == reference, policy.visits_in_sight(actor))
        .options(joinedload(Appointment.service), joinedload(Appointment.facility))
    ).one_or_none()
    if visit is None:
        raise NotFound(_("There is no such visit."))
    return visit


def note_of_visit(appointment_id: int, practitioner_id: int) -> Note | None:
    """The note a practitioner has begun about a visit."""
    return db.session.scalars(
        select(Note).where(Note.appointment_id == appointment_id, Note.practitioner_id == practitioner_id)
    ).one_or_none()


def notes_of_patient(actor: Actor, patient_id: int, limit: int = 50) -> list[Note]:
    """A patient's notes that somebody may read, the latest visit first, with author, template and visit."""
    return list(
        db.session.scalars(
            select(Note)
            .join(Note.appointment)
            .where(Note.patient_id == patient_id, policy.notes_in_sight(actor))
            .order_by(func.lower(Appointment.during).desc(), Note.id.desc())
            .limit(limit)
            .options(
                contains_eager(Note.appointment).joinedload(Appointment.service),
                joinedload(Note.practitioner),
                joinedload(Note.template),
            )
        )
    )


def earlier_notes(actor: Actor, note: Note) -> list[Note]:
    """The notes of earlier visits that somebody may read while writing this one, the latest first."""
    return list(
        db.session.scalars(
            select(Note)
            .join(Note.appointment)
            .where(
                Note.patient_id == note.patient_id,
                Note.id != note.id,
                Note.status == "signed",
                ~Note.retracted,
                func.lower(Appointment.during) <= note.appointment.starts,
                policy.notes_in_sight(actor),
            )
            .order_by(func.lower(Appointment.during).desc(), Note.id.desc())
            .limit(EARLIER_NOTES)
            .options(
                contains_eager(Note.appointment).joinedload(Appointment.service),
                joinedload(Note.practitioner),
                joinedload(Note.template),
            )
        )
    )


def vital_trend(actor: Actor, note: Note) -> list[VitalSigns]:
    """The patient's latest measurements up to this note, oldest first: those of notes at their visits, and
    those outside notes up to the end of this visit's day.
    """
    zone = note.appointment.facility.zone
    day = note.appointment.starts.astimezone(clock.zone(zone)).date()
    visit = func.lower(Appointment.during)
    rows = db.session.scalars(
        select(VitalSigns)
        .outerjoin(Note, Note.id == VitalSigns.note_id)
        .outerjoin(Appointment, Appointment.id == Note.appointment_id)
        .where(
            VitalSigns.patient_id == note.patient_id,
            VitalSigns.error_at.is_(None),
            or_(
                visit <= note.appointment.starts,
                and_(VitalSigns.note_id.is_(None), VitalSigns.measured_at < clock.day_bounds(day, zone)[1]),
            ),
            policy.vitals_in_sight(actor),
        )
        .order_by(func.coalesce(visit, VitalSigns.measured_at).desc(), VitalSigns.id.desc())
        .limit(TREND_POINTS)
    )
    return list(rows)[::-1]


def vitals_of(note_id: int) -> dict[str, VitalSigns]:
    """A note's measurements by moment."""
    rows = db.session.scalars(select(VitalSigns).where(VitalSigns.note_id == note_id))
    return {row.moment: row for row in rows if row.moment is not None}


def active_allergies(patient_id: int) -> list[Allergy]:
    """What the patient reacts to, the gravest first."""
    gravity = func.array_position(["high", "unable_to_assess", "low"], Allergy.criticality)
    return list(
        db.session.scalars(
            select(Allergy)
            .where(Allergy.patient_id == patient_id, Allergy.status == "active")
            .order_by(gravity.asc().nulls_last(), Allergy.id)
        )
    )


def next_visit(patient_id: int, after: datetime) -> Appointment | None:
    """The patient's next visit that stands, after a moment."""
    return db.session.scalars(
        select(Appointment)
        .where(
            Appointment.patient_id == patient_id,
            func.lower(Appointment.during) > after,
            Appointment.status.in_(("pending", "confirmed")),
        )
        .order_by(func.lower(Appointment.during), Appointment.id)
        .limit(1)
        .options(joinedload(Appointment.service), joinedload(Appointment.practitioner))
    ).first()


def addenda_of(note_id: int) -> list[Addendum]:
    """What was added to a note after signing, in order."""
    return list(db.session.scalars(select(Addendum).where(Addendum.note_id == note_id).order_by(Addendum.id)))


def open_conflicts(note_id: int) -> list[NoteConflict]:
    """Texts that were typed over an older version and nobody has chosen about yet, in the order they came."""
    return list(
        db.session.scalars(
            select(NoteConflict)
            .where(NoteConflict.note_id == note_id, NoteConflict.settled_at.is_(None))
            .order_by(NoteConflict.id)
        )
    )


def active_templates(facility_id: int) -> Sequence[NoteTemplate]:
    """The newest active version of each template a clinic may use, the shipped ones and its own, by name."""
    here = or_(NoteTemplate.facility_id.is_(None), NoteTemplate.facility_id == facility_id)
    newest = (
        select(NoteTemplate.code, func.max(NoteTemplate.version).label("version"))
        .where(NoteTemplate.active, here)
        .group_by(NoteTemplate.code)
        .subquery()
    )
    return db.session.scalars(
        select(NoteTemplate)
        .join(newest, (newest.c.code == NoteTemplate.code) & (newest.c.version == NoteTemplate.version))
        .order_by(NoteTemplate.name)
    ).all()


def retired_codes() -> set[str]:
    """The codes of templates of which every published version is out of use."""
    statement = (
        select(NoteTemplate.code)
        .where(NoteTemplate.published_at.is_not(None))
        .group_by(NoteTemplate.code)
        .having(~func.bool_or(NoteTemplate.active))
    )
    return set(db.session.scalars(statement))


def was_logged_lately(
    actor: Actor, action: str, note_id: int, within: timedelta = timedelta(hours=1)
) -> bool:
    """Whether this person's session has an audit row of this kind for the note within the time."""
    found = exists().where(
        AuditEvent.actor_id == actor.user_id,
        AuditEvent.at > clock.now() - within,
        AuditEvent.action == action,
        AuditEvent.subject_id == note_id,
        AuditEvent.session_id.is_not_distinct_from(actor.session_id),
    )
    return bool(db.session.scalar(select(found)))
