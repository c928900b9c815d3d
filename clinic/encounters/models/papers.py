"""Papers attached to a note."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Created
from clinic.records.models import Paper


class NotePaper(Base, Created):
    """A paper that a note refers to. Once the note is signed a trigger keeps what is attached as it is."""

    __tablename__ = "note_papers"
    __table_args__ = (
        PrimaryKeyConstraint("note_id", "paper_id", name="pk_note_papers"),
        Index("ix_note_papers_paper", "paper_id"),
    )
    note_id: Mapped[int] = mapped_column(ForeignKey("notes.id"))
    paper_id: Mapped[int] = mapped_column(ForeignKey("papers.id"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    paper: Mapped[Paper] = relationship()
