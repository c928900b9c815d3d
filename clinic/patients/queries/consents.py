"""What patients agreed to, and what they are still to be asked.

A consent counts while it is given under the newest published text of its kind, is not withdrawn and has not
run out. A new text asks again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, exists, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, defer, undefer

from clinic.core import clock
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.patients.models import Consent, ConsentKind, ConsentVersion, Patient, Purpose


class ConsentState(StrEnum):
    """Where a patient stands with one kind of consent."""

    GIVEN = "given"
    MISSING = "missing"
    OUTDATED = "outdated"
    RUN_OUT = "run_out"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class ConsentLine:
    """One kind that is asked for: its text as it counts now, and the patient's latest signature under it."""

    version: ConsentVersion
    consent: Consent | None
    state: ConsentState

    @property
    def missing(self) -> bool:
        return self.state is not ConsentState.GIVEN


@dataclass(frozen=True, kw_only=True)
class PatientConsents:
    """All that is asked of a patient, and every signature there ever was, the latest first."""

    lines: tuple[ConsentLine, ...]
    history: tuple[Consent, ...]

    @property
    def missing(self) -> tuple[ConsentLine, ...]:
        return tuple(line for line in self.lines if line.missing)

    @property
    def required_missing(self) -> tuple[ConsentLine, ...]:
        return tuple(line for line in self.missing if line.version.required)


def has_consent(patient_id: int, purpose: str) -> bool:
    """Whether a patient's consent for a purpose (``Purpose``) counts now. One statement."""
    return bool(consented_among([patient_id], purpose))


def consented_among(patient_ids: Collection[int], purpose: str) -> set[int]:
    """Those of the patients whose consent for a purpose counts now. One statement, none for no patients."""
    if not patient_ids:
        return set()
    return set(
        db.session.scalars(select(Patient.id).where(Patient.id.in_(patient_ids), consents_to(purpose)))
    )


def consents_to(purpose: str) -> ColumnElement[bool]:
    """The condition on ``patients`` for those whose consent for a purpose counts now."""
    asked = _newest()
    return (
        exists()
        .where(asked.c.purpose == str(purpose), Consent.version_id == asked.c.id)
        .where(Consent.patient_id == Patient.id, _counts(clock.now()))
    )


def asked_and_missing() -> tuple[ColumnElement[int], ColumnElement[int], ColumnElement[int]]:
    """Three columns beside ``patients``: kinds asked for, of these not given, of these required."""
    asked = _newest()
    given = (
        exists()
        .where(Consent.version_id == asked.c.id, Consent.patient_id == Patient.id, _counts(clock.now()))
        .correlate(asked, Patient)
    )
    every: Any = select(func.count()).select_from(asked)
    missing: Any = every.where(~given).correlate(Patient)
    return (
        every.scalar_subquery(),
        missing.scalar_subquery(),
        missing.where(asked.c.required).scalar_subquery(),
    )


def consents_of(patient_id: int) -> PatientConsents:
    """What is asked of a patient and what they signed, the texts themselves left out. One statement."""
    now = clock.now()
    rows = db.session.execute(
        select(ConsentVersion, Consent)
        .join(ConsentVersion.kind)
        .outerjoin(Consent, and_(Consent.version_id == ConsentVersion.id, Consent.patient_id == patient_id))
        .where(ConsentVersion.published_at.is_not(None))
        .options(
            contains_eager(ConsentVersion.kind), defer(ConsentVersion.body), defer(ConsentVersion.body_hi)
        )
        .order_by(ConsentVersion.number, Consent.id)
    ).all()
    newest: dict[int, ConsentVersion] = {}
    history: list[Consent] = []
    for version, consent in rows:
        if version.kind.active:
            newest[version.kind_id] = version
        if consent is not None:
            history.append(consent)
    history.sort(key=lambda consent: consent.id, reverse=True)
    lines = []
    for version in sorted(newest.values(), key=lambda version: (not version.required, version.kind_id)):
        own = [consent for consent in history if consent.kind_id == version.kind_id]
        good = [consent for consent in own if _state(consent, version, now) is ConsentState.GIVEN]
        latest = next(iter(good or own), None)
        state = _state(latest, version, now) if latest else ConsentState.MISSING
        lines.append(ConsentLine(version=version, consent=latest, state=state))
    return PatientConsents(lines=tuple(lines), history=tuple(history))


