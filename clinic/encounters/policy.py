"""Who may see which notes, and write in which visits."""

from __future__ import annotations

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, false, or_, select

from clinic.core.access import CLINICAL, EMERGENCY, Actor, Role
from clinic.encounters.models import Note, VitalSigns
from clinic.patients.policy import clinical_reach, in_care, in_emergency
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment


def can_read_notes(actor: Actor) -> bool:
    """Whether somebody reads clinical notes at all."""
    return actor.user_id is not None and actor.has(*CLINICAL)


def is_author(actor: Actor, note: Note) -> bool:
    """Whether the note is the person's own."""
    return can_read_notes(actor) and note.practitioner.user_id == actor.user_id


def can_edit(actor: Actor, note: Note) -> bool:
    """Whether the person may write in the note: their own, until it is signed."""
    return is_author(actor, note) and note.status == "draft"


def can_add_to(actor: Actor, note: Note) -> bool:
    """Whether the person may add to a signed note that they see: its author, or a practitioner who cares
    for the patient.
    """
    return note.status == "signed" and (is_author(actor, note) or actor.has(Role.PRACTITIONER))


def can_retract(actor: Actor, note: Note) -> bool:
    """Whether the person may mark a signed note as entered in error: its author, or a practitioner who sees
    it and also runs the facility.
    """
    runs = actor.has(Role.PRACTITIONER, at=note.facility_id) and actor.has(
        Role.FACILITY_ADMIN, at=note.facility_id
    )
    return note.status == "signed" and (is_author(actor, note) or runs)


def can_share(actor: Actor, note: Note) -> bool:
    """Whether the person decides if the patient reads the note: its author."""
    return note.status == "signed" and is_author(actor, note)


def notes_in_sight(actor: Actor) -> ColumnElement[bool]:
    """The notes somebody may read: their own; and signed ones of patients in their care, or of their whole
    facility where it says so. A therapist reads what was signed about their own sessions. Drafts are for
    their author alone. In an emergency signed notes of the one patient can be read.
    """
    in_need = and_(Note.status == "signed", in_emergency(actor, Note.patient_id))
    if not can_read_notes(actor):
        return in_need
    return or_(
        Note.practitioner_id.in_(_own_practitioner(actor)),
        and_(Note.status == "signed", _signed_reach(actor)),
        in_need,
    )


def visits_in_sight(actor: Actor) -> ColumnElement[bool]:
    """The visits somebody may write a note about: their own, and for a practitioner those of patients in
    their care, or opened in an emergency.
    """
    if not can_read_notes(actor):
        return false()
    own = Appointment.practitioner_id.in_(_own_practitioner(actor))
    if not actor.has(Role.PRACTITIONER):
        return own
    return or_(own, clinical_reach(actor, Appointment.patient_id, Appointment.facility_id))


def vitals_in_sight(actor: Actor) -> ColumnElement[bool]:
    """The measurements somebody may read: those of patients a practitioner may read about, and for a
    therapist of the patients in their care. What stands in a draft is for its author alone; what stands in
    a note entered in error is read there and counts nowhere else.
    """
    if not (can_read_notes(actor) or actor.has(*EMERGENCY)):
        return false()
    reach = clinical_reach(actor, VitalSigns.patient_id, VitalSigns.facility_id)
    if actor.has(Role.THERAPIST):
        reach = or_(reach, in_care(actor, VitalSigns.patient_id))
    its_note = select(1).select_from(Note).where(Note.id == VitalSigns.note_id).correlate(VitalSigns)
    seen = or_(
        and_(reach, or_(VitalSigns.note_id.is_(None), exists(its_note.where(Note.status == "signed")))),
        exists(its_note.where(Note.practitioner_id.in_(_own_practitioner(actor)))),
    )
    return and_(seen, ~exists(its_note.where(Note.retracted)))


def _signed_reach(actor: Actor) -> ColumnElement[bool]:
    if actor.has(Role.PRACTITIONER):
        return clinical_reach(actor, Note.patient_id, Note.facility_id)
    own_session = and_(
        Appointment.id == Note.appointment_id, Appointment.practitioner_id.in_(_own_practitioner(actor))
    )
    return exists(select(1).select_from(Appointment).where(own_session).correlate(Note))


def _own_practitioner(actor: Actor) -> ScalarSelect[int]:
    return select(Practitioner.id).where(Practitioner.user_id == actor.user_id).scalar_subquery()
