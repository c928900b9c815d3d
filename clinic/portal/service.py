"""What patients do for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.patients import service as patients
from clinic.patients.details import COLUMNS, PatientDetails
from clinic.patients.models import IntakeLink, Patient
from clinic.patients.queries import get_patient_for_change, patients_of_login
from clinic.patients.service.intake import OPEN_FOR
from clinic.patients.service.profile import Further, set_abha, set_further_contacts
from clinic.portal.intake import token_of
from clinic.portal.queries import COMING, can_still_change, own_intake, said_coming
from clinic.scheduling import service as scheduling
from clinic.scheduling.models import Appointment, EndReason
from clinic.scheduling.service import events

LARGEST_HOUSEHOLD = 12


@dataclass(frozen=True, kw_only=True)
class Contact:
    """What a patient may change about themselves: the mobile is the sign-in, and changes with two codes."""

    name: str
    birth_date: date | None
    birth_precision: str
    sex: str
    locale: str
    blood_group: str | None
    email: str | None
    line: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    emergency_name: str | None
    emergency_phone: str | None
    emergency_relationship: str | None


def add_member(actor: Actor, details: PatientDetails, *, submission_key: str | None) -> Patient:
    """Register somebody at the reader's own mobile. Raises Invalid for wrong details or a full household."""
    if len(patients_of_login(actor.user_id or 0)) >= LARGEST_HOUSEHOLD:
        raise Invalid(
            _(
                "There are %(count)d people on this number. Ask the clinic to add more.",
                count=LARGEST_HOUSEHOLD,
            )
        )
    return patients.register(actor, details, submission_key=submission_key, welcome=True)


def update_contact(
    actor: Actor,
    patient: Patient,
    contact: Contact,
    *,
    expected_version: int | None,
    abha: str = "",
    further: Sequence[Further] = (),
) -> Patient:
    """Bring what a patient says of themselves to what was typed; everything else stays.

    Raises Invalid, NotFound, Conflict for a health id that is taken, or ChangedMeanwhile when the clinic has
    changed the same since the form opened.
    """
    kept = {name: getattr(patient, name) for name in COLUMNS if getattr(patient, name) is not None}
    details = PatientDetails(**{**kept, **asdict(contact)})
    updated = patients.update(actor, patient.id, details, expected_version=expected_version)
    set_abha(actor, updated, abha)
    set_further_contacts(actor, updated, further)
    return updated


def open_intake(actor: Actor, patient: Patient) -> str:
    """The token of the household's own intake link for a member; a link is made where none is open.

    Raises NotFound for who may not know of the patient.
    """
    patient = get_patient_for_change(actor, patient.id)
    user_id = actor.user_id or 0
    link = own_intake(patient.id, user_id)
    if link is not None:
        link.expires_at = max(link.expires_at, clock.now() + OPEN_FOR)
    else:
        link = IntakeLink(
            patient_id=patient.id,
            facility_id=patient.facility_id,
            token_hash=crypto.token_hash(crypto.new_token()),
            expires_at=clock.now() + OPEN_FOR,
            created_by=actor.user_id,
        )
        db.session.add(link)
        db.session.flush()
        link.token_hash = crypto.token_hash(token_of(link.id, user_id))
        db.session.flush()
        audit.record(
            actor,
            "intake.opened",
            subject_type="intake_link",
            subject_id=link.id,
            patient_id=patient.id,
            facility_id=link.facility_id,
        )
    return token_of(link.id, user_id)


def say_coming(actor: Actor, appointment: Appointment) -> None:
    """Note that the patient says they will come; once is enough. Raises Conflict when it is too late."""
    _still_open(appointment)
    if not said_coming(appointment):
        events.write(actor, appointment, COMING)


def cancel(
    actor: Actor, appointment: Appointment, *, reason: str | None, code: EndReason | None = None
) -> None:
    """Cancel a visit before its start. Raises Conflict when it has begun or is already over."""
    _still_open(appointment)
    scheduling.cancel(actor, appointment, reason=reason, code=code)


def move(
    actor: Actor,
    appointment: Appointment,
    *,
    starts: datetime,
    practitioner_id: int,
    expected_version: int | None = None,
) -> None:
    """Give a visit another time, the old one back in the same moment.

    Raises Conflict when it is too late, SlotTaken when somebody was first, OutsideRules for a time not given.
    """
    _still_open(appointment)
    scheduling.move(
        actor, appointment, starts, practitioner_id=practitioner_id, expected_version=expected_version
    )


def _still_open(appointment: Appointment) -> None:
    if not can_still_change(appointment):
        raise Conflict(_("This visit can no longer be changed here. Please call the clinic."))
