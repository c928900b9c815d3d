"""What is written down of a patient's medicines, insurer and body: added and ended, never overwritten."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import fold, one_line
from clinic.facilities.queries import get_facility
from clinic.patients.intake import InsuranceEntry, MedicineEntry
from clinic.patients.models import Patient, PatientInsurance, PatientMeasures, PatientMedication
from clinic.patients.queries import get_patient_for_change

LONGEST_NAME, LONGEST_DOSE, LONGEST_OFTEN, LONGEST_POLICY = 200, 100, 200, 60
MOST_MEDICINES = 60
PATIENT, STAFF = "patient", "staff"


def add_medicine(actor: Actor, patient_id: int, entry: MedicineEntry, *, source: str = STAFF) -> bool:
    """Write down a medicine; False when the same is on the list already. Raises Invalid, NotFound."""
    patient = get_patient_for_change(actor, patient_id)
    name, dose, often = (one_line(text or "") for text in (entry.name, entry.dose, entry.often))
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(_("Write the medicine's name, at most 200 characters."), field="medicine")
    if len(dose) > LONGEST_DOSE:
        raise Invalid(_("At most %(max)d characters.", max=LONGEST_DOSE), field="dose")
    if len(often) > LONGEST_OFTEN:
        raise Invalid(_("At most %(max)d characters.", max=LONGEST_OFTEN), field="often")
    taken = db.session.scalars(
        select(PatientMedication).where(
            PatientMedication.patient_id == patient.id, PatientMedication.ended_at.is_(None)
        )
    ).all()
    same = [(fold(row.name), fold(row.dose or ""), fold(row.often or "")) for row in taken]
    if (fold(name), fold(dose), fold(often)) in same:
        return False
    if len(taken) >= MOST_MEDICINES:
        raise Invalid(_("There are %(count)d medicines already. End some first.", count=MOST_MEDICINES))
    row = PatientMedication(
        name=name, dose=dose or None, often=often or None, **_about(actor, patient, source)
    )
    _keep(actor, patient, row, "medicine.added")
    return True


def end_medicine(actor: Actor, patient_id: int, medication_id: int) -> None:
    """A medicine is no longer taken. Raises NotFound for none of the patient's, Conflict for one ended."""
    patient = get_patient_for_change(actor, patient_id)
    row = db.session.get(PatientMedication, medication_id)
    if row is None or row.patient_id != patient.id:
        raise NotFound(_("There is no such medicine."))
    if row.ended_at is not None:
        raise Conflict(_("It was taken off the list already."))
    _end(actor, row)
    _record(actor, patient, "medicine.ended", row.id)


def set_insurance(
    actor: Actor, patient_id: int, entry: InsuranceEntry | None, *, source: str = STAFF
) -> bool:
    """Write down who insures the patient, in the place of what was written before; None: nobody.

    False when that is what is kept already. Raises Invalid, NotFound.
    """
    patient = get_patient_for_change(actor, patient_id)
    old = db.session.scalars(
        select(PatientInsurance).where(
            PatientInsurance.patient_id == patient.id, PatientInsurance.ended_at.is_(None)
        )
    ).all()
    if entry is None:
        for row in old:
            _end(actor, row)
            _record(actor, patient, "insurance.ended", row.id)
        return bool(old)
    insurer, number = one_line(entry.insurer), one_line(entry.policy_number)
    if not 1 <= len(insurer) <= LONGEST_NAME:
        raise Invalid(_("Write who insures the patient."), field="insurer")
    if len(number) > LONGEST_POLICY:
        raise Invalid(_("At most %(max)d characters.", max=LONGEST_POLICY), field="policy_number")
    wanted = (insurer, number, entry.valid_until)
    if any((row.insurer, policy_of(row), row.valid_until) == wanted for row in old):
        return False
    for row in old:
        _end(actor, row)
    row = PatientInsurance(
        insurer=insurer,
        policy_sealed=crypto.seal(number) if number else None,
        valid_until=entry.valid_until,
        **_about(actor, patient, source),
    )
    _keep(actor, patient, row, "insurance.set")
    return True


def policy_of(row: PatientInsurance) -> str:
    """A policy's number in plain; empty where there is none, or no key opens it."""
    return (crypto.unseal(row.policy_sealed) or "") if row.policy_sealed else ""


def set_measures(
    actor: Actor,
    patient_id: int,
    *,
    height_cm: Decimal | None,
    weight_kg: Decimal | None,
    source: str = STAFF,
) -> bool:
    """Write down height and weight of today; False for nothing at all. Raises NotFound."""
    patient = get_patient_for_change(actor, patient_id)
    if height_cm is None and weight_kg is None:
        return False
    row = PatientMeasures(height_cm=height_cm, weight_kg=weight_kg, **_about(actor, patient, source))
    _keep(actor, patient, row, "measures.set")
    return True


Row = PatientMedication | PatientInsurance | PatientMeasures


def _about(actor: Actor, patient: Patient, source: str) -> dict[str, object]:
    today = clock.today(get_facility(patient.facility_id).zone)
    return {"patient_id": patient.id, "source": source, "said_on": today, "recorded_by": actor.user_id}


def _keep(actor: Actor, patient: Patient, row: Row, action: str) -> None:
    db.session.add(row)
    db.session.flush()
    _record(actor, patient, action, row.id)


def _end(actor: Actor, row: Row) -> None:
    row.ended_at, row.ended_by = clock.now(), actor.user_id
    db.session.flush()


def _record(actor: Actor, patient: Patient, action: str, row_id: int) -> None:
    audit.record(
        actor,
        action,
        subject_type="patient",
        subject_id=row_id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
    )
