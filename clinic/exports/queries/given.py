"""What a patient agreed to and told of themselves, as plain values. Whoever calls has asked whether the
patient may be seen.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased, contains_eager, undefer

from clinic.accounts.models import User
from clinic.core import crypto
from clinic.core.db import db
from clinic.patients import consent_words
from clinic.patients.models import (
    Consent,
    ConsentVersion,
    PatientInsurance,
    PatientMeasures,
    PatientMedication,
)

Values = dict[str, Any]


def consents(patient_id: int) -> list[Values]:
    """Every signature, the latest first, with the words that were signed. One statement."""
    return [_consent(row) for row in db.session.scalars(_every(patient_id))]


def drawings(patient_id: int) -> dict[str, bytes]:
    """Signatures drawn by hand: PNGs by the names their consents give them. One statement."""
    rows = db.session.scalars(_every(patient_id).options(undefer(Consent.drawing)))
    return {_drawing_name(row): row.drawing for row in rows if row.drawing is not None}


def _every(patient_id: int) -> Select[Consent]:
    return (
        select(Consent)
        .join(Consent.version)
        .join(ConsentVersion.kind)
        .where(Consent.patient_id == patient_id)
        .order_by(Consent.id.desc())
        .options(contains_eager(Consent.version).contains_eager(ConsentVersion.kind))
    )


def _drawing_name(row: Consent) -> str:
    return f"signature-{row.id}.png"


def _consent(row: Consent) -> Values:
    return {
        "kind": row.version.kind.name,
        "purpose": row.version.kind.purpose,
        "title": consent_words.title_of(row.version, row.locale),
        "version": row.version.number,
        "text": consent_words.body_of(row.version, row.locale),
        "language": row.locale,
        "required": row.version.required,
        "signed_at": row.signed_at,
        "good_until": row.good_until,
        "signed_by": row.signer_name,
        "signer_is": row.signer_is,
        "relation": row.relation,
        "method": row.method,
        "via": row.via,
        "how": consent_words.how_signed(row),
        "witness": row.witness_name,
        "drawing": _drawing_name(row) if row.method == "drawn" else None,
        "withdrawn_at": row.withdrawn_at,
        "withdrawn_by": row.withdrawn_name,
        "withdrawn_via": row.withdrawn_via,
        "withdrawn_reason": row.withdrawn_reason,
    }


def medicines(patient_id: int, *, inner: bool) -> list[Values]:
    """Medicines, those no longer taken too."""
    return _said(PatientMedication, patient_id, "name", "dose", "often", inner=inner)


def measures(patient_id: int, *, inner: bool) -> list[Values]:
    """Every height (cm) and weight (kg) outside of visits."""
    return _said(PatientMeasures, patient_id, "height_cm", "weight_kg", inner=inner)


def insurers(patient_id: int, *, inner: bool) -> list[Values]:
    """Insurers; the policy's number opened, None where there is none or no key opens it."""
    rows = _said(PatientInsurance, patient_id, "insurer", "policy_sealed", "valid_until", inner=inner)
    for row in rows:
        sealed = row.pop("policy_sealed")
        row["policy_number"] = crypto.unseal(sealed) if sealed else None
    return rows


def _said(model: Any, patient_id: int, *names: str, inner: bool) -> list[Values]:
    """All rows in order. ``inner`` adds who of the staff wrote it down. One statement."""
    writer = aliased(User)
    columns = [getattr(model, name) for name in names]
    if inner:
        columns.append(writer.name.label("recorded_by"))
    rows = db.session.execute(
        select(*columns, model.source, model.said_on, model.ended_at)
        .outerjoin(writer, writer.id == model.recorded_by)
        .where(model.patient_id == patient_id)
        .order_by(model.id)
    )
    return [dict(row._mapping) for row in rows]
