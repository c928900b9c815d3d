"""Opening a record in an emergency, ending that, and looking it over afterwards.

Whoever opens one says why; the record is open to them alone, for a while; the administrators and the patient
are told. A number that fits nobody, or more than one, is answered in the same way and written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from clinic.accounts.models import User
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import EMERGENCY, Actor, Role
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid, TooMany
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.notifications.alarms import raise_alarm
from clinic.notifications.models import Channel
from clinic.notifications.service import NewMessage, queue_messages
from clinic.patients.models import EmergencyAccess, Patient, Urgency
from clinic.patients.policy import sees_usually
from clinic.patients.queries.emergency import (
    PER_DAY,
    TRIES_PER_HOUR,
    exactly,
    get_access,
    get_open,
    opened_lately,
    refused_lately,
    role_in,
)

SHORTEST, LONGEST = 10, 500
TO_ADMINISTRATORS, TO_PATIENT = "emergency_opened", "emergency_told"
constraint_means("emergency_accesses_kept", lambda: Conflict(_("This was settled already.")))


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What opening led to: the patient, and the access; None where the reader sees the patient anyway."""

    patient: Patient
    access: EmergencyAccess | None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A try that opened nothing and was written down: what to tell whoever made it."""

    error: Invalid | TooMany


def open_record(
    actor: Actor, *, number: str, name: str, urgency: str, reason: str, minutes: int
) -> Opened | Refused:
    """Open one patient's record for ``minutes``, or say why not.

    A try that opens nothing is answered and not raised: the row about it is written under the same lock under
    which tries are counted, so that tries made at the same moment do not pass the limit. Raises Invalid for
    a reason that is none.
    """
    if not actor.has(*EMERGENCY):
        raise Forbidden(_("This is for practitioners, therapists and administrators."))
    said = _reason(reason)
    if urgency not in tuple(Urgency):
        raise Invalid(_("Choose one of these."), field="urgency")
    user_id = actor.user_id or 0
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    if refused_lately(user_id, timedelta(hours=1)) >= TRIES_PER_HOUR:
        return _refuse(
            actor,
            _too_many(_("Too many numbers that fit nobody. Try again in an hour, or ask an administrator.")),
        )
    found = exactly(number, name)
    spent = opened_lately(user_id, timedelta(days=1)) >= PER_DAY
    if len(found) != 1 and not spent:
        return _refuse(actor, _nobody())
    if len(found) == 1 and sees_usually(actor, found[0].id):
        return Opened(patient=found[0], access=None)
    if len(found) == 1 and found[0].id in actor.emergencies:
        return Opened(patient=found[0], access=get_open(actor, found[0].id))
    if spent:  # whether or not the number fits somebody: the answer does not say
        return _refuse(
            actor,
            _too_many(
                _(
                    "You opened %(count)d records in an emergency within a day. Ask an administrator.",
                    count=PER_DAY,
                )
            ),
        )
    [patient] = found
    return Opened(patient=patient, access=_grant(actor, patient, urgency, said, minutes))


def end(actor: Actor, patient_id: int) -> EmergencyAccess:
    """End one's own access to a patient now. Raises NotFound where none lasts."""
    return _close(actor, get_open(actor, patient_id))


def end_for(actor: Actor, access_id: int) -> EmergencyAccess:
    """End somebody's access, for administrators. Raises NotFound, and Conflict for one that is over."""
    access = get_access(access_id)
    if access.closed_at is not None or access.ends_at <= clock.now():
        raise Conflict(_("This access is over already."))
    return _close(actor, access)


def review(actor: Actor, access_id: int, *, note: str) -> EmergencyAccess:
    """Mark an access as looked over. Nobody does so for their own. Raises Conflict, Forbidden, NotFound."""
    if not actor.has(Role.ADMIN):
        raise Forbidden(_("This is for administrators."))
    access = get_access(access_id)
    if access.user_id == actor.user_id:
        raise Forbidden(_("Another administrator looks over what you opened yourself."))
    if access.reviewed_at is not None:
        raise Conflict(_("Somebody looked this over already."))
    access.reviewed_at, access.reviewed_by = clock.now(), actor.user_id
    access.review_note = clean(note).strip()[:LONGEST] or None
    _write_down(actor, "emergency.reviewed", access, {"note": access.review_note is not None})
    db.session.flush()
    return access


def _refuse(actor: Actor, error: Invalid | TooMany) -> Refused:
    """Write down what was tried, never the number itself."""
    audit.record(
        actor,
        "emergency.refused",
        subject_type="patient",
        outcome="refused",
        detail={"by": "limit" if isinstance(error, TooMany) else "number"},
    )
    db.session.flush()
    return Refused(error=error)


def _nobody() -> Invalid:
    """The number fits no patient, or more than one; the answer does not say which."""
    return Invalid(
        _(
            "No one patient has this number. Check it; where a family shares a mobile, write the"
            " name too, or the patient's number."
        ),
        field="number",
    )


def _too_many(said: str) -> TooMany:
    return TooMany(said, retry_after=3600)


def _reason(text: str) -> str:
    said = clean(text).strip()
    if len(said) < SHORTEST:
        raise Invalid(
            _("Say in a few words why: at least %(count)d characters.", count=SHORTEST), field="reason"
        )
    return said[:LONGEST]


def _grant(actor: Actor, patient: Patient, urgency: str, reason: str, minutes: int) -> EmergencyAccess:
    now = clock.now()
    access = EmergencyAccess(
        user_id=actor.user_id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        role=role_in(actor),
        urgency=urgency,
        reason=reason,
        started_at=now,
        ends_at=now + timedelta(minutes=minutes),
    )
    db.session.add(access)
    db.session.flush()
    _write_down(
        actor, "emergency.opened", access, {"urgency": urgency, "role": access.role, "minutes": minutes}
    )
    raise_alarm(TO_ADMINISTRATORS, about=str(access.id), subject_id=access.id)
    queue_messages(
        [
            NewMessage(
                kind=TO_PATIENT,
                channel=Channel.IN_APP,
                recipient_type="patient",
                recipient_id=patient.id,
                subject_type="emergency_access",
                subject_id=access.id,
                patient_id=patient.id,
                facility_id=patient.facility_id,
                locale=patient.locale,
                dedupe_key=f"{TO_PATIENT}:{access.id}",
            )
        ]
    )
    return access


def _close(actor: Actor, access: EmergencyAccess) -> EmergencyAccess:
    access.closed_at = clock.now()
    _write_down(actor, "emergency.ended", access, {})
    db.session.flush()
    return access


def _write_down(actor: Actor, action: str, access: EmergencyAccess, detail: dict[str, object]) -> None:
    audit.record(
        actor,
        action,
        subject_type="emergency_access",
        subject_id=access.id,
        patient_id=access.patient_id,
        facility_id=access.facility_id,
        detail=detail,
    )
