"""A file on its way into the clinic's records: the import, its lines, what is remembered for the next."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import clock
from clinic.core.db import Base, Created, InGroup, Instant, Key


class ImportState(StrEnum):
    """Where an import stands. ``WORKING`` ones are a worker's to carry on; the others wait for a person."""

    READING = "reading"
    MAPPING = "mapping"
    CHECKING = "checking"
    READY = "ready"
    COMMITTING = "committing"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"
    CANCELLED = "cancelled"


WORKING = (ImportState.READING, ImportState.CHECKING, ImportState.COMMITTING, ImportState.UNDOING)


SILENT = timedelta(seconds=20)
"""After this an import that should be moving has lost its worker, or its job."""


class Outcome(StrEnum):
    """What becomes of a line: added, already here, maybe the same as another, or refused."""

    NEW = "new"
    PRESENT = "present"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Decision(StrEnum):
    """What a person said about a line that could be somebody already known.

    ``fill`` adds what is missing in the record, ``replace`` lets the file win where both say something,
    ``add`` makes another record, ``leave`` takes nothing from the line.
    """

    ADD = "add"
    FILL = "fill"
    REPLACE = "replace"
    LEAVE = "leave"


def _one_of(column: str, values: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


class Import(Base, InGroup, Created):
    """One file brought in by somebody.

    ``shape`` is how the file is written and ``mapping`` the field each column fills, "" for none. Ages count
    from ``counted_from`` where a line has no first visit. ``lenient`` names fields whose wrong values are
    left out instead of refusing the line. ``done`` of ``total`` lines is how far the present step has come;
    ``beat_at`` is when it last moved. ``attempt`` counts the steps begun: a worker still at an earlier one
    finds another number, and gives up what it did. ``acting_id`` is who asked for the present step: it is
    taken with their rights, and in their name.
    """

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(_one_of("state", ImportState), name="state_known"),
        CheckConstraint("day_order IN ('dmy', 'mdy')", name="day_order_known"),
        CheckConstraint("done BETWEEN 0 AND total", name="done_within_total"),
        Index("ix_imports_facility_created", "facility_id", "created_at", "id"),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    kind: Mapped[str]
    file_name: Mapped[str]
    state: Mapped[str] = mapped_column(default=ImportState.READING)
    why: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="en")
    shape: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    mapping: Mapped[list[str]] = mapped_column(JSONB, default=list)
    day_order: Mapped[str] = mapped_column(default="dmy")
    counted_from: Mapped[date]
    lenient: Mapped[list[str]] = mapped_column(JSONB, default=list)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    beat_at: Mapped[Instant | None]
    attempt: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    acting_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    committed_at: Mapped[Instant | None]
    undone_at: Mapped[Instant | None]
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    cleared_at: Mapped[Instant | None]

    @property
    def is_working(self) -> bool:
        """Whether a worker has something to do."""
        return self.state in WORKING

    @property
    def is_waiting(self) -> bool:
        """Whether a worker has something to do, and has not been heard of for a while."""
        return self.is_working and (self.beat_at or self.created_at) < clock.now() - SILENT


class ImportChunk(Base):
    """A piece of the file as it was sent; gone once the file has been read and looked over."""

    __tablename__ = "import_chunks"
    __table_args__ = (PrimaryKeyConstraint("import_id", "number", name="pk_import_chunks"),)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    number: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ImportRow(Base):
    """One line of the file.

    ``cells`` are the texts as they came, ``mended`` what a person typed instead, by field. ``values`` is
    what the line says once read; ``faults`` and ``notes`` are sentences with their field. ``match`` tells
    whom the line is like: ``{"id", "line", "score", "reasons", "fills", "differs"}``. ``match_name`` and
    ``match_contact`` find lines about the same person in the same file. Once written, ``record_id`` is the
    record, ``added`` whether the line made it, ``before`` what it changed, ``version_after`` the version
    the record had then.
    """

    __tablename__ = "import_rows"
    __table_args__ = (
        PrimaryKeyConstraint("import_id", "number", name="pk_import_rows"),
        CheckConstraint(_one_of("outcome", Outcome), name="outcome_known"),
        CheckConstraint(_one_of("decision", Decision), name="decision_known"),
        CheckConstraint("(record_id IS NULL) = (written_at IS NULL)", name="written_has_record"),
        Index("ix_import_rows_record", "record_id", postgresql_where=text("record_id IS NOT NULL")),
        Index("ix_import_rows_outcome", "import_id", "outcome", "number"),
        Index("ix_import_rows_name", "import_id", "match_name", "number"),
        Index("ix_import_rows_contact", "import_id", "match_contact", "number"),
    )
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    number: Mapped[int]
    cells: Mapped[list[str]] = mapped_column(ARRAY(Text))
    flaw: Mapped[str | None]
    mended: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    fingerprint: Mapped[str | None]
    outcome: Mapped[str | None]
    faults: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)
    notes: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)
    values: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    match: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    match_name: Mapped[str | None] = mapped_column(Text(collation="C"))
    match_contact: Mapped[str | None] = mapped_column(Text(collation="C"))
    decision: Mapped[str | None]
    record_id: Mapped[int | None]
    added: Mapped[bool] = mapped_column(default=False)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    version_after: Mapped[int | None]
    written_at: Mapped[Instant | None]


class ImportedLine(Base):
    """A line once brought in is known again: the same line in another file adds nothing."""

    __tablename__ = "imported_lines"
    __table_args__ = (
        UniqueConstraint("facility_id", "kind", "fingerprint", name="uq_imported_lines_fingerprint"),
        Index("ix_imported_lines_import", "import_id"),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    kind: Mapped[str]
    fingerprint: Mapped[str]
    record_id: Mapped[int]
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"))


class ImportHeading(Base):
    """Which field a heading was said to fill the last time, "" for none."""

    __tablename__ = "import_headings"
    __table_args__ = (PrimaryKeyConstraint("facility_id", "kind", "heading", name="pk_import_headings"),)
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    kind: Mapped[str]
    heading: Mapped[str]
    field: Mapped[str]


class CodeUpload(Base, Created):
    """A code list's file between the look at it and the word that it comes in; a day later it is gone."""

    __tablename__ = "code_uploads"
    id: Mapped[Key]
    system: Mapped[str]
    file_name: Mapped[str]
    list_version: Mapped[str] = mapped_column(default="", server_default="")
    licence: Mapped[str] = mapped_column(default="", server_default="")
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
