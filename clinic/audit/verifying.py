"""Verifying what was sealed: every batch, every row, and the heads that are kept outside the database."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import func, select

from clinic.audit.batches import HEADS, keys
from clinic.audit.models import AuditBatch, AuditCheck, AuditEvent
from clinic.audit.sealing import (
    ENTRY_BYTES,
    FIRST_PREVIOUS,
    ROW_FIELDS,
    Head,
    Keys,
    batch_mac,
    row_mac,
    unpack,
)
from clinic.audit.signals import verification_failed
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.core.files import FileMissing, StoreAway, store

BATCHES_AT_ONCE, ROWS_AT_ONCE = 500, 10_000
HEADS_COMPARED = 20
"""Of the heads in the store, the newest are read: each batch names the one before, back to the first."""
_COLUMNS = tuple(getattr(AuditEvent, name) for name in ROW_FIELDS)


class Finding(StrEnum):
    """What can be wrong."""

    ROW_ALTERED = "row_altered"
    ROW_REMOVED = "row_removed"
    ROW_INSERTED = "row_inserted"
    BATCH_ALTERED = "batch_altered"
    BATCH_REMOVED = "batch_removed"
    BATCHES_CUT_OFF = "batches_cut_off"
    HEAD_DIFFERS = "head_differs"
    KEY_UNKNOWN = "key_unknown"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a verification went through, and the first thing that is wrong, if anything is.

    ``last_id`` is the last row that is sealed, ``unsealed`` how many were written after it: changes to those
    cannot be seen. ``heads`` is how many heads from outside were compared, None where they could not be read.
    """

    batches: int = 0
    rows: int = 0
    last_id: int = 0
    sealed_until: datetime | None = None
    unsealed: int = 0
    heads: int | None = None
    finding: Finding | None = None
    batch: int | None = None
    event_id: int | None = None

    @property
    def good(self) -> bool:
        return self.finding is None


class _Wrong(Exception):
    def __init__(self, finding: Finding, *, batch: int, event_id: int | None = None) -> None:
        self.finding, self.batch, self.event_id = finding, batch, event_id


class Heads(Protocol):
    """Heads kept outside the database, by number, the newest first."""

    def newest(self, count: int) -> list[Mapping[str, Any]]:
        """The ``count`` newest heads. Raises StoreAway."""


class StoredHeads:
    """The heads this installation wrote into its store."""

    def newest(self, count: int) -> list[Mapping[str, Any]]:
        """See Heads."""
        found = sorted(store().keys(HEADS), key=_number_in, reverse=True)[:count]
        heads = []
        for key in found:
            try:
                heads.append(json.loads(store().read(key)))
            except FileMissing:
                continue
        return heads


