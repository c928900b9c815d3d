"""A patient's papers in their record: what is said of each, and the files themselves as far as they fit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.files import FileMissing, store
from clinic.records.models import EXTENSIONS, Paper, Scan
from clinic.records.policy import papers_in_sight

MOST_BYTES = 50 * 1000 * 1000
"""Files beyond these are listed and not packed; the latest go first."""


def papers(actor: Actor, patient_id: int) -> list[dict[str, Any]]:
    """What is said of each paper the reader may open, latest first; ``file`` is its name in the bundle."""
    room = MOST_BYTES
    listed = []
    for paper in _every(actor, patient_id):
        fits = paper.scan == Scan.CLEAN and paper.size <= room
        room -= paper.size if fits else 0
        listed.append(
            {
                "kind": paper.kind,
                "title": paper.title,
                "description": paper.description,
                "document_date": paper.document_date,
                "doctor": paper.practitioner.name if paper.practitioner else paper.doctor,
                "added_at": paper.created_at,
                "source": paper.source,
                "file_name": paper.file_name,
                "media_type": paper.media_type,
                "bytes": paper.size,
                "verified_at": paper.verified_at,
                "entered_in_error_at": paper.removed_at,
                "file": _name(paper) if fits else None,
            }
        )
    return listed


def paper_files(actor: Actor, patient_id: int) -> dict[str, bytes]:
    """The files that are packed, by their names there."""
    room = MOST_BYTES
    found = {}
    for paper in _every(actor, patient_id):
        if paper.scan != Scan.CLEAN or paper.size > room:
            continue
        room -= paper.size
        try:
            found[_name(paper)] = store().read(paper.key)
        except FileMissing:
            continue
    return found


def _every(actor: Actor, patient_id: int) -> list[Paper]:
    found = select(Paper).where(Paper.patient_id == patient_id, papers_in_sight(actor))
    return list(db.session.scalars(found.order_by(Paper.id.desc()).options(joinedload(Paper.practitioner))))


def _name(paper: Paper) -> str:
    return f"papers/{paper.id}.{EXTENSIONS[paper.media_type]}"
