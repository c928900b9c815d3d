"""Lines of a register into the patients' records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select, text

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.names import search_forms
from clinic.imports.kinds.base import Context
from clinic.imports.kinds.known import by_itself, records_of_lines, refuse, target_of
from clinic.imports.kinds.patients.judging import changes, judge, substances_of
from clinic.imports.models import Decision, ImportRow, Outcome
from clinic.patients.details import COLUMNS, AllergyEntry, PatientDetails
from clinic.patients.models import Allergy, AllergyStatus, BirthPrecision, Patient
from clinic.patients.queries import get_patient_for_change
from clinic.patients.service import insert_patients, open_logins, update

DATES = ("birth_date", "first_visit_on", "deceased_on")
BATCH = 1_000
FARTHEST = 100_000
"""How far above the numbers given out a number in a file may be to be kept."""


def write_rows(context: Context, rows: Sequence[ImportRow]) -> None:
    """Bring lines in: new patients all at once, what is filled in one by one.

    A new line is looked at once more: who was registered or brought in since the preview is here now, and a
    line that is like somebody now waits for a person.
    """
    fresh = [row for row in rows if row.outcome == Outcome.NEW]
    if fresh:
        judge(context, fresh)
    rows = [row for row in rows if row.outcome != Outcome.DUPLICATE or row.decision is not None]
    lines = records_of_lines(context, rows)
    new: list[tuple[ImportRow, int]] = []
    known: list[tuple[ImportRow, int]] = []
    for row in rows:
        target = target_of(row, lines)
        (known if target else new).append((row, target or 0))
    _add(context, [row for row, _target in new])
    made = {row.number: row.record_id for row, _none in new}
    for row, target in known:
        _fill(context, row, made.get(-target) if target < 0 else target)
        made[row.number] = row.record_id


def open_sign_ins(context: Context) -> None:
    """A sign-in for every mobile that came in. It comes last: other people may be registering the same."""
    last = 0
    while True:
        rows = db.session.execute(
            select(ImportRow.number, ImportRow.record_id, ImportRow.values)
            .where(ImportRow.import_id == context.import_id, ImportRow.added, ImportRow.number > last)
            .order_by(ImportRow.number)
            .limit(BATCH)
        ).all()
        if not rows:
            return
        last = rows[-1].number
        living = [
            (record_id, said)
            for _number, record_id, said in rows
            if said.get("mobile") and not said.get("deceased")
        ]
        open_logins(context.actor, living, clock.now())


def columns_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a new patient that a line fills."""
    columns: dict[str, Any] = {name: said.get(name) for name in COLUMNS}
    columns |= search_forms(str(said["name"]))
    columns["phone_as_given"] = said.get("phone_as_given")
    columns["deceased"] = bool(said.get("deceased"))
    columns["deceased_on"] = said.get("deceased_on")
    for name in DATES:
        if columns[name]:
            columns[name] = date.fromisoformat(columns[name])
    return columns


def _add(context: Context, rows: Sequence[ImportRow]) -> None:
    if not rows:
        return
    now, columns = clock.now(), [columns_of(row.values) for row in rows]
    free = _free_numbers([row.values["mrn"] for row in rows if row.values.get("mrn")])
    for row, one in zip(rows, columns, strict=True):
        mrn = row.values.get("mrn")
        if mrn in free:
            free.discard(mrn)
            one["mrn"] = mrn
        elif mrn:
            one["file_number"] = one["file_number"] or mrn
        _mark_allergies(one, row.values, now)
    ids = insert_patients(context.actor, context.facility, columns, now)
    allergies = []
    for row, patient_id in zip(rows, ids, strict=True):
        row.record_id, row.added, row.written_at, row.version_after = patient_id, True, now, 1
        allergies += [
            {
                **entry,
                "patient_id": patient_id,
                "recorded_at": now,
                "recorded_by": context.actor.user_id,
                "created_at": now,
            }
            for entry in row.values.get("allergies", ())
        ]
    if allergies:
        db.session.execute(insert(Allergy), allergies)
    audit.record_many(
        context.actor,
        "patient.created",
        facility_id=context.facility.id,
        patient_ids=ids,
        detail={"import": context.import_id},
    )


