"""Who cares for a patient: since when, how it came about, and who did before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import aliased

from clinic.accounts.models import User
from clinic.core.db import db
from clinic.patients.models import CareRelationship
from clinic.practitioners.models import Practitioner

BEFORE = 50
"""So many of those who cared before are shown."""


@dataclass(frozen=True, kw_only=True)
class Carer:
    """One practitioner and a patient. ``source`` is ``booking`` or ``assignment``, ``by`` who assigned.

    ``until`` is None while it lasts; ``ended_by`` is empty where care ended by itself.
    """

    id: int
    practitioner_id: int
    name: str
    specialization: str | None
    source: str
    since: datetime
    by: str | None
    until: datetime | None
    ended_by: str | None
    ended_by_id: int | None


@dataclass(frozen=True, kw_only=True)
class CareTeam:
    """Those who care now, the longest first, and those who did, the latest first."""

    now: tuple[Carer, ...]
    before: tuple[Carer, ...]


def care_team(patient_id: int) -> CareTeam:
    """Everybody who cares for a patient, and the last who did. One statement."""
    assigner, ender = aliased(User), aliased(User)
    rows = db.session.execute(
        select(
            CareRelationship.id,
            CareRelationship.practitioner_id,
            Practitioner.name,
            Practitioner.specialization,
            CareRelationship.source,
            CareRelationship.created_at.label("since"),
            assigner.name.label("by"),
            CareRelationship.ended_at.label("until"),
            ender.name.label("ended_by"),
            CareRelationship.ended_by.label("ended_by_id"),
        )
        .join(Practitioner, Practitioner.id == CareRelationship.practitioner_id)
        .outerjoin(assigner, assigner.id == CareRelationship.created_by)
        .outerjoin(ender, ender.id == CareRelationship.ended_by)
        .where(CareRelationship.patient_id == patient_id)
        .order_by(CareRelationship.ended_at.desc().nulls_first(), CareRelationship.id)
        .limit(BEFORE)
    )
    carers = [Carer(**row._mapping) for row in rows]
    return CareTeam(
        now=tuple(one for one in carers if one.until is None),
        before=tuple(one for one in carers if one.until is not None),
    )


def carers_column(patient_id: int) -> ScalarSelect[Any]:
    """Those who care now as JSON, to travel with another statement: name, specialization, since, source."""
    facts = func.jsonb_build_object(
        "name", Practitioner.name,
        "specialization", Practitioner.specialization,
        "since", CareRelationship.created_at,
        "source", CareRelationship.source,
    )  # fmt: skip
    rows = (
        select(facts.label("carer"))
        .select_from(CareRelationship)
        .join(Practitioner, Practitioner.id == CareRelationship.practitioner_id)
        .where(CareRelationship.patient_id == patient_id, CareRelationship.ended_at.is_(None))
        .order_by(CareRelationship.id)
        .limit(BEFORE)
        .subquery()
    )
    return select(func.jsonb_agg(rows.c.carer)).scalar_subquery()
