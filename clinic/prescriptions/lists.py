"""Favourites and sets as pages show them, and the clinic's medicines and rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import fold
from clinic.prescriptions.models import Favourite, Medicine, PrescriptionRule, PrescriptionSet
from clinic.prescriptions.policy import own_practitioner

LISTED = 500


@dataclass(frozen=True, kw_only=True)
class SetShown:
    """A set in a list: ``own`` is one's own, the others are the clinic's."""

    id: int
    name: str
    own: bool
    count: int


@dataclass(frozen=True, kw_only=True)
class OwnLists:
    """What somebody writes from: the sets they may use, and the names they starred."""

    sets: list[SetShown]
    starred: frozenset[str]


def key_of(name: str) -> str:
    """A medicine's name as favourites are told apart by."""
    return fold(name)[:200]


def own_lists(actor: Actor, facility_id: int) -> OwnLists:
    """The sets and stars of somebody who prescribes. One statement."""
    mine = own_practitioner(actor)
    shown = func.jsonb_build_object(
        "id", PrescriptionSet.id,
        "name", PrescriptionSet.name,
        "own", PrescriptionSet.practitioner_id.is_not(None),
        "count", func.jsonb_array_length(PrescriptionSet.lines),
    )  # fmt: skip
    sets = (
        select(func.jsonb_agg(aggregate_order_by(shown, PrescriptionSet.search_name, PrescriptionSet.id)))
        .where(*_usable(actor, [facility_id]))
        .scalar_subquery()
    )
    stars = (
        select(func.jsonb_agg(Favourite.search_name))
        .where(Favourite.practitioner_id == mine)
        .scalar_subquery()
    )
    found, starred = db.session.execute(select(sets, stars)).one()
    return OwnLists(sets=[SetShown(**row) for row in found or []], starred=frozenset(starred or ()))


def sets_of(actor: Actor, facility_ids: Sequence[int]) -> list[PrescriptionSet]:
    """The sets somebody may use: their own, and those of these facilities; by name."""
    return list(
        db.session.scalars(
            select(PrescriptionSet)
            .where(*_usable(actor, facility_ids))
            .order_by(PrescriptionSet.search_name, PrescriptionSet.id)
            .limit(LISTED)
        )
    )


def get_set(actor: Actor, set_id: int, facility_ids: Sequence[int]) -> PrescriptionSet:
    """One set somebody may use. Raises NotFound."""
    found = db.session.scalars(
        select(PrescriptionSet).where(PrescriptionSet.id == set_id, *_usable(actor, facility_ids))
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such set."))
    return found


def favourites_of(actor: Actor) -> list[Favourite]:
    """The lines somebody starred, by name."""
    return list(
        db.session.scalars(
            select(Favourite)
            .where(Favourite.practitioner_id == own_practitioner(actor))
            .order_by(Favourite.search_name)
            .limit(LISTED)
        )
    )


def rules() -> list[PrescriptionRule]:
    """All rules, those that are looked for first."""
    return list(
        db.session.scalars(
            select(PrescriptionRule).order_by(PrescriptionRule.active.desc(), PrescriptionRule.id)
        )
    )


def get_rule(rule_id: int) -> PrescriptionRule:
    """One rule. Raises NotFound."""
    found = db.session.get(PrescriptionRule, rule_id)
    if found is None:
        raise NotFound(_("There is no such rule."))
    return found


def medicines() -> list[Medicine]:
    """The clinic's list, by name."""
    return list(
        db.session.scalars(
            select(Medicine).order_by(Medicine.active.desc(), func.lower(Medicine.name)).limit(LISTED)
        )
    )


def get_medicine(medicine_id: int) -> Medicine:
    """One medicine of the list. Raises NotFound."""
    found = db.session.get(Medicine, medicine_id)
    if found is None:
        raise NotFound(_("There is no such medicine."))
    return found


def _usable(actor: Actor, facility_ids: Sequence[int]) -> list[Any]:
    return [
        PrescriptionSet.removed_at.is_(None),
        or_(
            PrescriptionSet.practitioner_id == own_practitioner(actor),
            PrescriptionSet.practitioner_id.is_(None) & PrescriptionSet.facility_id.in_(facility_ids),
        ),
    ]
