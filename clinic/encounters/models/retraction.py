"""A signed note that should not have been written, said so without changing it."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Key


class NoteRetraction(Base, Created):
    """A note marked as entered in error, or taken up again: in turns, by ``number`` from 1. Never changed,
    never removed; the last one says how the note stands.
    """

    __tablename__ = "note_retractions"
    __table_args__ = (
        UniqueConstraint("note_id", "number", name="uq_note_retractions_note_number"),
        CheckConstraint("kind IN ('entered_in_error', 'reinstated')", name="kind_known"),
        CheckConstraint("(number % 2 = 1) = (kind = 'entered_in_error')", name="in_turns"),
        CheckConstraint("length(reason) BETWEEN 1 AND 1000", name="reason"),
    )
    id: Mapped[Key]
    note_id: Mapped[int] = mapped_column(ForeignKey("notes.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str]
    reason: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author_name: Mapped[str]
