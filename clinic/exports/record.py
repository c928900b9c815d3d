"""Everything about one patient that somebody may take out, as one document of plain values.

``gather`` gives a dictionary with aware datetimes, dates and decimals in it; ``as_json`` writes it: instants
in UTC as ``2026-11-25T10:15:00Z``, days as ``2026-11-25``. ``left_out`` says what is missing and why.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, joinedload

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.encounters.models import Note
from clinic.encounters.note_page import SectionShown, sections_of
from clinic.encounters.printed import signer_of
from clinic.encounters.queries import notes_of_patient
from clinic.encounters.wording import said
from clinic.exports.policy import Notes, Reading
from clinic.exports.queries import assessments, body, given, hearing, papers, prescribed, signed
from clinic.exports.queries import record as parts
from clinic.facilities.queries import get_facility
from clinic.patients.models import Patient
from clinic.patients.policy import sees_clinical
from clinic.patients.service.profile import abha_of, has_photo
from clinic.scheduling.models import Appointment

FORMAT, VERSION = "sutra-patient-record", 1
Record = dict[str, Any]


def gather(actor: Actor, patient: Patient, reading: Reading) -> Record:
    """The record of a patient in the actor's sight, as far as ``reading`` goes."""
    place = get_facility(patient.facility_id)
    own = (actor.user_id or 0) if reading.own_only else None
    record: Record = {
        "format": FORMAT,
        "version": VERSION,
        "taken_at": clock.now(),
        "taken_by": actor.name,
        "facility": _columns(place, "name", "zone", "phone", "email", "line", "city", "state", "postal_code"),
        "patient": _identity(patient),
        "contact": _columns(patient, "mobile", "phone_as_given", "email")
        | {"address": _columns(patient, "line", "city", "state", "postal_code", "country")},
        "register": _columns(patient, "file_number", "first_visit_on")
        | (_columns(patient, "remarks") if reading.inner else {}),
        "emergency_contact": {
            "name": patient.emergency_name,
            "telephone": patient.emergency_phone,
            "relationship": patient.emergency_relationship,
        },
        "further_emergency_contacts": parts.further_contacts(patient.id),
        "health": _columns(patient, "blood_group", "prakriti", "medical_history")
        | {"abha": abha_of(patient)},
        "allergies": _allergies(patient),
        "medicines": given.medicines(patient.id, inner=reading.inner),
        "measures": given.measures(patient.id, inner=reading.inner),
        "insurance": given.insurers(patient.id, inner=reading.inner),
        "consents": given.consents(patient.id),
        "identifiers": parts.identifiers(patient.id),
        "household": parts.guardians(patient.id),
        "permissions": parts.permissions(patient.id),
        "photo": "photo.jpg" if has_photo(patient.id) else None,
        "care_team": parts.care_team(patient.id),
        "visits": parts.visits(patient.id, inner=reading.inner),
        "waitlist": hearing.waits(patient.id, inner=reading.inner),
        "messages": parts.messages(patient.id, inner=reading.inner),
        "inbox": hearing.inbox(patient.id, own=own),
        "texts_received": hearing.texts_received(patient.id, own=own),
        "message_preferences": hearing.preferences(patient),
        "deletion_requests": hearing.deletion_requests(patient.id, own=own),
        "intake": parts.intakes(patient.id, opened_by=own),
    }
    if reading.notes is Notes.SHARED or (reading.notes is Notes.IN_SIGHT and sees_clinical(actor, patient)):
        record["health_profile"] = body.profile(patient.id)
        record["measurements"] = body.measurements(patient.id)
    notes = _notes(actor, patient, reading)
    if reading.notes is not Notes.NONE:
        record["notes"] = notes
        record["prescriptions"] = prescribed.prescriptions(actor, patient.id)
        record["papers"] = papers.papers(actor, patient.id)
    found = _assessments(actor, patient, reading)
    if found is not None:
        record["assessments"] = found
    if reading.lookings:
        record["looked_at"] = parts.lookings(patient.id)
    record["left_out"] = _left_out(patient, reading, notes_given=len(notes))
    return record


def _assessments(actor: Actor, patient: Patient, reading: Reading) -> list[Record] | None:
    """None where the reader gets none at all."""
    if reading.notes is Notes.SHARED:
        return assessments.for_patient(patient.id)
    return assessments.in_sight(actor, patient.id)


def part_names(record: Record) -> list[str]:
    """The parts a record holds, for the audit."""
    apart = {"format", "version", "taken_at", "taken_by", "facility", "left_out"}
    return [name for name in record if name not in apart]


