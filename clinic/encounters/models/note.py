"""A practitioner's note on a visit, its templates, and what was added after signing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from clinic.core.db import Base, Created, InGroup, Instant, Key
from clinic.encounters.models.retraction import NoteRetraction
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment


class NoteTemplate(Base, Created):
    """One version of the sections and fields a note is written in. ``layout`` is the data a form is drawn
    from.

    What came with the product is ``shipped``; what a clinic made is its own. A version is a draft until it is
    published, then locked by a trigger: it may only go out of use (``active``) and come back.
    """

    __tablename__ = "note_templates"
    __table_args__ = (
        UniqueConstraint("code", "version", name="uq_note_templates_code_version"),
        CheckConstraint("origin IN ('shipped', 'clinic')", name="origin_known"),
        CheckConstraint("(origin = 'clinic') = (facility_id IS NOT NULL)", name="clinic_has_place"),
        CheckConstraint(
            "NOT active OR (published_at IS NOT NULL AND retired_at IS NULL)", name="active_is_published"
        ),
        CheckConstraint("length(name) BETWEEN 1 AND 120", name="name_length"),
        Index("uq_note_templates_draft", "code", unique=True, postgresql_where=text("published_at IS NULL")),
        Index("ix_note_templates_facility", "facility_id", "code"),
    )
    id: Mapped[Key]
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facilities.id"))
    origin: Mapped[str] = mapped_column(default="shipped", server_default="shipped")
    code: Mapped[str]
    version: Mapped[int] = mapped_column(SmallInteger, default=1)
    name: Mapped[str]
    schema: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    layout: Mapped[dict[str, Any]] = mapped_column(JSONB)
    active: Mapped[bool] = mapped_column(default=True)
    based_on_id: Mapped[int | None] = mapped_column(ForeignKey("note_templates.id"))
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    """Counts the changes of a draft, so that two people do not overwrite each other."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[Instant | None]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    retired_at: Mapped[Instant | None]
    retired_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Snippet(Base, InGroup, Created):
    """Words used again and again: typed by a short word, put into a note in full. A person's own or a
    clinic's; one that was removed is kept to be brought back.
    """

    __tablename__ = "snippets"
    __table_args__ = (
        CheckConstraint("(owner_id IS NULL) <> (facility_id IS NULL)", name="one_owner"),
        CheckConstraint("length(word) BETWEEN 1 AND 24", name="word_length"),
        CheckConstraint("length(text) BETWEEN 1 AND 4000", name="text_length"),
        Index(
            "uq_snippets_owner_word",
            "owner_id",
            "word",
            unique=True,
            postgresql_where=text("owner_id IS NOT NULL AND removed_at IS NULL"),
        ),
        Index(
            "uq_snippets_facility_word",
            "facility_id",
            "word",
            unique=True,
            postgresql_where=text("facility_id IS NOT NULL AND removed_at IS NULL"),
        ),
    )
    id: Mapped[Key]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facilities.id"))
    word: Mapped[str]
    text: Mapped[str]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    removed_at: Mapped[Instant | None]


class Note(Base, InGroup, Created):
    """A practitioner's note on a visit: a draft until signed, then locked for good by a trigger.

    ``body`` maps the template's field codes to what was typed. ``version`` counts saves, so that a second
    tab cannot overwrite the first unseen. ``printed`` holds what copies show of people and places as it was
    at the signature (``clinic.encounters.printed``); a trigger asks for it. Notes signed before it was kept
    have none.
    """

    __tablename__ = "notes"
    __table_args__ = (
        UniqueConstraint("appointment_id", "practitioner_id", name="uq_notes_appointment_practitioner"),
        CheckConstraint("status IN ('draft', 'signed')", name="status_known"),
        CheckConstraint("(status = 'signed') = (signed_at IS NOT NULL)", name="signed_has_time"),
        CheckConstraint("(signed_at IS NULL) = (signed_by IS NULL)", name="signed_has_signer"),
        CheckConstraint("shared_at IS NULL OR status = 'signed'", name="shared_when_signed"),
        CheckConstraint(
            "printed IS NULL OR (status = 'signed' AND jsonb_typeof(printed) = 'object')",
            name="printed_when_signed",
        ),
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
    saved_page: Mapped[str | None]
    """The random name of the browser page that saved last, and which of its saves that was."""
    saved_turn: Mapped[int | None]
    signed_at: Mapped[Instant | None]
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    printed: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    shared_at: Mapped[Instant | None]
    if TYPE_CHECKING:
        last_mark: Mapped[int]
        """The number of its last retraction, 0 for none; read with the note."""
    appointment: Mapped[Appointment] = relationship()
    patient: Mapped[Patient] = relationship()
    practitioner: Mapped[Practitioner] = relationship()
    template: Mapped[NoteTemplate] = relationship()

    @hybrid_property
    def retracted(self) -> bool:
        """Whether it is marked as entered in error."""
        return self.last_mark % 2 == 1


Note.last_mark = column_property(
    func.coalesce(
        select(NoteRetraction.number)
        .where(NoteRetraction.note_id == Note.id)
        .order_by(NoteRetraction.number.desc())
        .limit(1)
        .correlate_except(NoteRetraction)
        .scalar_subquery(),
        0,
    )
)


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
