"""What is known of a patient's health: dated, said by somebody, corrected by a new row and never overwritten.

A row that no longer holds is ended, once: ``stopped`` (it is over), ``replaced`` (a later row names it in
``replaces_id``) or ``error`` (it never was true; ``ended_reason`` says what was wrong). A practitioner's
``confirmed_at`` is set once, on what a patient said. A trigger refuses every other change.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from clinic.core.db import Base, Created, Instant, Key

SOURCE = "source IN ('patient', 'staff', 'intake')"
ENDED = (
    "(ended_why IS NULL OR ended_at IS NOT NULL) AND ended_why IN ('stopped', 'replaced', 'error') "
    "AND (ended_why <> 'error' OR length(coalesce(ended_reason, '')) BETWEEN 1 AND 300)"
)
PRECISION = "IN ('year', 'month', 'day')"
KINDS = ("conditions", "surgeries", "family_histories", "lifestyles", "pregnancies")


class Kept:
    """How rows of the health profile are kept. ``replaces_id`` names the row that this one puts right."""

    id: Mapped[Key]
    source: Mapped[str]
    said_on: Mapped[date]
    ended_at: Mapped[Instant | None]
    ended_why: Mapped[str | None]
    ended_reason: Mapped[str | None]
    confirmed_at: Mapped[Instant | None]

    @declared_attr
    def patient_id(cls) -> Mapped[int]:  # noqa: N805
        return mapped_column(ForeignKey("patients.id"))

    @declared_attr
    def recorded_by(cls) -> Mapped[int | None]:  # noqa: N805
        return mapped_column(ForeignKey("users.id"))

    @declared_attr
    def ended_by(cls) -> Mapped[int | None]:  # noqa: N805
        return mapped_column(ForeignKey("users.id"))

    @declared_attr
    def confirmed_by(cls) -> Mapped[int | None]:  # noqa: N805
        return mapped_column(ForeignKey("users.id"))

    @declared_attr
    def replaces_id(cls) -> Mapped[int | None]:  # noqa: N805
        return mapped_column(ForeignKey(f"{cls.__tablename__}.id"))  # type: ignore[attr-defined]


class Clinical(Kept):
    """Rows that only whoever treats the patient reads, and the facility whose patient it is."""

    @declared_attr
    def facility_id(cls) -> Mapped[int]:  # noqa: N805
        return mapped_column(ForeignKey("facilities.id"))


def _rules(table: str, **checks: str) -> tuple[CheckConstraint | UniqueConstraint | Index, ...]:
    """The rules every table has, and its own."""
    return (
        CheckConstraint(SOURCE, name="source_known"),
        CheckConstraint(ENDED, name="ended_says_why"),
        *(CheckConstraint(rule, name=name) for name, rule in checks.items()),
        UniqueConstraint("replaces_id", name=f"uq_{table}_replaces"),
        Index(f"ix_{table}_patient", "patient_id", "id"),
    )


class Condition(Base, Clinical, Created):
    """An illness: since when, how it stands, what is done about it. ``code`` is of ``code_system``."""

    __tablename__ = "conditions"
    __table_args__ = _rules(
        "conditions",
        name="length(name) BETWEEN 1 AND 200",
        status_known="status IN ('active', 'remission', 'resolved')",
        since_precision=f"(since IS NULL) = (since_precision IS NULL) AND since_precision {PRECISION}",
        since_not_to_come="since <= said_on",
        treatment="length(treatment) <= 500",
        treated_by="length(treated_by) <= 200",
        code="(code IS NULL) = (code_system IS NULL) AND length(code) BETWEEN 1 AND 40",
    )
    name: Mapped[str]
    status: Mapped[str] = mapped_column(default="active")
    since: Mapped[date | None]
    since_precision: Mapped[str | None]
    treatment: Mapped[str | None]
    treated_by: Mapped[str | None]
    code_system: Mapped[str | None]
    code: Mapped[str | None]


class Surgery(Base, Clinical, Created):
    """An operation: when, and where."""

    __tablename__ = "surgeries"
    __table_args__ = _rules(
        "surgeries",
        operation="length(operation) BETWEEN 1 AND 200",
        done_precision=f"(done_on IS NULL) = (done_precision IS NULL) AND done_precision {PRECISION}",
        done_not_to_come="done_on <= said_on",
        place="length(place) <= 200",
        remark="length(remark) <= 500",
    )
    operation: Mapped[str]
    done_on: Mapped[date | None]
    done_precision: Mapped[str | None]
    place: Mapped[str | None]
    remark: Mapped[str | None]


class FamilyHistory(Base, Clinical, Created):
    """An illness of somebody the patient descends from, or of another relative."""

    __tablename__ = "family_histories"
    __table_args__ = _rules(
        "family_histories",
        relation_known=(
            "relation IN ('mother', 'father', 'sibling', 'child', 'grandparent', 'aunt_or_uncle', 'other')"
        ),
        condition="length(condition) BETWEEN 1 AND 200",
        remark="length(remark) <= 500",
    )
    relation: Mapped[str]
    condition: Mapped[str]
    remark: Mapped[str | None]


class Lifestyle(Base, Clinical, Created):
    """How somebody lives: a choice for each, and words beside it. One row holds at a time."""

    __tablename__ = "lifestyles"
    __table_args__ = (
        *_rules(
            "lifestyles",
            diet_known="diet IN ('vegetarian', 'eggs', 'mixed', 'vegan')",
            sleep_known="sleep IN ('sound', 'broken', 'little', 'much')",
            activity_known="activity IN ('little', 'moderate', 'much')",
            tobacco_known="tobacco IN ('never', 'former', 'smokes', 'chews')",
            alcohol_known="alcohol IN ('never', 'former', 'sometimes', 'daily')",
            bowel_known="bowel IN ('regular', 'constipated', 'loose', 'changing')",
            words="length(concat(diet_words, sleep_words, activity_words, tobacco_words, alcohol_words, "
            "bowel_words)) <= 1800",
            something="num_nonnulls(diet, sleep, activity, tobacco, alcohol, bowel, diet_words, sleep_words, "
            "activity_words, tobacco_words, alcohol_words, bowel_words) > 0",
        ),
        Index("uq_lifestyles_holds", "patient_id", unique=True, postgresql_where="ended_at IS NULL"),
    )
    diet: Mapped[str | None]
    diet_words: Mapped[str | None]
    sleep: Mapped[str | None]
    sleep_words: Mapped[str | None]
    activity: Mapped[str | None]
    activity_words: Mapped[str | None]
    tobacco: Mapped[str | None]
    tobacco_words: Mapped[str | None]
    alcohol: Mapped[str | None]
    alcohol_words: Mapped[str | None]
    bowel: Mapped[str | None]
    bowel_words: Mapped[str | None]


class Pregnancy(Base, Clinical, Created):
    """Whether somebody is pregnant or nursing, as asked on a day; the due date is reckoned from ``lmp``, the
    first day of the last period. One row holds at a time.
    """

    __tablename__ = "pregnancies"
    __table_args__ = (
        *_rules(
            "pregnancies",
            status_known="status IN ('pregnant', 'not_pregnant', 'unknown', 'lactating')",
            lmp_not_to_come="lmp <= said_on",
            remark="length(remark) <= 500",
        ),
        Index("uq_pregnancies_holds", "patient_id", unique=True, postgresql_where="ended_at IS NULL"),
    )
    status: Mapped[str]
    lmp: Mapped[date | None]
    remark: Mapped[str | None]


class AllergyVersion(Base):
    """What an allergy said before it was changed. Written by a trigger, whoever changes it; append-only."""

    __tablename__ = "allergy_versions"
    __table_args__ = (Index("ix_allergy_versions_allergy", "allergy_id", "id"),)
    id: Mapped[Key]
    allergy_id: Mapped[int] = mapped_column(ForeignKey("allergies.id"))
    substance: Mapped[str]
    category: Mapped[str | None]
    criticality: Mapped[str | None]
    reaction: Mapped[str | None]
    severity: Mapped[str | None]
    status: Mapped[str]
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    until: Mapped[Instant]
