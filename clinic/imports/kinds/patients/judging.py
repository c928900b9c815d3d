"""Whether a line is a new patient, one who is here already, or maybe one of those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, func, select, tuple_
from sqlalchemy.orm import aliased

from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.text import fold
from clinic.imports.kinds.base import Context
from clinic.imports.kinds.known import brought_in_before
from clinic.imports.kinds.people import are_alike
from clinic.imports.models import ImportRow, Outcome
from clinic.patients import policy
from clinic.patients.details import COLUMNS
from clinic.patients.likeness import LIKELY, Likeness, Traits, compare
from clinic.patients.models import Allergy, AllergyStatus, Patient, Sex
from clinic.patients.service import find_alike

SURE = 88
"""From this score on it may be the same person without anybody being asked."""
MOST_OTHERS = 20
"""Earlier lines looked at for each line, by name and by mobile."""
NOT_FILLED = frozenset({"birth_precision", "locale", "country"})
EXTRA = ("phone_as_given",)


def judge(context: Context, rows: Sequence[ImportRow]) -> None:
    """Set outcome and match of lines without faults. A fixed number of statements."""
    known = brought_in_before(context, "patients", Patient, rows)
    by_number = _by_number(context, rows)
    alike = find_alike(context.actor, {row.number: traits_of(row.values) for row in rows})
    earlier = _earlier_lines(context, rows)
    best: dict[int, tuple[int, Likeness]] = {}
    for row in rows:
        row.match = None
        row.outcome = Outcome.NEW
        if row.fingerprint and row.fingerprint in known:
            row.outcome = Outcome.PRESENT
            row.match = {"id": known[row.fingerprint], "known_line": True}
        elif row.number in by_number:
            best[row.number] = by_number[row.number]
        elif alike.get(row.number):
            found = alike[row.number][0]
            best[row.number] = (found.patient.id, found.likeness)
        elif row.number in earlier:
            row.match = earlier[row.number]
            row.outcome = Outcome.PRESENT if row.match.get("known_line") else Outcome.DUPLICATE
    patients = _patients({patient_id for patient_id, _likeness in best.values()})
    for row in rows:
        if row.number in best:
            patient_id, likeness = best[row.number]
            if patient_id in patients:
                _compare(row, *patients[patient_id], likeness)


def traits_of(said: Mapping[str, Any]) -> Traits:
    """What is compared of a line."""
    return Traits(
        name=said["name"],
        mobile=said.get("mobile"),
        birth_date=date.fromisoformat(said["birth_date"]) if said.get("birth_date") else None,
        birth_precision=said.get("birth_precision"),
        email=said.get("email"),
    )


def changes(
    said: Mapping[str, Any], patient: Patient, substances: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a line would fill in in a record, and where it says something else: value by column."""
    fills: dict[str, Any] = {}
    differs: dict[str, Any] = {}
    for name in (*(name for name in COLUMNS if name not in NOT_FILLED), *EXTRA):
        value, kept = said.get(name), getattr(patient, name)
        if value in (None, "") or (name == "sex" and value == Sex.UNKNOWN):
            continue
        kept = kept.isoformat() if isinstance(kept, date) else kept
        if kept in (None, "") or (name == "sex" and kept == Sex.UNKNOWN):
            fills[name] = value
        elif not _same(name, value, kept, said, patient):
            differs[name] = value
    new = [entry for entry in said.get("allergies", ()) if fold(entry["substance"]) not in substances]
    if new:
        fills["allergies"] = new
    elif patient.allergy_status == AllergyStatus.NOT_ASKED and said.get("allergy_status") in (
        AllergyStatus.NONE_STATED,
        AllergyStatus.NONE_KNOWN,
    ):
        fills["allergy_status"] = said["allergy_status"]
    return fills, differs


def substances_of(patient_ids: Sequence[int]) -> dict[int, list[str]]:
    """The substances written down for patients, folded. One statement."""
    found: dict[int, list[str]] = {}
    for patient_id, substance in db.session.execute(
        select(Allergy.patient_id, Allergy.substance).where(
            Allergy.patient_id.in_(patient_ids), Allergy.status != "entered_in_error"
        )
    ):
        found.setdefault(patient_id, []).append(fold(substance))
    return found


def allergies_of(patient_ids: Sequence[int]) -> dict[int, list[dict[str, str]]]:
    """What patients react to now, as lines say it. One statement, none for no patients."""
    found: dict[int, list[dict[str, str]]] = {}
    if patient_ids:
        for patient_id, substance in db.session.execute(
            select(Allergy.patient_id, Allergy.substance)
            .where(Allergy.patient_id.in_(patient_ids), Allergy.status == "active")
            .order_by(Allergy.id)
        ):
            found.setdefault(patient_id, []).append({"substance": substance})
    return found


def said_of(patient: Patient) -> dict[str, Any]:
    """A record's values as lines say them."""
    values = {name: getattr(patient, name) for name in (*COLUMNS, *EXTRA, "allergy_status")}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _compare(row: ImportRow, patient: Patient, substances: Sequence[str], likeness: Likeness) -> None:
    fills, differs = changes(row.values, patient, substances)
    row.outcome = Outcome.PRESENT if _is_surely(row, patient, likeness) else Outcome.DUPLICATE
    row.match = {
        "id": patient.id,
        "score": likeness.score,
        "reasons": list(likeness.reasons),
        "fills": fills,
        "differs": differs,
    }


