"""What a patient adds to their profile: health id, verified e-mail, further contacts, a photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.service.households import add_sign_in_email
from clinic.core import clock, crypto
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.phones import parse_telephone
from clinic.core.text import one_line
from clinic.patients.abha import parse_abha
from clinic.patients.details import RELATIONSHIPS
from clinic.patients.models import EmergencyContact, Patient, PatientPhoto
from clinic.patients.photos import Photo
from clinic.patients.queries import get_patient_for_change
from clinic.patients.service.updating import record_change

MORE_CONTACTS = 2


def _abha_taken() -> Conflict:
    return Conflict(
        _("This ABHA number cannot be saved here. Show your ABHA card at the clinic."), field="abha"
    )


constraint_means("uq_patients_abha", _abha_taken)


@dataclass(frozen=True, kw_only=True)
class Further:
    """One more person to call in an emergency, as typed."""

    name: str = ""
    phone: str = ""
    relationship: str = ""


def abha_of(patient: Patient) -> str | None:
    """The 14 digits of the patient's health id, opened; None where there is none."""
    return crypto.unseal(patient.abha_sealed) if patient.abha_sealed else None


def set_abha(actor: Actor, patient: Patient, typed: str) -> None:
    """Keep a health id, sealed, or none. Raises Invalid for what cannot be one, Conflict for one taken."""
    digits = parse_abha(typed)
    hashed = crypto.keyed_hash("abha", digits) if digits else None
    if hashed == patient.abha_hash:
        return
    patient.abha_sealed = crypto.seal(digits) if digits else None
    patient.abha_hash = hashed
    db.session.flush()
    record_change(actor, patient, ["abha"])


def further_contacts(patient_id: int) -> list[EmergencyContact]:
    """The second person to call in an emergency, and the third."""
    query = (
        select(EmergencyContact)
        .where(EmergencyContact.patient_id == patient_id)
        .order_by(EmergencyContact.position)
    )
    return list(db.session.scalars(query))


def set_further_contacts(actor: Actor, patient: Patient, contacts: Sequence[Further]) -> None:
    """Keep exactly these further contacts, in this order; empty ones are left out.

    Raises Invalid with the field ``further-<n>-<name>`` of the first thing wrong.
    """
    wanted = []
    for number, contact in enumerate(contacts[:MORE_CONTACTS]):
        name, typed = one_line(contact.name), one_line(contact.phone)
        if not name and not typed:
            continue
        if len(name) > 100:
            raise Invalid(_("At most %(max)d characters.", max=100), field=f"further-{number}-name")
        phone = parse_telephone(typed, field=f"further-{number}-phone") if typed else None
        relationship = contact.relationship if contact.relationship in RELATIONSHIPS else None
        wanted.append((name or None, phone, relationship))
    kept = [(row.name, row.phone, row.relationship) for row in further_contacts(patient.id)]
    if kept == wanted:
        return
    db.session.execute(
        delete(EmergencyContact)
        .where(EmergencyContact.patient_id == patient.id)
        .execution_options(synchronize_session="fetch")
    )
    db.session.add_all(
        EmergencyContact(
            patient_id=patient.id, position=position, name=name, phone=phone, relationship=relationship
        )
        for position, (name, phone, relationship) in enumerate(wanted, start=2)
    )
    db.session.flush()
    record_change(actor, patient, ["emergency_contacts"])


def verify_email(actor: Actor, patient_id: int, email: str) -> None:
    """The patient's e-mail was proved by a code: it opens the household from now on as well.

    Raises Conflict when the clinic has written down another one meanwhile.
    """
    patient = get_patient_for_change(actor, patient_id)
    if (patient.email or "").lower() != email:
        raise Conflict(_("Your e-mail address has been changed meanwhile. Ask for another code."))
    patient.email_verified_at = clock.now()
    db.session.flush()
    add_sign_in_email(actor, email)
    record_change(actor, patient, ["email_verified"])


def set_photo(actor: Actor, patient: Patient, photo: Photo) -> None:
    """Keep a photo, in place of the one before."""
    values = {
        "jpeg": photo.jpeg,
        "width": photo.width,
        "height": photo.height,
        "created_by": actor.user_id,
        "created_at": clock.now(),
    }
    db.session.execute(
        insert(PatientPhoto)
        .values(patient_id=patient.id, **values)
        .on_conflict_do_update(constraint="pk_patient_photos", set_=values)
    )
    record_change(actor, patient, ["photo"])


def remove_photo(actor: Actor, patient: Patient) -> None:
    """Delete the photo, for good."""
    gone = db.session.execute(
        delete(PatientPhoto).where(PatientPhoto.patient_id == patient.id).returning(PatientPhoto.patient_id)
    ).first()
    if gone is not None:
        record_change(actor, patient, ["photo"])


def photo_of(patient_id: int) -> bytes | None:
    """The photo as a JPEG, None where there is none."""
    return db.session.scalar(select(PatientPhoto.jpeg).where(PatientPhoto.patient_id == patient_id))


def has_photo(patient_id: int) -> bool:
    """Whether there is a photo."""
    query = select(PatientPhoto.patient_id).where(PatientPhoto.patient_id == patient_id)
    return db.session.scalar(query) is not None
