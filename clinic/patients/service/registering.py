"""A new patient: the record and the household's sign-in, both or neither."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.models import User
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import STAFF, Actor, Role
from clinic.core.db import db
from clinic.core.errors import Forbidden
from clinic.core.i18n import gettext as _
from clinic.core.names import search_forms
from clinic.core.text import clean, fold
from clinic.facilities.models import Facility
from clinic.facilities.queries import facility_of, get_facility
from clinic.patients import policy
from clinic.patients.details import PatientDetails, check, values_of
from clinic.patients.models import Patient
from clinic.patients.models.patient import MRN_SEQUENCE
from clinic.patients.service.allergies import record_allergies
from clinic.patients.service.guardians import open_login
from clinic.patients.service.telling import queue_welcome


def register(
    actor: Actor, details: PatientDetails, *, submission_key: str | None = None, welcome: bool = False
) -> Patient:
    """Add a patient, and the sign-in of their mobile.

    The same ``submission_key`` with the same name and mobile is the same form sent again: the patient made
    the first time comes back, however many arrive at once. ``welcome`` tells them how to sign in. Raises
    Invalid for the first thing wrong in ``details``, Forbidden for who may not. A household's own sign-in
    adds members at its own mobile, whatever mobile ``details`` name.
    """
    if not policy.can_register(actor):
        raise Forbidden(_("Only the front desk and practitioners add patients."))
    if actor.is_patient:
        details = _at_own_mobile(actor, details)
    facility = _facility(actor, details)
    checked, faults = check(details, today=clock.today(facility.zone))
    if faults:
        raise faults[0]
    key = _key(submission_key, checked)
    made = db.session.execute(
        insert(Patient)
        .values(
            **values_of(checked),
            mrn=func.concat("SU-", MRN_SEQUENCE.next_value()),
            group_id=facility.group_id,
            facility_id=facility.id,
            **search_forms(checked.name),
            allergy_status="not_asked",
            deceased=False,
            version=1,
            submission_key=key,
            created_by=actor.user_id,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(constraint="uq_patients_submission_key")
        .returning(Patient.id)
    ).scalar()
    if made is None:
        return db.session.scalars(select(Patient).where(Patient.submission_key == key)).one()
    patient = db.session.get_one(Patient, made)
    open_login(actor, patient)
    record_allergies(actor, patient, entries=checked.allergies, none_known=checked.none_known)
    audit.record(
        actor,
        "patient.created",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=facility.id,
    )
    db.session.flush()
    if welcome:
        queue_welcome(patient)
    return patient


def _at_own_mobile(actor: Actor, details: PatientDetails) -> PatientDetails:
    mobile = db.session.scalar(select(User.mobile).where(User.id == actor.user_id))
    return replace(details, mobile=mobile, facility_id=None)


def _facility(actor: Actor, details: PatientDetails) -> Facility:
    if details.facility_id is None:
        return facility_of(actor)
    facility = get_facility(details.facility_id)
    if not policy.is_system(actor) and not actor.has(*STAFF - {Role.ADMIN}, at=facility.id):
        raise Forbidden(_("You do not work at this clinic."))
    return facility


def _key(submission_key: str | None, details: PatientDetails) -> str | None:
    """The form's key with who is on it: a form brought back with another person's name is another form."""
    if not submission_key:
        return None
    who = "\0".join((clean(submission_key)[:200], fold(details.name), details.mobile or ""))
    return hashlib.sha256(who.encode()).hexdigest()
