"""Patients: a clinic's register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import show_date
from clinic.core.phones import show_mobile
from clinic.imports.kinds.base import Context, Kind, Reading, Record, Touched
from clinic.imports.kinds.patients import judging, reading, undoing, writing
from clinic.imports.kinds.patients.fields import FIELDS
from clinic.imports.models import ImportRow
from clinic.patients import policy
from clinic.patients.conflicts import worded
from clinic.patients.display import age_text, facts_text, sex_letter
from clinic.patients.models import BirthPrecision, Patient

SAMPLE = (
    ("File number", "Name", "Date of birth or age", "Sex", "Mobile", "City", "Allergies", "First visit"),
    ("A-101", "Lakshmi Pillai", "14/11/1980", "F", "98450 00001", "Kochi", "Penicillin (rash)", "03/02/2021"),
    ("A-102", "रमेश यादव", "52 yrs", "पुरुष", "98450 00002", "Nashik", "none known", "17 Aug 2022"),
)


SHOWN = (
    ("name", _l("Name")),
    ("birth_date", _l("Date of birth")),
    ("sex", _l("Sex")),
    ("mobile", _l("Mobile")),
    ("phone_as_given", _l("Other telephone")),
    ("email", _l("E-mail")),
    ("line", _l("House and street")),
    ("city", _l("City or village")),
    ("state", _l("State")),
    ("postal_code", _l("PIN code")),
    ("file_number", _l("Old file number")),
    ("first_visit_on", _l("First visit")),
    ("prakriti", _l("Prakriti")),
    ("blood_group", _l("Blood group")),
    ("allergies", _l("Allergies")),
    ("allergy_status", _l("Allergies")),
    ("emergency_name", _l("Emergency contact: name")),
    ("emergency_phone", _l("Emergency contact: telephone")),
    ("emergency_relationship", _l("Emergency contact: relationship")),
    ("medical_history", _l("Medical history")),
    ("remarks", _l("Remarks")),
)
"""What is shown side by side, in this order."""


class _Born:
    """A birth as a line tells it."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        born = said.get("birth_date")
        self.birth_date = date.fromisoformat(born) if born else None
        self.birth_precision: str | None = said.get("birth_precision")


class Patients(Kind):
    """Lines that are people in care."""

    name = "patients"
    label = _l("Patients")
    batch = 500
    roles = (Role.FACILITY_ADMIN, Role.RECEPTIONIST)
    fields = FIELDS
    shown = SHOWN
    sample = SAMPLE

    def read(self, cells: Mapping[str, str], context: Context) -> Reading:
        """What a line says."""
        return reading.read_patient(cells, context)

    def judge(self, context: Context, rows: Sequence[ImportRow]) -> None:
        """New, here already, or maybe somebody known."""
        judging.judge(context, rows)

    def write(self, context: Context, rows: Sequence[ImportRow]) -> None:
        """Add patients, and fill in what is missing in records."""
        writing.write_rows(context, rows)

    def finish(self, context: Context) -> None:
        """Open the sign-ins of the households."""
        writing.open_sign_ins(context)

    def worked_on(self, context: Context) -> list[Touched]:
        """Patients somebody has worked on since."""
        return undoing.worked_on(context)

    def undo(self, context: Context) -> int:
        """Take the patients out again."""
        return undoing.undo(context)

    def records(self, context: Context, ids: Sequence[int]) -> dict[int, Record]:
        """Patients that lines may be about, as far as the actor may see them. Two statements."""
        if not ids:
            return {}
        rows = db.session.scalars(
            select(Patient).where(Patient.id.in_(ids), policy.visible(context.actor))
        ).all()
        allergies = judging.allergies_of([patient.id for patient in rows])
        return {
            patient.id: Record(
                id=patient.id,
                title=patient.name,
                facts=f"{patient.mrn} · {facts_text(patient, context.today)}",
                said={**judging.said_of(patient), "allergies": allergies.get(patient.id, [])},
                url=("patient_page.show", {"patient_id": patient.id}),
            )
            for patient in rows
        }

    def facts(self, row: ImportRow, context: Context) -> list[str]:
        """Sex and age, mobile, town."""
        said = row.values
        who = ", ".join(
            part for part in (sex_letter(said.get("sex")), age_text(_Born(said), context.today)) if part
        )
        number = show_mobile(said.get("mobile")) or said.get("phone_as_given") or ""
        return [part for part in (who, number, said.get("city") or "") if part]

    def worded(self, field: str, value: Any, said: Mapping[str, Any] | None = None) -> str:
        """A value as people read it."""
        precision = (said or {}).get("birth_precision")
        if field == "birth_date" and precision in (BirthPrecision.AGE, BirthPrecision.YEAR):
            return _("about %(year)s", year=value[:4])
        if field in ("birth_date", "first_visit_on", "deceased_on") and isinstance(value, str):
            return show_date(date.fromisoformat(value))
        if field == "allergies":
            return ", ".join(entry["substance"] for entry in value)
        if field == "allergy_status":
            return {"none_known": _("none known"), "none_stated": _("“nil”")}.get(str(value), "")
        if field == "sex" and value == "unknown":
            return ""
        return worded(field, value)


PATIENTS = Patients()

__all__ = ["PATIENTS", "Patients"]
