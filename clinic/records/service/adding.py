"""Papers come into a record: rows for files that are in the store already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.patients.models import Patient
from clinic.records import policy
from clinic.records.models import Paper, PaperKind, PaperSource, Scan
from clinic.records.wording import kind_word

LONGEST_TITLE = 200


@dataclass(frozen=True, kw_only=True)
class FileIn:
    """A file that was looked over and stands in the store under ``stem``: what its row says of it."""

    stem: str
    file_name: str
    media_type: str
    size: int
    sha256: str
    pages: int | None = None
    width: int | None = None
    height: int | None = None
    scan: str = Scan.PENDING
    scanned_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Details:
    """What is said of papers as they come in; an empty title is the kind's word."""

    kind: str
    title: str = ""
    description: str | None = None
    document_date: date | None = None
    practitioner_id: int | None = None
    doctor: str | None = None
    shared: bool = True


@dataclass(frozen=True, kw_only=True)
class Added:
    """What became of them: new papers, and those the record had already."""

    papers: list[Paper] = field(default_factory=list)
    known: list[Paper] = field(default_factory=list)


def add_papers(
    actor: Actor,
    patient: Patient,
    files: Sequence[FileIn],
    details: Details,
    *,
    source: PaperSource,
    facility_id: int | None = None,
) -> Added:
    """Put files into the patient's record. The same file (by its bytes) is not added twice, save by a
    household that may not know that the clinic has it: to them it is new, and so it stands there twice.

    Raises Forbidden for who may not, Conflict when the same file came in at the same moment.
    """
    if not policy.can_add(actor, patient):
        raise Forbidden(_("You cannot add papers for this patient."))
    known = {paper.sha256: paper for paper in known_already(actor, patient.id, [one.sha256 for one in files])}
    added = Added()
    for one in files:
        if one.sha256 in known:
            added.known.append(known[one.sha256])
            continue
        paper = _paper(one, details)
        paper.patient_id, paper.facility_id = patient.id, facility_id or patient.facility_id
        paper.source, paper.uploaded_by = source, actor.user_id
        db.session.add(paper)
        added.papers.append(paper)
        known[one.sha256] = paper
    db.session.flush()
    for paper in added.papers:
        write_down(actor, paper, "uploaded", {"kind": paper.kind, "source": paper.source})
    return added


def known_already(actor: Actor, patient_id: int, sha256s: Sequence[str]) -> list[Paper]:
    """Papers of the record with the same bytes; for a household of those alone that it sees, so that no
    answer to a file tells that the clinic keeps it.
    """
    found = select(Paper).where(
        Paper.patient_id == patient_id,
        Paper.sha256.in_(sha256s),
        Paper.removed_at.is_(None),
        Paper.scan != Scan.REFUSED,
    )
    if actor.is_patient:
        found = found.where(policy.papers_in_sight(actor))
    return list(db.session.scalars(found)) if sha256s else []


def write_down(actor: Actor, paper: Paper, verb: str, detail: dict[str, object] | None = None) -> None:
    """The row that something was done to a paper."""
    audit.record(
        actor,
        f"paper.{verb}",
        subject_type="paper",
        subject_id=paper.id,
        patient_id=paper.patient_id,
        facility_id=paper.facility_id,
        detail=detail,
    )


def _paper(one: FileIn, details: Details) -> Paper:
    return Paper(
        kind=PaperKind(details.kind),
        title=details.title[:LONGEST_TITLE] or str(kind_word(details.kind)),
        description=details.description,
        document_date=details.document_date,
        practitioner_id=details.practitioner_id,
        doctor=None if details.practitioner_id else details.doctor,
        shared=details.shared,
        **vars(one),
    )


def _same_file() -> Conflict:
    return Conflict(_("This file is in the record already."), field="files")


constraint_means("uq_papers_same_file_clinic", _same_file)
constraint_means("uq_papers_same_file_household", _same_file)