class CopiedHeads:
    """Heads copied into a folder, all of them compared."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self, count: int) -> list[Mapping[str, Any]]:  # noqa: ARG002
        """See Heads."""
        found = sorted(self._folder.glob("*.json"), key=lambda path: _number_in(path.name), reverse=True)
        return [json.loads(path.read_text()) for path in found]


def verify(heads: Heads | None = None, *, alive: Callable[[int], None] = lambda _rows: None) -> Result:
    """Go through everything sealed, in the order of the batches, and stop at the first thing that is wrong.

    Rows are read in runs of batches, so memory stays bounded however many there are; ``alive`` is told how
    many were verified after each run. ``heads`` are this store's unless given.
    """
    known, progress = keys(), _Progress()
    try:
        for run in _runs():
            _verify_run(run, known, progress)
            alive(progress.rows)
        compared = _compare(heads or StoredHeads(), progress)
    except _Wrong as wrong:
        result = replace(progress.result(), finding=wrong.finding, batch=wrong.batch, event_id=wrong.event_id)
    else:
        result = replace(progress.result(), heads=compared)
    with unit_of_work():
        after = select(func.count()).select_from(AuditEvent).where(AuditEvent.id > result.last_id)
        return replace(result, unsealed=db.session.scalar(after) or 0)


def check() -> AuditCheck:
    """Verify, and keep what was found."""
    started = clock.now()
    result = verify()
    with unit_of_work() as session:
        row = AuditCheck(
            started_at=started,
            finished_at=clock.now(),
            good=result.good,
            batches=result.batches,
            rows=result.rows,
            last_id=result.last_id,
            finding=result.finding,
            batch=result.batch,
            event_id=result.event_id,
            heads_read=result.heads is not None,
        )
        session.add(row)
        session.flush()
        if not result.good:
            verification_failed.send(row)
    return row


@dataclass
class _Progress:
    """How far a verification has come."""

    number: int = 0
    last_id: int = 0
    mac: bytes = FIRST_PREVIOUS
    rows: int = 0
    sealed_until: datetime | None = None

    def result(self) -> Result:
        return Result(
            batches=self.number, rows=self.rows, last_id=self.last_id, sealed_until=self.sealed_until
        )


def _runs() -> Iterator[list[Any]]:
    """The batches in order, as many at a time as hold some thousands of rows."""
    after = 0
    while True:
        with unit_of_work():
            counts = db.session.execute(
                select(AuditBatch.number, AuditBatch.count)
                .where(AuditBatch.number > after)
                .order_by(AuditBatch.number)
                .limit(BATCHES_AT_ONCE)
            ).all()
            if not counts:
                return
            rows, last = 0, counts[0].number
            for number, count in counts:
                rows += count
                if rows > ROWS_AT_ONCE:
                    break
                last = number
            columns = AuditBatch.__table__.columns
            within = AuditBatch.number.between(after + 1, last)
            run = list(db.session.execute(select(*columns).where(within).order_by(AuditBatch.number)))
        yield run
        after = last


def _verify_run(run: Sequence[Any], known: Keys, progress: _Progress) -> None:
    """Verify batches that follow what was verified before. Raises _Wrong."""
    within = [AuditEvent.id <= run[-1].last_id]
    if progress.number:
        within.append(AuditEvent.id > progress.last_id)
    with unit_of_work():
        rows = db.session.execute(select(*_COLUMNS).where(*within).order_by(AuditEvent.id)).mappings().all()
    ahead = iter(rows)
    row = next(ahead, None)
    for batch in run:
        key = _key_of(batch, known, progress)
        wrong = (
            None if _as_sealed(batch, key, progress) else _Wrong(Finding.BATCH_ALTERED, batch=batch.number)
        )
        for event_id, mac in unpack(bytes(batch.row_macs)):
            found = _compared(row, event_id, mac, key)
            if found is not None:
                raise _named(wrong, found, batch.number)
            progress.rows += 1
            row = next(ahead, None)
        if row is not None and row["id"] <= batch.last_id:
            raise _named(wrong, (Finding.ROW_INSERTED, row["id"]), batch.number)
        if wrong is not None:
            raise wrong
        progress.number, progress.last_id, progress.mac = batch.number, batch.last_id, bytes(batch.mac)
        progress.sealed_until = batch.sealed_at


def _named(wrong: _Wrong | None, found: tuple[Finding, int], number: int) -> _Wrong:
    """What is wrong with a row; of a batch that is wrong itself, at which of its rows it shows."""
    return _Wrong(wrong.finding if wrong else found[0], batch=number, event_id=found[1])


def _compared(row: Any, event_id: int, mac: bytes, key: bytes) -> tuple[Finding, int] | None:
    """What is wrong with the next row, and which one it is, where ``event_id`` was sealed with ``mac``."""
    if row is None or row["id"] > event_id:
        return Finding.ROW_REMOVED, event_id
    if row["id"] < event_id:
        return Finding.ROW_INSERTED, row["id"]
    return None if hmac.compare_digest(row_mac(key, row), mac) else (Finding.ROW_ALTERED, event_id)


def _key_of(batch: Any, known: Keys, progress: _Progress) -> bytes:
    """The key of the batch that has to come next. Raises _Wrong."""
    expected = progress.number + 1
    if batch.number != expected:
        raise _Wrong(Finding.BATCH_REMOVED, batch=expected, event_id=progress.last_id + 1)
    key = known.of(batch.key_id)
    if key is None:
        raise _Wrong(Finding.KEY_UNKNOWN, batch=batch.number)
    return key


def _as_sealed(batch: Any, key: bytes, progress: _Progress) -> bool:
    """Whether a batch says what it was sealed with, and follows the one before."""
    head = Head(
        number=batch.number,
        first_id=batch.first_id,
        last_id=batch.last_id,
        count=batch.count,
        sealed_at=batch.sealed_at,
        previous_mac=bytes(batch.previous_mac),
        key_id=batch.key_id,
    )
    row_macs = bytes(batch.row_macs)
    return (
        hmac.compare_digest(batch_mac(key, head, row_macs), bytes(batch.mac))
        and len(row_macs) == ENTRY_BYTES * batch.count
        and bytes(batch.previous_mac) == progress.mac
        and batch.first_id == progress.last_id + 1
    )


def _compare(heads: Heads, progress: _Progress) -> int | None:
    """Compare heads kept outside with the batches here; how many, or None while their place does not answer.

    Raises _Wrong.
    """
    try:
        outside = heads.newest(HEADS_COMPARED)
    except StoreAway:
        return None
    numbers = [int(head["number"]) for head in outside]
    with unit_of_work():
        macs = {
            row.number: bytes(row.mac)
            for row in db.session.execute(
                select(AuditBatch.number, AuditBatch.mac).where(AuditBatch.number.in_(numbers))
            )
        }
    for head in sorted(outside, key=lambda head: int(head["number"])):
        number = int(head["number"])
        if number not in macs:
            raise _Wrong(Finding.BATCHES_CUT_OFF, batch=progress.number + 1, event_id=progress.last_id + 1)
        if macs[number].hex() != head["mac"]:
            raise _Wrong(Finding.HEAD_DIFFERS, batch=number)
    return len(outside)


def _number_in(name: str) -> int:
    digits = re.match(r"\d+", name.removeprefix(HEADS))
    return int(digits.group()) if digits else 0
