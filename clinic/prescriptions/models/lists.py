"""What prescriptions are written from: the clinic's medicines, favourites, sets, and the rules that check."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, InGroup, Instant, Key
from clinic.prescriptions.models.prescription import one_of

CONDITIONS = ("always", "pregnancy", "lactation", "younger", "older", "condition")


class Medicine(Base, InGroup, Created):
    """A medicine of the clinic's list and how it is usually given; the shipped ones are a proposal.

    ``usual`` is a line's texts by field (``clinic.prescriptions.line_text``), ``search_name`` the folded name
    and other names.
    """

    __tablename__ = "medicines"
    __table_args__ = (
        CheckConstraint(one_of("kind", ("general", "ayurvedic")), name="kind_known"),
        CheckConstraint("length(name) BETWEEN 1 AND 200", name="name_length"),
        UniqueConstraint("code", name="uq_medicines_code"),
        UniqueConstraint("kind", "name", name="uq_medicines_name"),
        Index("ix_medicines_search_name", "search_name"),
    )
    id: Mapped[Key]
    code: Mapped[str | None]
    kind: Mapped[str]
    name: Mapped[str]
    other_names: Mapped[str] = mapped_column(default="", server_default="")
    search_name: Mapped[str] = mapped_column(Text(collation="C"))
    ingredients: Mapped[str] = mapped_column(default="", server_default="")
    usual: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    changed_at: Mapped[Instant | None]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Favourite(Base, Created):
    """A line one practitioner starred: it comes first while they type."""

    __tablename__ = "prescription_favourites"
    __table_args__ = (
        UniqueConstraint("practitioner_id", "search_name", name="uq_prescription_favourites_once"),
    )
    id: Mapped[Key]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    name: Mapped[str]
    search_name: Mapped[str] = mapped_column(Text(collation="C"))
    line: Mapped[dict[str, Any]] = mapped_column(JSONB)


class PrescriptionSet(Base, Created):
    """Lines that go together under a name: one practitioner's, or the whole facility's."""

    __tablename__ = "prescription_sets"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        Index(
            "uq_prescription_sets_own",
            "practitioner_id",
            "search_name",
            unique=True,
            postgresql_where=text("practitioner_id IS NOT NULL AND removed_at IS NULL"),
        ),
        Index(
            "uq_prescription_sets_shared",
            "facility_id",
            "search_name",
            unique=True,
            postgresql_where=text("practitioner_id IS NULL AND removed_at IS NULL"),
        ),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioners.id"))
    name: Mapped[str]
    search_name: Mapped[str] = mapped_column(Text(collation="C"))
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    texts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    removed_at: Mapped[Instant | None]


class PrescriptionRule(Base, InGroup, Created):
    """What is looked for in a line, for whom, and what is said: data that a clinic changes.

    A line is meant where its kalpana is among ``kalpanas`` or its words hold one of ``words`` (all lines
    where both are empty), and one of ``words_with`` too if there are any, and none of ``unless``. ``years``
    is the age below or above which ``younger`` and ``older`` hold, ``patient_words`` what a ``condition`` is
    called.
    """

    __tablename__ = "prescription_rules"
    __table_args__ = (
        UniqueConstraint("code", name="uq_prescription_rules_code"),
        CheckConstraint(one_of("level", ("block", "warn")), name="level_known"),
        CheckConstraint(one_of("condition", CONDITIONS), name="condition_known"),
        CheckConstraint("years BETWEEN 0 AND 120", name="years"),
        CheckConstraint("(condition IN ('younger', 'older')) = (years IS NOT NULL)", name="age_has_years"),
        CheckConstraint("length(message) BETWEEN 1 AND 300", name="message_length"),
    )
    id: Mapped[Key]
    code: Mapped[str]
    level: Mapped[str] = mapped_column(default="warn")
    condition: Mapped[str] = mapped_column(default="always")
    years: Mapped[int | None] = mapped_column(SmallInteger)
    kalpanas: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    words: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    words_with: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    unless: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    patient_words: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    message: Mapped[str]
    message_hi: Mapped[str] = mapped_column(default="", server_default="")
    shipped: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    changed_at: Mapped[Instant | None]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
