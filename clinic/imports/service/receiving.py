"""A file arrives: it is kept as it came, and a worker is asked to read it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, insert, select

from clinic.audit import service as audit
from clinic.core import clock, queue
from clinic.core.access import Actor
from clinic.core.db import after_commit, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import locale_tag
from clinic.core.text import one_line
from clinic.facilities.models import Facility
from clinic.imports import policy
from clinic.imports.models import Import, ImportChunk, ImportRow, ImportState
from clinic.imports.reading import MOST_BYTES

TASK = "clinic.imports.tasks.carry_on"
LONGEST_SECONDS = 3_600
PIECE = 1024 * 1024


def receive(
    actor: Actor, facility: Facility, *, kind: str, file_name: str, pieces: Iterable[bytes]
) -> Import:
    """Keep a file and have it read. Raises Forbidden, or Invalid for an empty or too large file."""
    if not policy.can_import(actor, kind, facility.id):
        raise Forbidden(_("You may not bring in this list."))
    row = Import(
        facility_id=facility.id,
        group_id=facility.group_id,
        kind=kind,
        file_name=one_line(file_name)[:200] or "?",
        locale=locale_tag(),
        counted_from=clock.today(facility.zone),
        created_by=actor.user_id,
        acting_id=actor.user_id,
        beat_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    _keep(row.id, pieces)
    audit.record(
        actor,
        "import.received",
        subject_type="import",
        subject_id=row.id,
        facility_id=facility.id,
        detail={"kind": kind},
    )
    ask_worker(row.id)
    return row


def read_again(actor: Actor, row: Import, *, sheet: str) -> None:
    """Read another sheet of the same workbook. Raises Conflict when it is too late, Invalid for no sheet."""
    sheets = (row.shape or {}).get("sheets", [])
    if row.state != ImportState.MAPPING:
        raise Conflict(_("This file has been read."))
    if sheet not in sheets:
        raise Invalid(_("There is no such sheet."), field="sheet")
    db.session.execute(delete(ImportRow).where(ImportRow.import_id == row.id))
    row.shape = {**(row.shape or {}), "sheet": sheet}
    begin(actor, row, ImportState.READING)
    audit.record(
        actor, "import.read_again", subject_type="import", subject_id=row.id, facility_id=row.facility_id
    )


def begin(actor: Actor, row: Import, state: ImportState) -> None:
    """Give an import to the worker for its next step, to be taken in the name of ``actor``."""
    row.state, row.why = state, None
    row.acting_id = actor.user_id
    row.attempt += 1
    row.done = 0
    row.beat_at = clock.now()
    db.session.flush()
    ask_worker(row.id)


def ask_worker(import_id: int) -> None:
    """Put an import on the queue once the change is safe; the clock does it again where that was lost."""
    after_commit(lambda: queue.enqueue(TASK, import_id, priority=queue.LONG, longest_seconds=LONGEST_SECONDS))


def pieces_of(import_id: int) -> Iterable[bytes]:
    """The file as it was sent, a piece at a time."""
    number = 0
    while True:
        data = db.session.scalar(
            select(ImportChunk.data).where(ImportChunk.import_id == import_id, ImportChunk.number == number)
        )
        if data is None:
            return
        yield bytes(data)
        number += 1


def _keep(import_id: int, pieces: Iterable[bytes]) -> None:
    size = 0
    for number, piece in enumerate(pieces):
        size += len(piece)
        if size > MOST_BYTES:
            raise Invalid(_("The file is larger than %(max)d MB.", max=MOST_BYTES // 1_000_000), field="file")
        db.session.execute(insert(ImportChunk).values(import_id=import_id, number=number, data=piece))
    if not size:
        raise Invalid(_("The file is empty."), field="file")
