"""A practitioner's note on a visit, its templates, and what was added after signing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Created, InGroup, Instant, Key
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment


class NoteTemplate(Base, Created):
    """The sections and fields a note is written in. ``layout`` is the data a form is drawn from."""

    __tablename__ = "note_templates"
    __table_args__ = (UniqueConstraint("code", "version", name="uq_note_templates_code_version"),)
    id: Mapped[Key]
    code: Mapped[str]
    version: Mapped[int] = mapped_column(SmallInteger, default=1)
    name: Mapped[str]
    layout: Mapped[dict[str, Any]] = mapped_column(JSONB)
    active: Mapped[bool] = mapped_column(default=True)


class Note(Base, InGroup, Created):
    """A practitioner's note on a visit: a draft until signed, then locked for good by a trigger.

    ``body`` maps the template's field codes to what was typed. ``version`` counts saves, so that a second
    tab cannot overwrite the first unseen.
    """

    __tablename__ = "notes"
    __table_args__ = (
        UniqueConstraint("appointment_id", "practitioner_id", name="uq_notes_appointment_practitioner"),
        CheckConstraint("status IN ('draft', 'signed')", name="status_known"),
        CheckConstraint("(status = 'signed') = (signed_at IS NOT NULL)", name="signed_has_time"),
        CheckConstraint("(signed_at IS NULL) = (signed_by IS NULL)", name="signed_has_signer"),
        Index("ix_notes_patient", "patient_id", "id"),
        Index("ix_notes_practitioner_status", "practitioner_id", "status"),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    template_id: Mapped[int] = mapped_column(ForeignKey("note_templates.id"))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    status: Mapped[str] = mapped_column(default="draft")
    version: Mapped[int] = mapped_column(default=1)
    saved_at: Mapped[Instant]
    saved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    signed_at: Mapped[Instant | None]
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    shared_at: Mapped[Instant | None]
    appointment: Mapped[Appointment] = relationship()
    patient: Mapped[Patient] = relationship()
    practitioner: Mapped[Practitioner] = relationship()
    template: Mapped[NoteTemplate] = relationship()


class NoteConflict(Base, Created):
    """What a tab held when another had saved before it: kept until somebody has chosen."""

    __tablename__ = "note_conflicts"
    __table_args__ = (Index("ix_note_conflicts_note", "note_id", "id"),)
    id: Mapped[Key]
    note_id: Mapped[int] = mapped_column(ForeignKey("notes.id"))
    based_on_version: Mapped[int]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    vitals: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    saved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    settled_at: Mapped[Instant | None]


class Addendum(Base, Created):
    """Something added to a signed note. Never changed, never removed."""

    __tablename__ = "addenda"
    __table_args__ = (Index("ix_addenda_note", "note_id", "id"),)
    id: Mapped[Key]
    note_id: Mapped[int] = mapped_column(ForeignKey("notes.id"))
    text: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author_name: Mapped[str]
