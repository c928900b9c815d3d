"""Imports and their lines, for those who may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from clinic.accounts.models import User
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.imports import policy
from clinic.imports.kinds import KINDS, Kind
from clinic.imports.models import Decision, Import, ImportHeading, ImportRow, Outcome

PER_PAGE = 25
SHOWS = ("all", "new", "present", "changes", "duplicate", "refused", "noted", "written")


@dataclass(frozen=True, kw_only=True)
class ImportLine:
    """An import in the list of them."""

    id: int
    kind: str
    file_name: str
    state: str
    total: int
    created_at: datetime
    by: str | None
    written: int


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A field that lines were refused for: the sentences, each with its number of lines."""

    field: str
    lines: int
    sentences: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many lines an import has of each sort, and why lines were refused, the most frequent first."""

    total: int = 0
    new: int = 0
    present: int = 0
    changes: int = 0
    duplicate: int = 0
    undecided: int = 0
    refused: int = 0
    noted: int = 0
    written: int = 0
    added: int = 0
    ready: int = 0
    reasons: tuple[Reason, ...] = field(default=())


def get_import(actor: Actor, import_id: int) -> Import:
    """One import. Raises NotFound for none, and alike for one that ``actor`` may not see."""
    row = db.session.get(Import, import_id)
    if row is None or not policy.can_import(actor, row.kind, row.facility_id):
        raise NotFound(_("There is no such import."))
    return row


def lock_import(actor: Actor, import_id: int) -> Import:
    """``get_import`` with the row locked until the unit of work ends.

    Lines that a worker is adding refer to the row; the lock leaves that be, or it would wait for all of them.
    """
    row = get_import(actor, import_id)
    db.session.refresh(row, with_for_update={"key_share": True})
    return row


def kind_of(row: Import) -> Kind:
    """The kind of list an import is."""
    return KINDS[row.kind]


def recent_imports(
    actor: Actor, facility_id: int, *, before: int | None, limit: int = 20
) -> list[ImportLine]:
    """Imports of a facility, the newest first, those before an id. One statement."""
    names = [kind.name for kind in policy.kinds_for(actor)]
    written = (
        select(func.count())
        .where(ImportRow.import_id == Import.id, ImportRow.written_at.is_not(None))
        .correlate(Import)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Import.id,
            Import.kind,
            Import.file_name,
            Import.state,
            Import.total,
            Import.created_at,
            User.name.label("by"),
            written.label("written"),
        )
        .outerjoin(User, User.id == Import.created_by)
        .where(Import.facility_id == facility_id, Import.kind.in_(names), Import.id < (before or 2**62))
        .order_by(Import.id.desc())
        .limit(limit)
    )
    return [ImportLine(**row._mapping) for row in rows]


def counts_of(import_id: int) -> Counts:
    """How the lines of an import stand. Two statements."""
    unwritten = ImportRow.written_at.is_(None)

    def lines(*conditions: ColumnElement[bool]) -> Any:
        return func.count().filter(and_(*conditions))

    row = db.session.execute(
        select(
            func.count().label("total"),
            lines(ImportRow.outcome == Outcome.NEW, unwritten).label("new"),
            lines(ImportRow.outcome == Outcome.PRESENT, unwritten).label("present"),
            lines(has_changes(), unwritten).label("changes"),
            lines(ImportRow.outcome == Outcome.DUPLICATE, unwritten).label("duplicate"),
            lines(ImportRow.outcome == Outcome.DUPLICATE, ImportRow.decision.is_(None), unwritten).label(
                "undecided"
            ),
            lines(ImportRow.outcome == Outcome.REFUSED, unwritten).label("refused"),
            lines(func.jsonb_array_length(ImportRow.notes) > 0, unwritten).label("noted"),
            lines(ImportRow.written_at.is_not(None)).label("written"),
            lines(ImportRow.added.is_(True)).label("added"),
            lines(to_write(), or_(ImportRow.outcome != Outcome.PRESENT, has_changes())).label("ready"),
        ).where(ImportRow.import_id == import_id)
    ).one()
    return Counts(**row._mapping, reasons=_reasons(import_id))


def _reasons(import_id: int) -> tuple[Reason, ...]:
    """What lines were refused for, the most frequent first."""
    fault = func.jsonb_array_elements(ImportRow.faults).table_valued("value").lateral("fault")
    name, words = (fault.c.value.op("->>")(part) for part in ("field", "message"))
    rows = db.session.execute(
        select(name, words, func.count())
        .select_from(ImportRow)
        .join(fault, ImportRow.outcome == Outcome.REFUSED)
        .where(ImportRow.import_id == import_id, ImportRow.written_at.is_(None))
        .group_by(name, words)
        .order_by(func.count().desc(), name, words)
        .limit(60)
    )
    sentences: dict[str, list[tuple[str, int]]] = {}
    for field_name, message, count in rows:
        sentences.setdefault(field_name, []).append((message, count))
    reasons = [
        Reason(field=name, lines=sum(count for _words, count in said), sentences=tuple(said))
        for name, said in sentences.items()
    ]
    return tuple(sorted(reasons, key=lambda reason: -reason.lines))


def has_changes() -> ColumnElement[bool]:
    """A line of somebody who is here and of whom it knows more."""
    return and_(
        ImportRow.outcome == Outcome.PRESENT,
        or_(*(ImportRow.match.op("->")(part) != "{}" for part in ("fills", "differs"))),
    )


def to_write() -> ColumnElement[bool]:
    """The lines a person has agreed to bring in by pressing the button: none that waits or was refused."""
    return and_(
        ImportRow.written_at.is_(None),
        or_(
            ImportRow.outcome == Outcome.NEW,
            and_(ImportRow.outcome == Outcome.PRESENT, ImportRow.decision.is_distinct_from(Decision.LEAVE)),
            and_(
                ImportRow.outcome == Outcome.DUPLICATE,
                ImportRow.decision.in_((Decision.ADD, Decision.FILL, Decision.REPLACE)),
            ),
        ),
    )


def shown_lines(
    import_id: int, show: str, *, field_name: str | None = None, after: int = 0, before: int | None = None
) -> list[ImportRow]:
    """One page of lines, one more than fits, in the order of the file. ``before`` pages backwards."""
    conditions: dict[str, ColumnElement[bool]] = {
        "new": ImportRow.outcome == Outcome.NEW,
        "present": ImportRow.outcome == Outcome.PRESENT,
        "changes": has_changes(),
        "duplicate": ImportRow.outcome == Outcome.DUPLICATE,
        "refused": ImportRow.outcome == Outcome.REFUSED,
        "noted": func.jsonb_array_length(ImportRow.notes) > 0,
    }
    query = select(ImportRow).where(ImportRow.import_id == import_id)
    if show == "written":
        query = query.where(ImportRow.written_at.is_not(None))
    elif show in conditions:
        query = query.where(conditions[show], ImportRow.written_at.is_(None))
    if field_name is not None:
        query = query.where(ImportRow.faults.contains([{"field": field_name}]))
    if before is not None:
        query = query.where(ImportRow.number < before).order_by(ImportRow.number.desc())
        return list(db.session.scalars(query.limit(PER_PAGE + 1)))[::-1]
    query = query.where(ImportRow.number > after).order_by(ImportRow.number)
    return list(db.session.scalars(query.limit(PER_PAGE + 1)))


def get_line(import_id: int, number: int) -> ImportRow:
    """One line as it is now, apart from the session. Raises NotFound."""
    row = db.session.get(ImportRow, (import_id, number), populate_existing=True)
    if row is None:
        raise NotFound(_("There is no such line."))
    db.session.expunge(row)
    return row


def get_lines(import_id: int, numbers: Sequence[int]) -> list[ImportRow]:
    """Lines by their numbers."""
    if not numbers:
        return []
    return list(
        db.session.scalars(
            select(ImportRow).where(ImportRow.import_id == import_id, ImportRow.number.in_(numbers))
        )
    )


def samples_of(import_id: int, columns: int, *, lines: int = 200) -> list[list[str]]:
    """Some cells of each column."""
    rows = db.session.scalars(
        select(ImportRow.cells)
        .where(ImportRow.import_id == import_id)
        .order_by(ImportRow.number)
        .limit(lines)
    ).all()
    return [[cells[place] for cells in rows if place < len(cells)] for place in range(columns)]


def remembered_headings(facility_id: int, kind: str) -> dict[str, str]:
    """The field each heading was said to fill before."""
    rows = db.session.execute(
        select(ImportHeading.heading, ImportHeading.field).where(
            ImportHeading.facility_id == facility_id, ImportHeading.kind == kind
        )
    )
    return dict(rows.tuples().all())


def same_contact(import_id: int, contacts: Sequence[str]) -> dict[str, list[int]]:
    """The lines of the file that share a mobile, by mobile; at most 50 each are looked at."""
    if not contacts:
        return {}
    column: InstrumentedAttribute[Any] = ImportRow.match_contact
    rows = db.session.execute(
        select(column, func.array_agg(ImportRow.number))
        .where(ImportRow.import_id == import_id, column.in_(contacts))
        .group_by(column)
    )
    return {contact: sorted(numbers)[:50] for contact, numbers in rows}
