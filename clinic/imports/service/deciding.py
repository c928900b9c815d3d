"""What a person does with an import: name the columns, mend lines, decide, bring in, stop, take back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import delete, select, update

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.facilities.queries import get_facility
from clinic.imports.kinds import Context, Kind, Touched
from clinic.imports.kinds.base import LINE, field_of
from clinic.imports.models import (
    Decision,
    Import,
    ImportChunk,
    ImportRow,
    ImportState,
    Outcome,
)
from clinic.imports.queries import kind_of, to_write
from clinic.imports.service.checking import ACCEPTED, check_line
from clinic.imports.service.lines import store_lines
from clinic.imports.service.receiving import begin
from clinic.imports.values import Order

LONGEST_TYPED = 20_000
KEPT_FOR = timedelta(days=90)
"""How long the lines of a file are kept after it was last worked on."""
OPEN = (ImportState.MAPPING, ImportState.READY)


def context_of(actor: Actor, row: Import) -> Context:
    """What lines of an import are looked at against, on behalf of ``actor``."""
    facility = get_facility(row.facility_id)
    return Context.of(row, facility, actor, today=clock.today(facility.zone))


def confirm_mapping(actor: Actor, row: Import, mapping: Sequence[str], *, day_order: str) -> None:
    """Say what the columns are, and have the lines looked at.

    Raises Invalid for fields named twice or needed and missing, Conflict when lines were written.
    """
    _must_be(row, *OPEN)
    kind = kind_of(row)
    headings = list((row.shape or {}).get("headings", []))
    chosen = [name if field_of(kind, name) else "" for name in mapping][: len(headings)]
    chosen += [""] * (len(headings) - len(chosen))
    _check_mapping(kind, chosen)
    if day_order not in tuple(Order):
        raise Invalid(_("Say how days are written."), field="day_order")
    row.mapping, row.day_order = chosen, day_order
    begin(actor, row, ImportState.CHECKING)
    _record(actor, row, "import.mapped")


def change_mapping(actor: Actor, row: Import) -> None:
    """Go back to the columns. Raises Conflict when lines were written already."""
    _must_be(row, ImportState.READY, ImportState.FAILED)
    if row.shape is None or row.committed_at is not None:
        raise Conflict(_("This file can no longer be changed."))
    row.state, row.why = ImportState.MAPPING, None
    _record(actor, row, "import.reopened")


def mend(actor: Actor, row: Import, line: ImportRow, typed: Mapping[str, str]) -> None:
    """Take what was typed instead of cells, and look at the line again. "" means that the cell is empty."""
    _must_be(row, ImportState.READY)
    _must_be_open(line)
    kind = kind_of(row)
    mended = dict(line.mended)
    for name, text in typed.items():
        if name == ACCEPTED:
            mended[ACCEPTED] = "yes"
        elif field_of(kind, name):
            mended[name] = clean(text).strip()[:LONGEST_TYPED]
    line.mended = mended
    check_line(row, context_of(actor, row), line)
    _touch(row)
    _record(actor, row, "import.line_mended", line=line.number)


def decide(actor: Actor, row: Import, line: ImportRow, decision: str) -> None:
    """Say what becomes of a line that is, or may be, somebody already known. "" takes the decision back."""
    _must_be(row, ImportState.READY)
    _must_be_open(line)
    allowed = {
        Outcome.DUPLICATE: {*Decision},
        Outcome.PRESENT: {Decision.FILL, Decision.REPLACE, Decision.LEAVE},
    }.get(Outcome(line.outcome or Outcome.NEW), set())
    if decision and decision not in allowed:
        raise Invalid(_("Choose one of these."), field="decision")
    line.decision = decision or None
    store_lines([line])
    _touch(row)
    _record(actor, row, "import.line_decided", line=line.number, decision=decision or "none")


def decide_all(actor: Actor, row: Import, decision: str) -> int:
    """The same decision for all lines that wait for one; how many did."""
    _must_be(row, ImportState.READY)
    if decision not in (Decision.FILL, Decision.ADD, Decision.LEAVE):
        raise Invalid(_("Choose one of these."), field="decision")
    decided = db.session.execute(
        update(ImportRow)
        .where(
            ImportRow.import_id == row.id,
            ImportRow.outcome == Outcome.DUPLICATE,
            ImportRow.decision.is_(None),
            ImportRow.written_at.is_(None),
        )
        .values(decision=decision)
        .returning(ImportRow.number)
        .execution_options(synchronize_session=False)
    ).all()
    _touch(row)
    _record(actor, row, "import.lines_decided", lines=len(decided), decision=decision)
    return len(decided)


def leave_out(actor: Actor, row: Import, name: str, *, leave: bool) -> None:
    """Take lines without the value of a field where it is wrong, or refuse such lines again."""
    _must_be(row, ImportState.READY)
    known = field_of(kind_of(row), name)
    if name != LINE and (known is None or not known.may_be_left_out):
        raise Invalid(_("Without this a line cannot be taken."))
    row.lenient = sorted({*row.lenient, name} if leave else {*row.lenient} - {name})
    begin(actor, row, ImportState.CHECKING)
    _record(actor, row, "import.left_out")


def commit(actor: Actor, row: Import) -> None:
    """Have everything that is agreed brought in. Raises Conflict when there is nothing."""
    _must_be(row, ImportState.READY)
    any_line = db.session.query(ImportRow.number).where(ImportRow.import_id == row.id, to_write()).first()
    if any_line is None:
        raise Conflict(_("There is nothing to bring in yet."))
    begin(actor, row, ImportState.COMMITTING)
    _record(actor, row, "import.started")


def stop(actor: Actor, row: Import) -> None:
    """Stop: while lines are being brought in nothing of them stays; before that the import is put aside.

    Raises Conflict when it is too late.
    """
    if row.state == ImportState.COMMITTING:
        row.state, row.why = ImportState.READY, _("Stopped. Nothing was written.")
        row.attempt += 1
    elif row.state in (ImportState.READING, ImportState.CHECKING, *OPEN, ImportState.FAILED):
        row.state = ImportState.DONE if row.committed_at is not None else ImportState.CANCELLED
        row.attempt += 1
    else:
        raise Conflict(_("It is too late to stop this."))
    row.done = min(row.done, row.total)
    db.session.flush()
    _record(actor, row, "import.stopped")


def go_on(actor: Actor, row: Import) -> None:
    """Take an import up again: one that was put aside, or the lines of another that were not brought in."""
    _must_be(row, ImportState.DONE, ImportState.UNDONE, ImportState.CANCELLED)
    if row.cleared_at is not None:
        raise Conflict(_("The lines of this file are no longer kept."))
    if row.shape is None:
        begin(actor, row, ImportState.READING)
    elif row.state == ImportState.CANCELLED and not _looked_at(row):
        row.state = ImportState.MAPPING
    else:
        begin(actor, row, ImportState.CHECKING)
    _record(actor, row, "import.reopened")


def _looked_at(row: Import) -> bool:
    """Whether the columns were confirmed and the lines looked at."""
    checked = select(ImportRow.number).where(ImportRow.import_id == row.id, ImportRow.outcome.is_not(None))
    return db.session.scalar(select(checked.exists())) or False


def undo(actor: Actor, row: Import) -> list[Touched]:
    """Have an import taken back. Returns what stands in the way; then nothing is done."""
    _must_be(row, ImportState.DONE)
    if row.cleared_at is not None:
        raise Conflict(_("The lines of this file are no longer kept."))
    touched = kind_of(row).worked_on(context_of(actor, row))
    if touched:
        return touched
    row.undone_by = actor.user_id
    begin(actor, row, ImportState.UNDOING)
    _record(actor, row, "import.undo_started")
    return []


def forget_lines(import_ids: Collection[int]) -> None:
    """Drop the file and the texts of imports; what came of them stays, and is still known again."""
    for model in (ImportChunk, ImportRow):
        db.session.execute(
            delete(model).where(model.import_id.in_(import_ids)).execution_options(synchronize_session=False)
        )
    db.session.execute(
        update(Import)
        .where(Import.id.in_(import_ids))
        .values(cleared_at=clock.now())
        .execution_options(synchronize_session="fetch")
    )


def _check_mapping(kind: Kind, chosen: Sequence[str]) -> None:
    for entry in kind.fields:
        count = chosen.count(entry.name)
        if entry.needed and not count:
            raise Invalid(_("Say which column is: %(field)s.", field=str(entry.label)), field="mapping")
        if count > 1 and entry.joiner is None:
            raise Invalid(
                _("Two columns cannot both be: %(field)s.", field=str(entry.label)), field="mapping"
            )


def _must_be(row: Import, *states: ImportState) -> None:
    if row.state not in states:
        raise Conflict(_("This import has gone on meanwhile. Reload the page."))


def _must_be_open(line: ImportRow) -> None:
    if line.written_at is not None:
        raise Conflict(_("This line has been brought in already."))


def _touch(row: Import) -> None:
    row.beat_at = clock.now()
    db.session.flush()


def _record(actor: Actor, row: Import, action: str, **detail: int | str) -> None:
    audit.record(
        actor,
        action,
        subject_type="import",
        subject_id=row.id,
        facility_id=row.facility_id,
        detail=detail,
    )
