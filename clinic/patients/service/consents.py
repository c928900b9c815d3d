"""Signing a consent and withdrawing it. Nothing else ever changes a signature."""

from __future__ import annotations

from dataclasses import dataclass

from dateutil.relativedelta import relativedelta

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.i18n import LOCALES
from clinic.core.i18n import gettext as _
from clinic.core.text import clean, one_line
from clinic.facilities.queries import get_facility
from clinic.patients.display import years_between
from clinic.patients.models import Consent, Method, Patient, Via
from clinic.patients.queries import get_patient_for_change
from clinic.patients.queries.consents import consents_of, current_version, get_consent
from clinic.patients.signatures import read_drawing

OF_AGE = 18
LONGEST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What somebody put under a text: the full name of who signs, whether for themselves, and a drawing.

    ``relation`` says who they are to the patient they sign for. ``drawing`` is the ``data:`` address of a
    PNG, empty where the name alone is the signature. ``locale`` is the language they read.
    """

    name: str
    for_other: bool = False
    relation: str = ""
    drawing: str = ""
    locale: str = "en"


def is_child(patient: Patient) -> bool:
    """Whether somebody else has to sign for the patient: below 18, as far as the birth date is known."""
    if patient.birth_date is None:
        return False
    today = clock.today(get_facility(patient.facility_id).zone)
    return years_between(patient.birth_date, today) < OF_AGE


def sign(actor: Actor, patient_id: int, version_id: int, signature: Signature) -> Consent:
    """Put a signature under the text that counts. The same text signed again is the signature there is.

    Raises Invalid beside the field that is missing or cannot be, Conflict when a newer text was published
    meanwhile, NotFound for who may not know of the patient.
    """
    patient = get_patient_for_change(actor, patient_id)
    if patient.deceased:
        raise Invalid(_("%(name)s has died; there is nothing to agree to.", name=patient.name))
    try:
        version = current_version(version_id)
    except NotFound:
        raise Conflict(_("There is a newer text meanwhile. Read that one, please.")) from None
    for line in consents_of(patient.id).lines:
        if line.version.id == version.id and line.consent is not None and not line.missing:
            return line.consent
    name, relation = one_line(signature.name), one_line(signature.relation)
    if not 2 <= len(name) <= 100:
        raise Invalid(_("Write the full name of who signs."), field="name")
    if is_child(patient) and not signature.for_other:
        raise Invalid(
            _("%(name)s is not 18 yet: a parent or guardian signs.", name=patient.name), field="signer"
        )
    if signature.for_other and not 2 <= len(relation) <= 60:
        raise Invalid(_("Say who you are to them, such as mother or guardian."), field="relation")
    drawing = read_drawing(signature.drawing) if signature.drawing else None
    now = clock.now()
    consent = Consent(
        patient_id=patient.id,
        facility_id=patient.facility_id,
        kind_id=version.kind_id,
        version_id=version.id,
        signed_at=now,
        good_until=now + relativedelta(months=version.valid_months) if version.valid_months else None,
        signer_name=name,
        signer_is="guardian" if signature.for_other else "self",
        relation=relation if signature.for_other else None,
        signed_by=actor.user_id,
        witness_name=None if actor.is_patient else actor.name,
        method=Method.DRAWN if drawing else Method.TYPED,
        drawing=drawing,
        locale=signature.locale if signature.locale in LOCALES else "en",
        via=Via.PORTAL if actor.is_patient else Via.DESK,
        origin=actor.origin,
    )
    db.session.add(consent)
    db.session.flush()
    _record(actor, "consent.given", consent)
    return consent


def withdraw(actor: Actor, patient_id: int, consent_id: int, *, reason: str = "") -> Consent:
    """Take a consent back from now on; what was signed stays to be read.

    Raises Conflict when it was withdrawn before, Invalid for too long a reason, NotFound for who may not know
    of the patient or for somebody else's signature.
    """
    patient = get_patient_for_change(actor, patient_id)
    consent = get_consent(patient.id, consent_id)
    if consent.withdrawn_at is not None:
        raise Conflict(_("This was withdrawn already."))
    said = clean(reason).strip()
    if len(said) > LONGEST_REASON:
        raise Invalid(_("At most %(max)d characters.", max=LONGEST_REASON), field="reason")
    consent.withdrawn_at, consent.withdrawn_by = clock.now(), actor.user_id
    consent.withdrawn_name, consent.withdrawn_reason = actor.name, said or None
    consent.withdrawn_via = Via.PORTAL if actor.is_patient else Via.DESK
    db.session.flush()
    _record(actor, "consent.withdrawn", consent)
    return consent


def _record(actor: Actor, action: str, consent: Consent) -> None:
    audit.record(
        actor,
        action,
        subject_type="consent",
        subject_id=consent.id,
        patient_id=consent.patient_id,
        facility_id=consent.facility_id,
        detail={"kind": consent.kind_id, "version": consent.version_id, "method": consent.method},
    )


constraint_means("consents_append_only", lambda: Conflict(_("A signature cannot be changed.")))
