"""The intake link: sent, filled in on the patient's own phone, looked at by a person, taken over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.crypto import new_token, token_hash
from clinic.core.db import db
from clinic.core.errors import Conflict, DomainError, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.names import search_forms
from clinic.core.text import clean
from clinic.facilities.queries import facility_of, get_facility
from clinic.notifications.service import queue_message
from clinic.patients.births import parse_birth
from clinic.patients.details import COLUMNS, PatientDetails, check, values_of
from clinic.patients.intake import (
    FIELDS,
    Answers,
    Section,
    entered,
    entered_allergies,
    entered_medicines,
    opened,
    sealed,
)
from clinic.patients.intake_checks import entered_insurance, entered_measures
from clinic.patients.models import IntakeLink, IntakeSection, Patient
from clinic.patients.queries import get_patient_for_change, sections_of
from clinic.patients.service.allergies import record_allergies
from clinic.patients.service.guardians import forget_email
from clinic.patients.service.said import PATIENT, add_medicine, set_insurance, set_measures
from clinic.patients.service.telling import queue_onboarded
from clinic.patients.service.updating import record_change

OPEN_FOR = timedelta(days=7)
LONGEST_ANSWER = 25_000
"""Characters kept of one answer: more than any field takes, so that a refused one comes back whole."""


def send_intake_link(actor: Actor, patient_id: int) -> IntakeLink:
    """Make a link for seven days and send it to the patient's mobile; older ones that were not used up end.

    Only the token's hash is kept; the token itself goes into the message, sealed. Raises Invalid where no
    message could reach the patient, NotFound for who may not know of them.
    """
    patient = get_patient_for_change(actor, patient_id)
    if patient.deceased:
        raise Invalid(_("%(name)s has died; there is nobody to write to.", name=patient.name))
    if patient.mobile is None:
        raise Invalid(_("There is no mobile to send the link to. Add one first."))
    _revoke_open(patient.id)
    token = new_token()
    link = IntakeLink(
        patient_id=patient.id,
        facility_id=facility_of(actor).id,
        token_hash=token_hash(token),
        expires_at=clock.now() + OPEN_FOR,
        created_by=actor.user_id,
    )
    db.session.add(link)
    db.session.flush()
    queue_message(
        kind="intake_link",
        channel="sms",
        recipient_type="patient",
        recipient_id=patient.id,
        subject_type="intake_link",
        subject_id=link.id,
        patient_id=patient.id,
        facility_id=link.facility_id,
        locale=patient.locale,
        dedupe_key=f"intake_link:{link.id}",
        expires_at=link.expires_at,
        secret=token,
    )
    _record(actor, "intake.sent", link)
    return link


def revoke_intake_link(actor: Actor, patient_id: int) -> bool:
    """End every link of a patient that is still open and not sent in; False when there was none."""
    patient = get_patient_for_change(actor, patient_id)
    ended = _revoke_open(patient.id)
    if ended:
        audit.record(
            actor,
            "intake.revoked",
            subject_type="patient",
            subject_id=patient.id,
            patient_id=patient.id,
            facility_id=patient.facility_id,
        )
    return ended


def save_section(
    actor: Actor,
    link: IntakeLink,
    section: Section,
    answers: Mapping[str, str],
    *,
    complete: bool | None = None,
    expected_version: int | None = None,
) -> IntakeSection:
    """Keep a section as it was typed; ``complete`` None leaves that as it is.

    ``expected_version`` is what the page was opened with (0: nothing kept yet); Conflict when another screen
    saved since.
    """
    _lock_open(link)
    kept = {field: clean(answers.get(field, ""))[:LONGEST_ANSWER] for field in FIELDS[section]}
    row = db.session.get(IntakeSection, (link.id, section.value), populate_existing=True)
    same = row is not None and opened(row.answers or {}) == kept
    if row is not None and expected_version is not None and row.version != expected_version:
        if not same:
            raise Conflict(_("This part was changed on another screen meanwhile."))
        return row
    if row is None:
        row = IntakeSection(link_id=link.id, section=section.value, version=0, complete=False)
        db.session.add(row)
    if not same or complete is not None:
        row.answers = sealed(kept)
        row.version += 1
        row.saved_at = clock.now()
    first = row.version == 1
    if complete is not None:
        row.complete = complete
    db.session.flush()
    if first or complete is not None:
        _record(actor, "intake.saved", link)
    return row


def submit_intake(actor: Actor, link: IntakeLink) -> None:
    """Hand the intake to the clinic. It can still be changed through the link until somebody has looked at
    it. The first time, patient and clinic are told.
    """
    _lock_open(link)
    first = link.submitted_at is None
    link.submitted_at = clock.now()
    db.session.flush()
    _record(actor, "intake.submitted", link)
    if first:
        queue_onboarded(link)


def review_intake(
    actor: Actor,
    patient_id: int,
    link_id: int,
    *,
    take: Collection[str],
    allergies: Collection[int],
    none_known: bool,
    medicines: Collection[int] = (),
    measures: bool = False,
    insurance: bool = False,
) -> Patient:
    """Take over what somebody chose from an intake, all in one change, and close the link.

    ``take`` names the fields, ``allergies`` and ``medicines`` the lines (from 0) to be added; ``none_known``
    takes over that none is known, ``measures`` and ``insurance`` what was said of the body and the insurer.
    Raises Conflict when the intake was looked at meanwhile, Invalid for the first chosen
    answer that cannot be kept.
    """
    patient = get_patient_for_change(actor, patient_id)
    link = db.session.scalars(
        select(IntakeLink)
        .where(IntakeLink.id == link_id, IntakeLink.patient_id == patient.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if link is None or link.submitted_at is None or link.reviewed_at is not None:
        raise Conflict(_("Somebody has looked at this intake already."))
    answers = {name: row.answers for name, row in sections_of(link.id).items()}
    chosen = {field: text for field, text in entered(answers).items() if field in take}
    details = proposed(patient, chosen)
    checked, faults = check(
        details, today=clock.today(get_facility(patient.facility_id).zone), mobile_needed=False
    )
    for fault in faults:
        if fault.field in chosen:
            raise fault
    different = {
        name: value
        for name, value in values_of(checked).items()
        if _column_chosen(name, chosen) and getattr(patient, name) != value
    }
    old_email = patient.email
    for name, value in different.items():
        setattr(patient, name, value)
    if "email" in different:
        forget_email(patient, old_email)
    if "name" in different:
        for column, value in search_forms(patient.name).items():
            setattr(patient, column, value)
    lines = entered_allergies(answers)
    entries = tuple(line for number, line in enumerate(lines) if number in allergies)
    changed = sorted(different)
    if record_allergies(actor, patient, entries=entries, none_known=True if none_known else None):
        changed.append("allergies")
    _take_said(actor, patient, answers, medicines=medicines, measures=measures, insurance=insurance)
    link.reviewed_at, link.reviewed_by = clock.now(), actor.user_id
    db.session.flush()
    if changed:
        record_change(actor, patient, changed)
    _record(actor, "intake.reviewed", link)
    return patient


def _take_said(
    actor: Actor,
    patient: Patient,
    answers: Answers,
    *,
    medicines: Collection[int],
    measures: bool,
    insurance: bool,
) -> None:
    for number, entry in enumerate(entered_medicines(answers)):
        if number in medicines:
            add_medicine(actor, patient.id, entry, source=PATIENT)
    if measures:
        height, weight = entered_measures(answers)
        set_measures(actor, patient.id, height_cm=height, weight_kg=weight, source=PATIENT)
    if insurance and (entry_of := entered_insurance(answers)) is not None:
        set_insurance(actor, patient.id, entry_of, source=PATIENT)


def proposed(patient: Patient, chosen: Mapping[str, str]) -> PatientDetails:
    """The patient's details with the chosen answers in their place. Raises Invalid for a birth date that
    is none.
    """
    values = {name: getattr(patient, name) for name in COLUMNS}
    values["birth_precision"] = values["birth_precision"] or "day"
    details = PatientDetails(**values)
    plain: dict[str, Any] = {field: text for field, text in chosen.items() if field != "birth_date"}
    if "birth_date" in chosen:
        born, precision = parse_birth(chosen["birth_date"])
        details = replace(details, birth_date=born, birth_precision=precision)
    return replace(details, **plain)


def faults_of(answers: Mapping[str, str], patient: Patient, *, zone: str) -> list[DomainError]:
    """What is wrong with the answers of a section, a sentence per field."""
    chosen = {field: text for field, text in answers.items() if text and field in COLUMNS}
    try:
        details = proposed(patient, chosen)
    except DomainError as fault:
        return [fault]
    _checked, faults = check(details, today=clock.today(zone), mobile_needed=False)
    return [fault for fault in faults if fault.field in chosen]


def _column_chosen(name: str, chosen: Mapping[str, str]) -> bool:
    return name in chosen or (name == "birth_precision" and "birth_date" in chosen)


def _lock_open(link: IntakeLink) -> None:
    """Wait for others who write through the same link, and refuse when it was closed meanwhile."""
    db.session.refresh(link, with_for_update={"of": IntakeLink})
    if link.revoked_at is not None or link.reviewed_at is not None or link.expires_at <= clock.now():
        raise Conflict(_("This link is no longer open."))


def _revoke_open(patient_id: int) -> bool:
    ended = db.session.execute(
        update(IntakeLink)
        .where(
            IntakeLink.patient_id == patient_id,
            IntakeLink.revoked_at.is_(None),
            IntakeLink.submitted_at.is_(None),
            IntakeLink.expires_at > clock.now(),
        )
        .values(revoked_at=clock.now())
        .returning(IntakeLink.id)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(ended)


def _record(actor: Actor, action: str, link: IntakeLink) -> None:
    audit.record(
        actor,
        action,
        subject_type="intake_link",
        subject_id=link.id,
        patient_id=link.patient_id,
        facility_id=link.facility_id,
    )