def _is_surely(row: ImportRow, patient: Patient, likeness: Likeness) -> bool:
    """Whether nobody has to be asked: the same name, and nothing that speaks against it.

    Brothers and sisters share a mobile and, as twins, a birth date; families share a file number, and old
    registers begin their numbers anew. A name that is only similar always waits for a person.
    """
    if likeness.score < SURE or sorted(fold(row.values["name"]).split()) != sorted(
        patient.search_name.split()
    ):
        return False
    sexes = {row.values.get("sex"), patient.sex} - {Sex.UNKNOWN, None}
    mobiles = {row.values.get("mobile"), patient.mobile} - {None}
    said, kept = row.values.get("birth_date"), patient.birth_date
    births = not said or kept is None or _same("birth_date", said, kept.isoformat(), row.values, patient)
    return len(sexes) < 2 and len(mobiles) < 2 and births


def _same(name: str, value: Any, kept: Any, said: Mapping[str, Any], patient: Patient) -> bool:
    if name == "birth_date":
        exact = said.get("birth_precision") == "day" and patient.birth_precision == "day"
        return value == kept if exact else abs(int(value[:4]) - int(kept[:4])) <= 1
    return bool(fold(str(value)) == fold(str(kept)))


def _by_number(context: Context, rows: Sequence[ImportRow]) -> dict[int, tuple[int, Likeness]]:
    """Patients a line names by the clinic's number, or by file number and name, and why."""
    named: dict[int, tuple[int, Likeness]] = {}
    mrns = {row.values["mrn"] for row in rows if row.values.get("mrn")}
    if mrns:
        found = db.session.execute(
            select(Patient.mrn, Patient.id, Patient.name).where(
                Patient.mrn.in_(mrns), policy.visible(context.actor)
            )
        )
        by_mrn = {mrn: (patient_id, name) for mrn, patient_id, name in found}
        for row in rows:
            if row.values.get("mrn") in by_mrn:
                patient_id, name = by_mrn[row.values["mrn"]]
                alike = are_alike(row.values["name"], name)
                reason = _("Same number") if alike else _("Same number, another name")
                named[row.number] = (patient_id, Likeness(score=100, reasons=(reason,)))
    files = {
        (str(row.values["file_number"]), row.match_name) for row in rows if row.values.get("file_number")
    }
    if files:
        filed = db.session.execute(
            select(Patient.file_number, Patient.search_name, Patient.id).where(
                tuple_(Patient.file_number, Patient.search_name).in_(list(files)),
                Patient.facility_id == context.facility.id,
                policy.visible(context.actor),
            )
        )
        by_file = {(number or "", name): patient_id for number, name, patient_id in filed}
        for row in rows:
            key = (str(row.values.get("file_number") or ""), row.match_name or "")
            if key in by_file and row.number not in named:
                reasons = (_("Same file number and name"),)
                named[row.number] = (by_file[key], Likeness(score=100, reasons=reasons))
    return named


def _earlier_lines(context: Context, rows: Sequence[ImportRow]) -> dict[int, dict[str, Any]]:
    """The earlier line of the same file that a line is most like. Two statements."""
    found: dict[int, dict[str, Any]] = {}
    numbers = {row.number: row for row in rows}
    for column in (ImportRow.match_name, ImportRow.match_contact):
        mine, other = aliased(ImportRow), aliased(ImportRow)
        key = column.key
        near = (
            select(other.number, other.values, other.fingerprint)
            .where(
                and_(
                    other.import_id == mine.import_id,
                    getattr(other, key) == getattr(mine, key),
                    other.number < mine.number,
                    func.coalesce(other.outcome, Outcome.NEW) != Outcome.REFUSED,
                )
            )
            .order_by(other.number)
            .limit(MOST_OTHERS)
            .lateral()
        )
        pairs = db.session.execute(
            select(mine.number, near.c.number, near.c["values"], near.c.fingerprint)
            .join(near, getattr(mine, key).is_not(None))
            .where(mine.import_id == context.import_id, mine.number.in_(numbers))
        )
        for number, earlier, said, fingerprint in pairs:
            likeness = compare(traits_of(numbers[number].values), traits_of(said))
            score = likeness.score
            if score >= LIKELY and score > found.get(number, {}).get("score", 0):
                found[number] = {"line": earlier, "score": score, "reasons": list(likeness.reasons)}
            if fingerprint == numbers[number].fingerprint:
                found[number] = {"line": earlier, "score": 101, "known_line": True}
    return found


def _patients(ids: set[int]) -> dict[int, tuple[Patient, list[str]]]:
    if not ids:
        return {}
    substances = substances_of(list(ids))
    rows = db.session.scalars(select(Patient).where(Patient.id.in_(ids)))
    return {patient.id: (patient, substances.get(patient.id, [])) for patient in rows}
