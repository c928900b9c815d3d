"""A folder of FHIR files, read in the order its resources need, written all or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import func, select, text

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Forbidden, Invalid
from clinic.core.fhir import Line, Refused, files_of, read_resources
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.facilities.queries import facility_of
from clinic.patients import policy
from clinic.patients.fhir import storing
from clinic.patients.fhir.report import ImportRefused, Report
from clinic.patients.fhir.resources import AllergyRecord, PatientRecord, allergy_record, patient_record
from clinic.patients.models import Patient
from clinic.practitioners.fhir import (
    PractitionerRecord,
    known_practitioners,
    practitioner_record,
    store_practitioners,
)
from clinic.practitioners.models import Practitioner

KINDS = ("Patient", "Practitioner", "AllergyIntolerance")
BATCH = 500
Record = TypeVar("Record")
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class _Read(Generic[Record]):
    """A record and where it stood."""

    line: Line
    record: Record


@dataclass(frozen=True, kw_only=True)
class _Import:
    """One import under way."""

    actor: Actor
    facility: Facility
    report: Report
    now: datetime
    tell: Tell


def import_folder(
    folder: Path, actor: Actor, *, accept_refused: bool = False, tell: Tell = lambda _text: None
) -> Report:
    """Bring in the Patient, Practitioner and AllergyIntolerance files of ``folder`` in one change.

    What is there already, by its identifiers, is left alone, so that a second run adds nothing. A line that
    cannot be taken stops the import with ImportRefused, after all of them were found, and nothing is written;
    with ``accept_refused`` the rest is written and the report names those lines. ``tell`` hears of the
    progress. Raises Invalid for a folder without such files, Forbidden for who may not.
    """
    if not policy.is_system(actor):
        raise Forbidden(_("Records are brought in from the command line."))
    files = [(kind, path) for kind in KINDS for path in files_of(folder, kind)]
    if not files:
        raise Invalid(
            _("There are no Patient, Practitioner or AllergyIntolerance files (.ndjson) in this folder.")
        )
    report = Report()
    with unit_of_work():
        job = _Import(actor=actor, facility=facility_of(actor), report=report, now=clock.now(), tell=tell)
        steps: dict[str, Callable[[_Import, list[Path]], None]] = {
            "Patient": _patients,
            "Practitioner": _practitioners,
            "AllergyIntolerance": _allergies,
        }
        for kind in KINDS:
            paths = [path for of_kind, path in files if of_kind == kind]
            if paths:
                steps[kind](job, paths)
        if report.refusals and not accept_refused:
            raise ImportRefused(report)
        _write_down(job)
        if report.count("Patient").added >= BATCH:
            db.session.execute(text("ANALYZE patients, patient_words, patient_identifiers, allergies"))
    return report


def _patients(job: _Import, paths: list[Path]) -> None:
    newest_before = db.session.scalar(select(func.max(Patient.id))) or 0
    today = job.now.astimezone(clock.zone(job.facility.zone)).date()
    for batch in _batches(job, "Patient", paths, lambda resource: patient_record(resource, today=today)):
        known = storing.known_patients([pair for read in batch for pair in read.record.identifiers])
        taken: set[tuple[str, str]] = set()
        fresh: list[PatientRecord] = []
        for read in batch:
            pairs = read.record.identifiers
            owners = {known[pair] for pair in pairs if pair in known}
            clash = len(owners) > 1 or any(owner > newest_before for owner in owners)
            if owners and not clash and not taken.intersection(pairs):
                job.report.count("Patient").present += 1
            elif owners or taken.intersection(pairs):
                job.report.refuse(
                    "Patient", read.line.file, read.line.number, "an identifier belongs to another patient"
                )
            else:
                taken.update(pairs)
                fresh.append(read.record)
                for note in read.record.notes:
                    job.report.note(note)
        storing.store_patients(job.actor, job.facility, fresh, job.now)
        job.report.count("Patient").added += len(fresh)
        _tell(job, "Patient")


def _practitioners(job: _Import, paths: list[Path]) -> None:
    newest_before = db.session.scalar(select(func.max(Practitioner.id))) or 0
    for batch in _batches(job, "Practitioner", paths, practitioner_record):
        known = known_practitioners([pair for read in batch for pair in read.record.identifiers])
        taken: set[tuple[str, str]] = set()
        fresh: list[PractitionerRecord] = []
        for read in batch:
            pairs = read.record.identifiers
            owners = {known[pair] for pair in pairs if pair in known}
            clash = len(owners) > 1 or any(owner > newest_before for owner in owners)
            if owners and not clash and not taken.intersection(pairs):
                job.report.count("Practitioner").present += 1
            elif owners or taken.intersection(pairs):
                job.report.refuse(
                    "Practitioner",
                    read.line.file,
                    read.line.number,
                    "an identifier belongs to another practitioner",
                )
            else:
                taken.update(pairs)
                fresh.append(read.record)
        store_practitioners(fresh, group_id=job.facility.group_id, now=job.now)
        job.report.count("Practitioner").added += len(fresh)
        _tell(job, "Practitioner")


def _allergies(job: _Import, paths: list[Path]) -> None:
    """Lines that say "none known" come last: they count only where nothing else is known by then."""
    count = job.report.count("AllergyIntolerance")
    none_known: dict[int, datetime] = {}
    for batch in _batches(job, "AllergyIntolerance", paths, allergy_record):
        patients = storing.known_patients([read.record.patient for read in batch])
        fresh: list[tuple[int, AllergyRecord]] = []
        for read in batch:
            patient_id = patients.get(read.record.patient)
            if patient_id is None:
                job.report.refuse(
                    "AllergyIntolerance",
                    read.line.file,
                    read.line.number,
                    "its patient is neither in these files nor in the register",
                )
            elif read.record.none_known:
                none_known[patient_id] = read.record.recorded_at or job.now
            elif read.record.nothing:
                job.report.note(f"allergy left out: {read.record.nothing}")
            else:
                fresh.append((patient_id, read.record))
        added = storing.store_allergies(fresh, job.now)
        count.added += added
        count.present += len(fresh) - added
        _tell(job, "AllergyIntolerance")
    for patient_id, asked_at in none_known.items():
        if storing.store_none_known(patient_id, asked_at):
            count.added += 1
        else:
            count.present += 1


def _batches(
    job: _Import, kind: str, paths: list[Path], record_of: Callable[[dict[str, Any]], Record]
) -> Iterator[list[_Read[Record]]]:
    """The records of the files in batches; lines that are none are refused on the way."""
    records = _records(job, kind, paths, record_of)
    while batch := list(islice(records, BATCH)):
        yield batch
        db.session.expunge_all()


def _records(
    job: _Import, kind: str, paths: list[Path], record_of: Callable[[dict[str, Any]], Record]
) -> Iterator[_Read[Record]]:
    seen: set[int] = set()
    count = job.report.count(kind)
    for path in paths:
        for line in read_resources(path, kind):
            count.read += 1
            try:
                if line.resource is None:
                    raise Refused(line.refusal or "cannot be read")
                record = record_of(line.resource)
                key = hash(line.resource["id"])
                if key in seen:
                    raise Refused("the same id stood in an earlier line")
                seen.add(key)
            except Refused as refusal:
                job.report.refuse(kind, line.file, line.number, refusal.reason)
                continue
            yield _Read(line=line, record=record)


def _tell(job: _Import, kind: str) -> None:
    count = job.report.count(kind)
    job.tell(f"{kind}: {count.read} read, {count.added} added")


def _write_down(job: _Import) -> None:
    audit.record(
        job.actor,
        "records.imported",
        subject_type="import",
        facility_id=job.facility.id,
        detail={
            kind: {"added": count.added, "present": count.present, "refused": count.refused}
            for kind, count in job.report.counts.items()
        },
    )