def current_versions() -> list[ConsentVersion]:
    """The text that counts of every kind in use, the required ones first. One statement."""
    asked = _newest()
    return list(
        db.session.scalars(
            select(ConsentVersion)
            .join(asked, asked.c.id == ConsentVersion.id)
            .join(ConsentVersion.kind)
            .options(contains_eager(ConsentVersion.kind))
            .order_by(ConsentVersion.required.desc(), ConsentVersion.kind_id)
        )
    )


def current_version(version_id: int) -> ConsentVersion:
    """A text, while it is the one that counts of its kind. Raises NotFound for all others."""
    for version in current_versions():
        if version.id == version_id:
            return version
    raise NotFound(_("There is no such text, or there is a newer one."))


def get_consent(patient_id: int, consent_id: int) -> Consent:
    """One signature of a patient, with its text and drawing. Raises NotFound for somebody else's."""
    consent = db.session.scalars(
        select(Consent)
        .join(Consent.version)
        .join(ConsentVersion.kind)
        .where(Consent.id == consent_id, Consent.patient_id == patient_id)
        .options(
            contains_eager(Consent.version).contains_eager(ConsentVersion.kind), undefer(Consent.drawing)
        )
    ).first()
    if consent is None:
        raise NotFound(_("There is no such signature."))
    return consent


def all_kinds() -> list[ConsentKind]:
    """Every kind, those in use first."""
    return list(db.session.scalars(select(ConsentKind).order_by(ConsentKind.active.desc(), ConsentKind.id)))


def get_kind(kind_id: int) -> ConsentKind:
    """One kind. Raises NotFound."""
    kind = db.session.get(ConsentKind, kind_id)
    if kind is None:
        raise NotFound(_("There is no such consent."))
    return kind


def versions_by_kind() -> dict[int, list[ConsentVersion]]:
    """All texts, by kind, the newest first."""
    found: dict[int, list[ConsentVersion]] = {}
    for version in db.session.scalars(select(ConsentVersion).order_by(ConsentVersion.number.desc())):
        found.setdefault(version.kind_id, []).append(version)
    return found


def versions_of(kind_id: int) -> list[ConsentVersion]:
    """The texts of a kind, the newest first; an unpublished one stands before all others."""
    return list(
        db.session.scalars(
            select(ConsentVersion)
            .where(ConsentVersion.kind_id == kind_id)
            .order_by(ConsentVersion.number.desc())
        )
    )


def signatures_by_version() -> dict[int, int]:
    """How many signatures count under each text now."""
    rows = db.session.execute(
        select(Consent.version_id, func.count()).where(_counts(clock.now())).group_by(Consent.version_id)
    )
    return {row[0]: row[1] for row in rows}


def purposes_taken() -> set[Purpose]:
    """Purposes that have a kind in use already; OTHER can be taken again."""
    taken = db.session.scalars(select(ConsentKind.purpose).where(ConsentKind.active).distinct())
    return {Purpose(purpose) for purpose in taken} - {Purpose.OTHER}


def _newest() -> FromClause:
    """The newest published text of each kind in use: id, kind_id, required, purpose."""
    newer = aliased(ConsentVersion)
    return (
        select(ConsentVersion.id, ConsentVersion.kind_id, ConsentVersion.required, ConsentKind.purpose)
        .join(ConsentKind, ConsentKind.id == ConsentVersion.kind_id)
        .where(
            ConsentKind.active,
            ConsentVersion.published_at.is_not(None),
            ~exists().where(
                newer.kind_id == ConsentVersion.kind_id,
                newer.number > ConsentVersion.number,
                newer.published_at.is_not(None),
            ),
        )
        .subquery()
    )


def _counts(now: datetime) -> ColumnElement[bool]:
    return and_(Consent.withdrawn_at.is_(None), or_(Consent.good_until.is_(None), Consent.good_until > now))


def _state(consent: Consent, version: ConsentVersion, now: datetime) -> ConsentState:
    if consent.withdrawn_at is not None:
        return ConsentState.WITHDRAWN
    if consent.version_id != version.id:
        return ConsentState.OUTDATED
    if consent.good_until is not None and consent.good_until <= now:
        return ConsentState.RUN_OUT
    return ConsentState.GIVEN