def _mark_allergies(columns: dict[str, Any], said: Mapping[str, Any], now: datetime) -> None:
    status = AllergyStatus(said.get("allergy_status") or AllergyStatus.NOT_ASKED)
    active = any(entry["status"] == "active" for entry in said.get("allergies", ()))
    if status is AllergyStatus.RECORDED and not active:
        status = AllergyStatus.NOT_ASKED
    columns["allergy_status"] = str(status)
    asked = status in (AllergyStatus.NONE_KNOWN, AllergyStatus.RECORDED)
    columns["allergies_asked_at"] = now if asked else None
    columns["allergies_asked_source"] = _("the old register") if asked else None


def _free_numbers(wanted: Sequence[str]) -> set[str]:
    """Those of the clinic's numbers that nobody has; numbers given out later begin above them.

    A number far beyond those given out is somebody's slip, and would spoil all that follow: it is not taken.
    """
    if not wanted:
        return set()
    given_out = db.session.scalar(text("SELECT last_value FROM patients_mrn_seq")) or 0
    near = {number for number in wanted if int(number.removeprefix("SU-")) <= given_out + FARTHEST}
    free = near - set(db.session.scalars(select(Patient.mrn).where(Patient.mrn.in_(near))))
    if free:
        highest = max(int(number.removeprefix("SU-")) for number in free)
        db.session.execute(
            text(
                "SELECT setval('patients_mrn_seq', :highest) FROM patients_mrn_seq "
                "WHERE last_value < :highest"
            ),
            {"highest": highest},
        )
    return free


def _fill(context: Context, row: ImportRow, patient_id: int | None) -> None:
    """Add to a record what the line knows more; what stands there stays, unless it was to give way."""
    if patient_id is None:
        refuse(row, _("The line it belongs to was not brought in."))
        return
    row.record_id, row.written_at = patient_id, clock.now()
    if (row.match or {}).get("known_line"):
        return
    with by_itself(row):
        _merge(context, row, patient_id)


def _merge(context: Context, row: ImportRow, patient_id: int) -> None:
    patient = get_patient_for_change(context.actor, patient_id)
    version = patient.version
    known = substances_of([patient_id]).get(patient_id, [])
    fills, differs = changes(row.values, patient, known)
    wanted = {**fills, **differs} if row.decision == Decision.REPLACE else fills
    if not wanted:
        return
    columns = {name: value for name, value in wanted.items() if name in COLUMNS}
    before = {name: _plain(getattr(patient, name)) for name in (*columns, "allergy_status")}
    if "birth_date" in columns:
        columns["birth_precision"] = row.values["birth_precision"]
        before["birth_precision"] = patient.birth_precision
    ids = set(db.session.scalars(select(Allergy.id).where(Allergy.patient_id == patient_id)))
    update(context.actor, patient_id, _details(patient, columns, wanted), expected_version=patient.version)
    if wanted.get("allergy_status") == AllergyStatus.NONE_STATED:
        patient.allergy_status = AllergyStatus.NONE_STATED
    if "phone_as_given" in wanted:
        before["phone_as_given"] = patient.phone_as_given
        patient.phone_as_given = wanted["phone_as_given"]
    db.session.flush()
    after = set(db.session.scalars(select(Allergy.id).where(Allergy.patient_id == patient_id)))
    row.before = {"columns": before, "allergies": sorted(after - ids), "version": version}
    row.version_after = patient.version


def _details(patient: Patient, columns: Mapping[str, Any], wanted: Mapping[str, Any]) -> PatientDetails:
    kept = {name: getattr(patient, name) for name in COLUMNS}
    merged: dict[str, Any] = {**kept, **columns}
    for name in DATES:
        if isinstance(merged.get(name), str):
            merged[name] = date.fromisoformat(merged[name])
    merged["birth_precision"] = merged["birth_precision"] or BirthPrecision.DAY
    return PatientDetails(
        **merged,
        allergies=tuple(AllergyEntry(**entry) for entry in wanted.get("allergies", ())),
        none_known=True if wanted.get("allergy_status") == AllergyStatus.NONE_KNOWN else None,
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
