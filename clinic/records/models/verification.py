"""Copies on paper that somebody else can check."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, InGroup, Key


class VerifiableCopy(Base, InGroup, Created):
    """A document as it stood when its code was made. Never changed, never removed: a trigger refuses both.

    ``kind`` and ``subject_id`` name the document, ``digest`` (SHA-256 in hex) is what it said; ``code`` is 12
    characters of Crockford's alphabet, without hyphens.
    """

    __tablename__ = "verifiable_copies"
    __table_args__ = (
        UniqueConstraint("code", name="uq_verifiable_copies_code"),
        UniqueConstraint("kind", "subject_id", "digest", name="uq_verifiable_copies_subject_digest"),
        CheckConstraint("code ~ '^[0-9A-HJKMNP-TV-Z]{12}$'", name="code_shape"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest_shape"),
        Index("ix_verifiable_copies_patient", "patient_id"),
    )
    id: Mapped[Key]
    code: Mapped[str]
    kind: Mapped[str]
    subject_id: Mapped[int]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    digest: Mapped[str]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
