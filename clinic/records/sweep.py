"""What the clock does for files: asks the scanner again, and lets go of what belongs to nothing.

A file without a row is what a crash between the store and the database left behind; it is younger than an
hour while its row is still being written. A row without its file cannot come of a crash, for the file is
there first: it is only told of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy import delete, func, select, union_all

from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.core.files import FileMissing, Kept, StoreAway, store
from clinic.core.periodic import every
from clinic.records.keeping import PREFIX, forget
from clinic.records.models import Paper, PendingUpload, Scan
from clinic.records.scanning import Verdict, scan
from clinic.records.service.adding import write_down

log = structlog.get_logger(__name__)
KEPT_FOR = timedelta(hours=1)
AT_A_TIME = 20
"""So many files is the scanner asked about in one round."""
UNANSWERED = 3
"""After so many files in a row without an answer the scanner is taken to be away until the next round."""
BATCH = 500


def connect() -> None:
    """Register the work that comes round."""
    every(60, "papers.scan_again", scan_again)
    every(600, "papers.let_go", let_go_of_pending)
    every(6 * 3_600, "papers.orphans", let_go_of_orphans)


def scan_again() -> int:
    """Ask the scanner about papers that wait for it; how many it has decided.

    They come in any order, so that those about which nothing can be said (the file is missing, or the
    scanner does not answer about it) keep no other waiting for good.
    """
    with unit_of_work():
        waiting = db.session.execute(
            select(Paper.id, Paper.stem, Paper.media_type)
            .where(Paper.scan == Scan.PENDING)
            .order_by(func.random())
            .limit(BATCH)
        ).all()
    asked = decided = unanswered = 0
    for paper_id, stem, media_type in waiting:
        try:
            data = store().read(Paper(stem=stem, media_type=media_type).key)
        except FileMissing:
            continue
        except StoreAway:
            break
        asked += 1
        verdict = scan(data)
        unanswered = unanswered + 1 if verdict is Verdict.AWAY else 0
        if verdict is not Verdict.AWAY:
            decided += _decide(paper_id, verdict)
        if asked == AT_A_TIME or unanswered == UNANSWERED:
            break
    return decided


def _decide(paper_id: int, verdict: Verdict) -> int:
    with unit_of_work():
        paper = db.session.scalar(
            select(Paper).where(Paper.id == paper_id, Paper.scan == Scan.PENDING).with_for_update()
        )
        if paper is None:
            return 0
        clean = verdict is Verdict.CLEAN
        paper.scan, paper.scanned_at = Scan.CLEAN if clean else Scan.REFUSED, clock.now()
        write_down(SYSTEM, paper, "scanned", {"scan": paper.scan})
        stem = paper.stem
    if not clean:
        forget([stem])
    return 1


def let_go_of_pending() -> int:
    """Forget files chosen in forms that were never sent; how many."""
    with unit_of_work():
        gone = delete(PendingUpload).where(PendingUpload.created_at < clock.now() - KEPT_FOR)
        stems = list(db.session.scalars(gone.returning(PendingUpload.stem)))
    forget(stems)
    return len(stems)


def let_go_of_orphans() -> int:
    """Delete files that no row knows of and that are older than an hour; how many."""
    found = 0
    for kept in orphans():
        if kept.changed_at < clock.now() - KEPT_FOR:
            store().delete(kept.key)
            found += 1
    if found:
        log.info("files_let_go", count=found)
    return found


def orphans() -> Iterator[Kept]:
    """Files of papers in the store that belong to no row, whatever their age."""
    batch: list[Kept] = []
    for kept in store().listing(f"{PREFIX}/"):
        batch.append(kept)
        if len(batch) == BATCH:
            yield from _unknown(batch)
            batch = []
    yield from _unknown(batch)


@dataclass
class Missing:
    """Rows whose file is not in the store, by paper."""

    paper_ids: list[int] = field(default_factory=list)


def missing() -> Missing:
    """Papers whose file should be in the store and is not."""
    found = Missing()
    rows = db.session.execute(
        select(Paper.id, Paper.stem, Paper.media_type).where(Paper.scan != Scan.REFUSED).order_by(Paper.id)
    )
    for paper_id, stem, media_type in rows:
        try:
            store().size(Paper(stem=stem, media_type=media_type).key)
        except FileMissing:
            found.paper_ids.append(paper_id)
    return found


def _unknown(batch: Iterable[Kept]) -> Iterator[Kept]:
    by_stem: dict[str, list[Kept]] = {}
    for kept in batch:
        by_stem.setdefault(kept.key.rpartition("/")[0], []).append(kept)
    known = _known(by_stem)
    for stem, kept_ones in by_stem.items():
        if stem not in known:
            yield from kept_ones


def _known(stems: Collection[str]) -> set[str]:
    if not stems:
        return set()
    with unit_of_work():
        rows = union_all(
            select(Paper.stem).where(Paper.stem.in_(stems), Paper.scan != Scan.REFUSED),
            select(PendingUpload.stem).where(PendingUpload.stem.in_(stems)),
        )
        return set(db.session.scalars(rows))