def as_json(record: Record) -> str:
    """The record as JSON, in the letters it was written in."""
    return json.dumps(record, ensure_ascii=False, indent=2, default=_plain) + "\n"


def _plain(value: object) -> str | int | float:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"A record holds no {type(value).__name__}.")


def _columns(row: object, *names: str) -> Record:
    return {name: getattr(row, name) for name in names}


def _identity(patient: Patient) -> Record:
    return _columns(patient, "mrn", "name", "sex", "birth_date", "birth_precision") | {
        "language": patient.locale,
        "registered_at": patient.created_at,
        "deceased": patient.deceased,
        "deceased_on": patient.deceased_on,
    }


def _allergies(patient: Patient) -> Record:
    return {
        "status": patient.allergy_status,
        "asked_at": patient.allergies_asked_at,
        "asked_by": patient.allergies_asked_source or parts.name_of(patient.allergies_asked_by),
        "list": parts.allergies(patient.id),
    }


def _notes(actor: Actor, patient: Patient, reading: Reading) -> list[Record]:
    match reading.notes:
        case Notes.NONE:
            return []
        case Notes.IN_SIGHT:
            found: Sequence[Note] = notes_of_patient(actor, patient.id, limit=parts.EVERYTHING)
        case Notes.SHARED:
            found = _shared(patient.id)
    ids = [note.id for note in found]
    added, measured = parts.addenda(ids), parts.vital_signs(ids)
    named, marked = signed.diagnoses(ids), signed.marks(ids, inner=reading.notes is Notes.IN_SIGHT)
    return [
        {
            "visit": note.appointment.reference,
            "starts": note.appointment.starts,
            "service": note.appointment.service.name,
            "practitioner": signer_of(note)["name"],
            "template": note.template.code,
            "title": said(note.template.name),
            "status": note.status,
            "signed_at": note.signed_at,
            "sections": [_section(shown) for shown in sections_of(note, {}) if not shown.blank],
            "vital_signs": measured.get(note.id, []),
            "addenda": added.get(note.id, []),
            "diagnoses": named.get(note.id, []),
            "entered_in_error": note.retracted,
            "marks": marked.get(note.id, []),
        }
        for note in found
    ]


def _shared(patient_id: int) -> Sequence[Note]:
    """Only what was signed and then shared with the patient, the latest visit first."""
    return db.session.scalars(
        select(Note)
        .join(Note.appointment)
        .where(Note.patient_id == patient_id, Note.status == "signed", Note.shared_at.is_not(None))
        .order_by(func.lower(Appointment.during).desc(), Note.id.desc())
        .options(
            contains_eager(Note.appointment).joinedload(Appointment.service),
            joinedload(Note.practitioner),
            joinedload(Note.template),
        )
    ).all()


def _section(shown: SectionShown) -> Record:
    return {
        "code": shown.section.code,
        "title": shown.title,
        "fields": [
            {"code": item.field.code, "label": item.label, "text": item.said}
            for item in shown.fields
            if item.said
        ],
        "measures": [
            {"code": item.measure.code, "label": item.label, "text": item.value, "unit": item.measure.unit}
            for item in shown.measures
            if item.value
        ],
    }


def _left_out(patient: Patient, reading: Reading, *, notes_given: int) -> list[Record]:
    """What the reader does not get, each part with the reason."""
    missing: list[Record] = []

    def say(part: str, why: str) -> None:
        missing.append({"part": part, "why": why})

    match reading.notes:
        case Notes.NONE:
            say("notes", _("Clinical notes and measurements are for practitioners and therapists alone."))
        case Notes.IN_SIGHT if parts.note_count(patient.id) > notes_given:
            say("notes", _("Notes that you may not read: drafts of others, and visits outside your care."))
        case Notes.SHARED:
            say("notes", _("Of clinical notes only those that were signed and shared with you are here."))
            say(
                "assessments",
                _("Of assessments only those that were confirmed and shared with you are here."),
            )
            say(
                "prescriptions",
                _("Of prescriptions only those that were signed and shared with you are here."),
            )
            say(
                "papers",
                _("Of papers only those that you brought and those that the clinic shows you are here."),
            )
        case _:
            pass
    if not reading.lookings:
        say("looked_at", _("Who looked at the record is for the clinic's manager."))
    if not reading.inner:
        say("remarks", _("What the front desk noted for itself. Ask the clinic for it."))
    if reading.own_only:
        say(
            "intake",
            _("Intake forms that somebody else began. What the clinic took over from them stands above."),
        )
        say("inbox", _("The inbox of others who act for this person, and what they wrote by text message."))
    return missing
