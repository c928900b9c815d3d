"""What patients and their clinic are told of a beginning: a welcome, and that the form has come in."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.queries import get_facility
from clinic.notifications.models import Channel
from clinic.notifications.service import NewMessage, queue_messages
from clinic.patients.models import Guardianship, IntakeLink, Patient
from clinic.patients.queries.ways import ways_to

GOOD_FOR = timedelta(days=2)


def queue_welcome(patient: Patient) -> None:
    """Tell a new patient how to sign in, by SMS, else by e-mail. Nothing where their sign-in acted for
    somebody before: whoever holds that mobile knows the way.
    """
    if not _known_sign_in(patient.id):
        queue_messages(_to_patient("welcome", patient, "patient", patient.id))


def queue_onboarded(link: IntakeLink) -> None:
    """Thank the patient for the form that came in, and tell the clinic that it waits to be looked at."""
    patient = db.session.get_one(Patient, link.patient_id)
    facility = get_facility(link.facility_id)
    messages = _to_patient("onboarding_complete", patient, "intake_link", link.id)
    if facility.email:
        messages.append(
            NewMessage(
                kind="onboarding_waits",
                channel=Channel.EMAIL,
                recipient_type="facility",
                recipient_id=facility.id,
                subject_type="intake_link",
                subject_id=link.id,
                patient_id=patient.id,
                facility_id=facility.id,
                locale=facility.locale,
                dedupe_key=f"onboarding_waits:{link.id}",
                expires_at=clock.now() + GOOD_FOR,
            )
        )
    queue_messages(messages)


def _to_patient(kind: str, patient: Patient, subject_type: str, subject_id: int) -> list[NewMessage]:
    return [
        NewMessage(
            kind=kind,
            channel=channel,
            recipient_type="patient",
            recipient_id=patient.id,
            subject_type=subject_type,
            subject_id=subject_id,
            patient_id=patient.id,
            facility_id=patient.facility_id,
            locale=patient.locale,
            dedupe_key=f"{kind}:{subject_id}:{channel}",
            expires_at=clock.now() + GOOD_FOR,
        )
        for channel in ways_to(patient).with_one_sure(kind)
    ]


def _known_sign_in(patient_id: int) -> bool:
    other = aliased(Guardianship)
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    Guardianship.patient_id == patient_id,
                    other.user_id == Guardianship.user_id,
                    other.patient_id != patient_id,
                )
            )
        )
    )
