"""What a patient has, as a note says it, and the code lists it can be named from."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, InGroup, Instant, Key


class CodeSystemName(StrEnum):
    """The lists a diagnosis can be coded from; ``own`` is the clinic's."""

    ICD10 = "icd10"
    NAMASTE = "namaste"
    TM2 = "tm2"
    OWN = "own"


_SYSTEMS = "'icd10', 'namaste', 'tm2', 'own'"


class CodeSystem(Base):
    """A code list as it was last brought in: which edition, under which licence, from which file."""

    __tablename__ = "code_systems"
    __table_args__ = (CheckConstraint(f"code IN ({_SYSTEMS})", name="code_known"),)
    code: Mapped[str] = mapped_column(primary_key=True)
    list_version: Mapped[str] = mapped_column(default="", server_default="")
    licence: Mapped[str] = mapped_column(default="", server_default="")
    file_name: Mapped[str] = mapped_column(default="", server_default="")
    imported_at: Mapped[Instant]
    imported_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Code(Base):
    """One line of a code list. ``term`` is its Sanskrit name; ``search_text`` is every word it is found by,
    folded: a trigger keeps ``code_words`` in step. A code that left its list is no longer ``active``.
    """

    __tablename__ = "codes"
    __table_args__ = (
        UniqueConstraint("system", "code", name="uq_codes_system_code"),
        CheckConstraint(
            r"CASE system WHEN 'icd10' THEN code ~ '^[A-Z]\d\d(\.\d{1,2})?$' "
            r"WHEN 'namaste' THEN code ~ '^[A-Z]{1,4}-\d+(\.\d+)*$' "
            "WHEN 'tm2' THEN code ~ '^S[K-T][0-9][0-9A-Z]$' "
            "ELSE length(code) BETWEEN 1 AND 40 END",
            name="code_shape",
        ),
        CheckConstraint("length(display) BETWEEN 1 AND 500", name="display"),
        Index(
            "ix_codes_code_prefix",
            sql("lower(code) text_pattern_ops"),
            postgresql_where=sql("active"),
        ),
    )
    id: Mapped[Key]
    system: Mapped[str] = mapped_column(ForeignKey("code_systems.code"))
    code: Mapped[str]
    display: Mapped[str]
    display_hi: Mapped[str] = mapped_column(default="", server_default="")
    term: Mapped[str] = mapped_column(default="", server_default="")
    synonyms: Mapped[str] = mapped_column(default="", server_default="")
    search_text: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True, server_default=sql("true"))
    list_version: Mapped[str] = mapped_column(default="", server_default="")


class CodeWord(Base):
    """One word a code in use is found by. Triggers on ``codes`` write them, nothing else does."""

    __tablename__ = "code_words"
    __table_args__ = (Index("ix_code_words_code", "code_id"),)
    word: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    code_id: Mapped[int] = mapped_column(primary_key=True)


class Diagnosis(Base, InGroup, Created):
    """One diagnosis of a note, in free words or from a code list; locked with the note by a trigger.

    The code, its words and the edition of its list are kept as they were, whatever the list says later.
    """

    __tablename__ = "diagnoses"
    __table_args__ = (
        CheckConstraint("length(text) BETWEEN 1 AND 300", name="text"),
        CheckConstraint("status IN ('provisional', 'final')", name="status_known"),
        CheckConstraint("(system IS NULL) = (code IS NULL)", name="code_with_its_system"),
        CheckConstraint(f"system IN ({_SYSTEMS})", name="system_known"),
        Index("ix_diagnoses_note", "note_id", "position", "id"),
        Index("ix_diagnoses_patient", "patient_id", "id"),
        Index("uq_diagnoses_primary", "note_id", unique=True, postgresql_where=sql("is_primary")),
        Index("uq_diagnoses_once", "note_id", sql("lower(text)"), sql("coalesce(code, '')"), unique=True),
        Index(
            "ix_diagnoses_own_words",
            "facility_id",
            sql("lower(text) text_pattern_ops"),
            postgresql_where=sql("code IS NULL"),
        ),
    )
    id: Mapped[Key]
    note_id: Mapped[int] = mapped_column(ForeignKey("notes.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    text: Mapped[str]
    system: Mapped[str | None]
    code: Mapped[str | None]
    code_display: Mapped[str] = mapped_column(default="", server_default="")
    list_version: Mapped[str] = mapped_column(default="", server_default="")
    status: Mapped[str] = mapped_column(default="provisional", server_default="provisional")
    is_primary: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    position: Mapped[int] = mapped_column(SmallInteger)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
