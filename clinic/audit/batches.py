"""Sealing by the clock: what was written since the last time goes into batches, and their heads go outside.

A row counts as written once its transaction is over. Whoever writes audit rows holds a lock, shared, from
before a row has its id until its transaction ends (a trigger takes it), and the sealer takes the same lock
alone, for a moment, to read the highest id: every lower one is then committed, or never will be. So no row
turns up later within a range that was sealed, and an id that was given out in vain is simply not counted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from clinic.audit.models import AuditBatch, AuditEvent
from clinic.audit.sealing import FIRST_PREVIOUS, ROW_FIELDS, Head, Keys, batch_mac, instant, pack
from clinic.config import Settings
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.core.files import FileMissing, StoreAway, store
from clinic.core.periodic import every

log = structlog.get_logger(__name__)
SEAL_EVERY = 60
"""Seconds between two looks at what is new."""
ROWS_PER_BATCH = 1_000
HEADS = "audit-heads/"
_COLUMNS = tuple(getattr(AuditEvent, name) for name in ROW_FIELDS)
_ALONE = text("SELECT pg_advisory_xact_lock(1401, 1)")
_WAIT = text("SET LOCAL lock_timeout = '250ms'")


def connect() -> None:
    """Register the work that comes round."""
    every(SEAL_EVERY, "audit.seal", seal_new)


def keys() -> Keys:
    """The keys this installation seals and verifies with."""
    settings: Settings = current_app.extensions["settings"]
    return Keys(settings.audit_keys)


def seal_new() -> int:
    """Seal every row whose transaction is over; how many batches were made.

    No batch is made while somebody's transaction goes on for longer than a quarter of a second: the next time
    will do, and nobody waits for it.
    """
    until = _written_until()
    if until is None:
        return 0
    known, made = keys(), 0
    while (batch := _seal_next(known, until)) is not None:
        made += 1
        _write_head(batch)
    if not made:
        _mend_head()
    return made


def newest() -> AuditBatch | None:
    """The batch sealed last."""
    return db.session.scalars(select(AuditBatch).order_by(AuditBatch.number.desc()).limit(1)).first()


def head_key(number: int) -> str:
    """Where a batch's head lies outside the database."""
    return f"{HEADS}{number}.json"


def _written_until() -> int | None:
    """The highest id of the rows written; None where a transaction that writes some does not end."""
    try:
        with unit_of_work():
            db.session.execute(_WAIT)
            db.session.execute(_ALONE)
            highest = db.session.scalar(select(AuditEvent.id).order_by(AuditEvent.id.desc()).limit(1))
    except OperationalError as busy:
        if getattr(busy.orig, "pgcode", None) != "55P03":
            raise
        log.info("audit_seal_put_off")
        return None
    return highest or 0


def _seal_next(known: Keys, until: int) -> dict[str, Any] | None:
    """Make one batch of what follows the last; what is kept of it outside, or None where nothing is left."""
    with unit_of_work():
        before = newest()
        first_id = before.last_id + 1 if before else 1
        rows = _rows(first_id, until)
        if not rows:
            return None
        head = Head(
            number=before.number + 1 if before else 1,
            first_id=first_id,
            last_id=rows[-1]["id"],
            count=len(rows),
            sealed_at=clock.now(),
            previous_mac=before.mac if before else FIRST_PREVIOUS,
            key_id=known.current,
        )
        key = known.of(known.current)
        assert key is not None, "the key in use is among the keys"
        row_macs = pack(key, rows)
        batch = AuditBatch(
            number=head.number,
            first_id=head.first_id,
            last_id=head.last_id,
            count=head.count,
            sealed_at=head.sealed_at,
            previous_mac=head.previous_mac,
            key_id=head.key_id,
            row_macs=row_macs,
            mac=batch_mac(key, head, row_macs),
        )
        db.session.add(batch)
        return outside(batch)


def _rows(first_id: int, until: int) -> Sequence[Any]:
    found = (
        select(*_COLUMNS)
        .where(AuditEvent.id >= first_id, AuditEvent.id <= until)
        .order_by(AuditEvent.id)
        .limit(ROWS_PER_BATCH)
    )
    return db.session.execute(found).mappings().all()


def outside(batch: AuditBatch) -> dict[str, Any]:
    """What is kept of a batch outside the database."""
    return {
        "number": batch.number,
        "last_id": batch.last_id,
        "count": batch.count,
        "sealed_at": instant(batch.sealed_at),
        "key_id": batch.key_id,
        "mac": batch.mac.hex(),
    }


def _write_head(head: dict[str, Any]) -> None:
    """Put a head into the store and into the log. One already there is never written over."""
    log.info("audit_sealed", number=head["number"], last_id=head["last_id"], mac=head["mac"])
    key = head_key(head["number"])
    try:
        try:
            store().size(key)
            key = f"{HEADS}{head['number']}-{head['mac'][:16]}.json"
            log.error("audit_head_exists", number=head["number"])
        except FileMissing:
            pass
        store().put(key, json.dumps(head, sort_keys=True).encode(), content_type="application/json")
    except StoreAway as failure:
        log.error("audit_head_not_kept", number=head["number"], error=type(failure).__name__)


def _mend_head() -> None:
    """Write the newest head once more where the store was away when it was sealed."""
    with unit_of_work():
        batch = newest()
        head = outside(batch) if batch else None
    if head is None:
        return
    try:
        store().size(head_key(head["number"]))
    except FileMissing:
        _write_head(head)
    except StoreAway:
        pass
