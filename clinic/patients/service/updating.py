"""Changing a patient, without undoing what somebody else changed meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from clinic.audit import service as audit
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.names import search_forms
from clinic.facilities.queries import get_facility
from clinic.patients.details import PatientDetails, check, values_of
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient_for_change
from clinic.patients.service.allergies import record_allergies
from clinic.patients.service.guardians import forget_email, move_login, refuse_coming_of_age


@dataclass(frozen=True)
class Difference:
    """A field that somebody changed meanwhile and that is otherwise on the form: what is kept now, and what
    was typed.
    """

    field: str
    kept: Any
    typed: Any


class ChangedMeanwhile(Conflict):
    """Somebody saved this patient after the form was opened. ``version`` is what is kept now, ``by`` who did
    it last.
    """

    code = "changed_meanwhile"

    def __init__(self, *, version: int, by: str, differences: tuple[Difference, ...]) -> None:
        super().__init__(_("%(name)s changed this patient while you were writing.", name=by))
        self.version = version
        self.by = by
        self.differences = differences


def update(
    actor: Actor, patient_id: int, details: PatientDetails, *, expected_version: int | None
) -> Patient:
    """Bring a patient to ``details``. Allergies that the details do not name stay.

    ``expected_version`` is the version the form was opened with; ChangedMeanwhile is raised when a field
    somebody changed since differs from what was typed. A new mobile moves the sign-in. A patient's own
    sign-in cannot change the mobile (Forbidden). Raises Invalid for the first thing wrong, NotFound for who
    may not know of the patient.
    """
    patient = get_patient_for_change(actor, patient_id)
    zone = get_facility(patient.facility_id).zone
    checked, faults = check(details, today=clock.today(zone), mobile_needed=patient.mobile is not None)
    if faults:
        raise faults[0]
    wanted = values_of(checked)
    different = {name: value for name, value in wanted.items() if getattr(patient, name) != value}
    if actor.is_patient and "mobile" in different:
        raise Forbidden(_("Ask the clinic to change your mobile number."), field="mobile")
    if actor.is_patient and "birth_date" in different:
        refuse_coming_of_age(patient, different["birth_date"], today=clock.today(zone))
    _refuse_overwriting(patient, different, expected_version)
    old_mobile, old_email = patient.mobile, patient.email
    for name, value in different.items():
        setattr(patient, name, value)
    if "email" in different:
        forget_email(patient, old_email)
    if "name" in different:
        for column, value in search_forms(patient.name).items():
            setattr(patient, column, value)
    if record_allergies(actor, patient, entries=checked.allergies, none_known=checked.none_known):
        different["allergies"] = None
    db.session.flush()
    if "mobile" in different:
        move_login(actor, patient, old_mobile=old_mobile)
    if different:
        record_change(actor, patient, sorted(different))
    return patient


def mark_deceased(actor: Actor, patient_id: int, *, on: Any = None) -> Patient:
    """Note that a patient has died, ``on`` a date if it is known. No visit can be booked from then on."""
    patient = get_patient_for_change(actor, patient_id)
    if on is not None and on > clock.today(get_facility(patient.facility_id).zone):
        raise Invalid(_("This day is still to come."), field="deceased_on")
    patient.deceased, patient.deceased_on = True, on
    db.session.flush()
    record_change(actor, patient, ["deceased"])
    return patient


def record_change(actor: Actor, patient: Patient, fields: list[str]) -> None:
    """Write down which fields were changed, and the version that came of it."""
    audit.record(
        actor,
        "patient.updated",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"fields": fields, "version": patient.version},
    )


def _refuse_overwriting(patient: Patient, different: dict[str, Any], expected_version: int | None) -> None:
    if expected_version is None or expected_version == patient.version:
        return
    changed, by = _changes_since(patient, expected_version)
    clashing = tuple(
        Difference(field=name, kept=getattr(patient, name), typed=value)
        for name, value in different.items()
        if name in changed
    )
    if clashing:
        raise ChangedMeanwhile(version=patient.version, by=by, differences=clashing)


def _changes_since(patient: Patient, version: int) -> tuple[set[str], str]:
    """The fields changed after ``version``, and who changed last. One statement."""
    events = db.session.scalars(
        select(AuditEvent)
        .where(AuditEvent.patient_id == patient.id, AuditEvent.action == "patient.updated")
        .order_by(AuditEvent.id.desc())
        .limit(50)
    )
    later = [event for event in events if event.detail.get("version", 0) > version]
    fields = {field for event in later for field in event.detail.get("fields", [])}
    return fields, later[0].actor_name if later else _("Somebody")
