"""Measurements outside a note: written down, corrected by a new row, never changed.

Who sees the patient as a practitioner or therapist writes; a household writes what it measured at home.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import CLINICAL, Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.encounters import policy
from clinic.encounters.models import VitalSigns
from clinic.encounters.vitals import COLUMNS
from clinic.encounters.vitals_typed import Unreadable, read_typed
from clinic.patients.models import Patient
from clinic.patients.policy import sees_clinical
from clinic.patients.queries import get_patient_for_change

UNDO_WITHIN = timedelta(seconds=60)
LONGEST_REASON = 300
Typed = Mapping[str, str]


def record_vitals(actor: Actor, patient_id: int, typed: Typed, *, measured_at: datetime) -> VitalSigns:
    """Write down what was measured (part code to text as typed).

    The same numbers sent twice within a minute by the same person are one row. Raises Unreadable, Invalid
    for nothing at all, NotFound.
    """
    patient = _patient(actor, patient_id)
    values = _values(typed)
    for row in db.session.scalars(
        select(VitalSigns).where(
            VitalSigns.patient_id == patient.id,
            VitalSigns.note_id.is_(None),
            VitalSigns.error_at.is_(None),
            VitalSigns.recorded_by == actor.user_id,
            VitalSigns.created_at > clock.now() - UNDO_WITHIN,
        )
    ):
        near = abs(row.measured_at - measured_at) <= UNDO_WITHIN
        if near and {name: getattr(row, name) for name in COLUMNS} == values:
            return row
    return _keep(actor, patient, values, measured_at, "vitals.recorded")


def correct_vitals(
    actor: Actor, patient_id: int, vitals_id: int, typed: Typed, *, measured_at: datetime | None, reason: str
) -> VitalSigns:
    """Put right numbers in the place of a row, which stays and says why. ``measured_at`` None: as it was.

    Raises Unreadable, Invalid, NotFound, and Conflict for a row that was marked already or is a note's.
    """
    patient = _patient(actor, patient_id)
    values = _values(typed)
    old = _to_mark(actor, patient, vitals_id)
    when = measured_at or old.measured_at
    if when == old.measured_at and {name: getattr(old, name) for name in COLUMNS} == values:
        raise Invalid(_("These are the same numbers. Change what was wrong."))
    _mark(actor, old, reason)
    return _keep(actor, patient, values, when, "vitals.corrected", supersedes=old.id)


def strike_vitals(actor: Actor, patient_id: int, vitals_id: int, *, reason: str) -> None:
    """Mark a row as entered in error, with nothing in its place. Raises Invalid, NotFound, Conflict."""
    patient = _patient(actor, patient_id)
    old = _to_mark(actor, patient, vitals_id)
    _mark(actor, old, reason)
    _log(actor, patient, "vitals.struck", old.id)


def take_back_vitals(actor: Actor, patient_id: int, vitals_id: int) -> None:
    """Take back, within a minute, what one wrote down oneself. Raises NotFound, Conflict."""
    patient = _patient(actor, patient_id)
    row = _to_mark(actor, patient, vitals_id)
    if row.recorded_by != actor.user_id or not undo_seconds(row):
        raise Conflict(_("The minute is over. Mark it as entered in error instead, with the reason."))
    _mark(actor, row, _("Taken back at once"))
    _log(actor, patient, "vitals.struck", row.id)


def undo_seconds(row: VitalSigns) -> int:
    """How long a row may still be taken back, in seconds."""
    if row.error_at is not None or row.supersedes_id is not None:
        return 0
    return clock.seconds_until(row.created_at + UNDO_WITHIN)


def _patient(actor: Actor, patient_id: int) -> Patient:
    """The patient, their row locked; NotFound also for staff who see the patient from the desk alone."""
    if actor.is_patient and not actor.is_staff:
        return get_patient_for_change(actor, patient_id)
    patient = get_patient_for_change(actor.acting_as(CLINICAL), patient_id)
    if not sees_clinical(actor, patient):
        raise NotFound(_("There is no such patient."))
    return patient


def _values(typed: Typed) -> dict[str, Decimal | None]:
    reading = read_typed(typed)
    if reading.problems:
        raise Unreadable(reading)
    if not reading.values:
        raise Invalid(_("Write at least one measurement."), field="systolic")
    return {name: reading.values.get(name) for name in COLUMNS}


def _to_mark(actor: Actor, patient: Patient, vitals_id: int) -> VitalSigns:
    mine = VitalSigns.recorded_by == actor.user_id
    row = db.session.scalars(
        select(VitalSigns).where(
            VitalSigns.id == vitals_id,
            VitalSigns.patient_id == patient.id,
            policy.vitals_in_sight(actor) if actor.is_staff else mine,
        )
    ).first()
    if row is None:
        raise NotFound(_("There is no such measurement."))
    if row.note_id is not None:
        raise Conflict(_("It belongs to a note; correct it there."))
    if row.error_at is not None:
        raise Conflict(_("Somebody marked it as entered in error already."))
    return row


def _mark(actor: Actor, row: VitalSigns, reason: str) -> None:
    words = one_line(reason)
    if not 1 <= len(words) <= LONGEST_REASON:
        raise Invalid(_("Say what was wrong, in at most 300 characters."), field="reason")
    row.error_at, row.error_by, row.error_reason = clock.now(), actor.user_id, words
    db.session.flush()


def _keep(
    actor: Actor,
    patient: Patient,
    values: Mapping[str, Decimal | None],
    measured_at: datetime,
    action: str,
    *,
    supersedes: int | None = None,
) -> VitalSigns:
    row = VitalSigns(
        patient_id=patient.id,
        facility_id=patient.facility_id,
        measured_at=measured_at,
        recorded_by=actor.user_id,
        source="staff" if actor.is_staff else "patient",
        supersedes_id=supersedes,
        **values,
    )
    db.session.add(row)
    db.session.flush()
    _log(actor, patient, action, row.id)
    return row


def _log(actor: Actor, patient: Patient, action: str, row_id: int) -> None:
    audit.record(
        actor,
        action,
        subject_type="vitals",
        subject_id=row_id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
    )
