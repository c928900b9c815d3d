"""Everything about one patient: what is in it, and the files."""

from __future__ import annotations

from types import SimpleNamespace

from flask import Response, render_template

from clinic.audit import service as audit
from clinic.core.access import STAFF, Actor, allow
from clinic.core.errors import Forbidden, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, page
from clinic.encounters.vitals_shown import measured_words
from clinic.exports import policy
from clinic.exports.bundle import bundle, file_name
from clinic.exports.queries.given import drawings
from clinic.exports.queries.papers import paper_files
from clinic.exports.record import Record, as_json, gather, part_names
from clinic.exports.views.blueprint import bp, send
from clinic.exports.words import choice_word, event_word, meaning_word
from clinic.notifications.choosing import CHANNEL_NAMES
from clinic.patients.display import prakriti_word
from clinic.patients.forms import RELATIONSHIP, SEVERITY
from clinic.patients.health_kinds import KINDS
from clinic.patients.health_words import words_of
from clinic.patients.intake import Section, title_of
from clinic.patients.intake_forms import FORMS, SectionForm
from clinic.patients.models import Patient
from clinic.patients.policy import only_in_emergency
from clinic.patients.queries import get_patient
from clinic.patients.service.profile import photo_of
from clinic.patients.views.guardians import GIVEN_AS
from clinic.records.wording import KINDS as PAPER_KINDS
from clinic.scheduling import waitlist_words


@bp.get("/patients/<id:patient_id>/record")
@allow(*STAFF)
def record(patient_id: int) -> Response:
    """What the record of a patient holds, and in which shapes it can be had."""
    actor = current_actor()
    patient = _asked_for(actor, patient_id, "page")
    held = gather(actor, patient, policy.reading_of(actor, patient.facility_id))
    audit.read(
        actor,
        "patient.viewed",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"tab": "record"},
    )
    return page("exports/record_page.html", patient=patient, record=held, zone=held["facility"]["zone"])


@bp.get("/patients/<id:patient_id>/record.json")
@allow(*STAFF)
def record_json(patient_id: int) -> Response:
    """The record for another program."""
    actor = current_actor()
    patient = _asked_for(actor, patient_id, "json")
    held = gather(actor, patient, policy.reading_of(actor, patient.facility_id))
    write_down(actor, patient, "json", held)
    return send([as_json(held).encode()], file_name(held, "json"), "application/json")


@bp.get("/patients/<id:patient_id>/record.zip")
@allow(*STAFF)
def record_zip(patient_id: int) -> Response:
    """The record to read and print, and for another program."""
    actor = current_actor()
    return send_bundle(actor, _asked_for(actor, patient_id, "zip"))


def send_bundle(actor: Actor, patient: Patient) -> Response:
    """The bundle of a patient in the actor's sight, once it is written down that they take it."""
    held = gather(actor, patient, policy.reading_of(actor, patient.facility_id))
    photo = photo_of(patient.id)
    pictures = drawings(patient.id) | ({"photo.jpg": photo} if photo is not None else {})
    if "papers" in held:
        pictures |= paper_files(actor, patient.id)
    packed = bundle(held, as_html(held), pictures=pictures)
    write_down(actor, patient, "zip", held)
    return send([packed], file_name(held, "zip"), "application/zip")


def as_html(held: Record) -> str:
    """The record as one page that needs nothing else, in the reader's language."""
    return render_template(
        "exports/record.html",
        record=held,
        zone=held["facility"]["zone"],
        born=SimpleNamespace(**held["patient"]),
        address=SimpleNamespace(**held["contact"]["address"]),
        event_word=event_word,
        choice_word=choice_word,
        channel_names={str(channel): name for channel, name in CHANNEL_NAMES.items()},
        given_as=GIVEN_AS,
        meaning_word=meaning_word,
        paper_kinds=dict(PAPER_KINDS),
        waitlist_words=waitlist_words,
        relationships=dict(RELATIONSHIP),
        severities=dict(SEVERITY),
        prakriti_word=prakriti_word,
        health_kinds=KINDS,
        words_of=words_of,
        measured_words=measured_words,
        section_titles={section.value: title_of(section) for section in Section},
        answer_labels={
            section.value: {field.name: field.label.text for field in _form_of(section)}
            for section in Section
        },
    )


def _form_of(section: Section) -> SectionForm:
    return FORMS[section](formdata=None, meta={"csrf": False})


def write_down(actor: Actor, patient: Patient, kind: str, held: Record) -> None:
    """Note who takes the record, before it goes out."""
    audit.read(
        actor,
        "patient.taken_out",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"format": kind, "parts": part_names(held)},
    )


def refuse(actor: Actor, patient_id: int, kind: str) -> None:
    """Note that somebody asked for a record that is not for them, whether or not there is such a patient."""
    audit.read(
        actor,
        "patient.taken_out",
        subject_type="patient",
        subject_id=patient_id,
        patient_id=patient_id,
        outcome="refused",
        detail={"format": kind},
    )


def _asked_for(actor: Actor, patient_id: int, kind: str) -> Patient:
    """The patient, if in sight. Raises NotFound, and notes the refusal."""
    try:
        patient = get_patient(actor, patient_id)
    except NotFound:
        refuse(actor, patient_id, kind)
        raise
    if only_in_emergency(actor, patient_id):
        refuse(actor, patient_id, kind)
        raise Forbidden(_("A record that was opened in an emergency is read here, and not taken out."))
    return patient
