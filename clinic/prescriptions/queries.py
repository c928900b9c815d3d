"""Finding prescriptions. Every loader names who asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import contains_eager, joinedload

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.prescriptions import policy
from clinic.prescriptions.models import Acceptance, Prescription, PrescriptionLine
from clinic.prescriptions.running import RunningLine, read_running

LISTED = 100


def get_prescription(actor: Actor, prescription_id: int, *, fresh: bool = False) -> Prescription:
    """One prescription with patient, facility, practitioner and note. Raises NotFound for who may not know
    of it. ``fresh`` reads it again even if this session has seen it.
    """
    statement = (
        select(Prescription)
        .where(Prescription.id == prescription_id, policy.prescriptions_in_sight(actor))
        .options(
            joinedload(Prescription.patient),
            joinedload(Prescription.facility),
            joinedload(Prescription.practitioner),
            joinedload(Prescription.note),
        )
    )
    if fresh:
        statement = statement.execution_options(populate_existing=True)
    found = db.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound(_("There is no such prescription."))
    return found


def get_patient_to_prescribe_for(actor: Actor, patient_id: int) -> Patient:
    """A patient somebody may write a prescription for. Raises NotFound."""
    found = db.session.scalars(
        select(Patient).where(Patient.id == patient_id, policy.patients_to_prescribe_for(actor))
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such patient."))
    return found


def lines_of(prescription_id: int, *, fresh: bool = False) -> list[PrescriptionLine]:
    """The lines in their order, those taken off left out."""
    statement = (
        select(PrescriptionLine)
        .where(PrescriptionLine.prescription_id == prescription_id, PrescriptionLine.removed_at.is_(None))
        .order_by(PrescriptionLine.position, PrescriptionLine.id)
    )
    if fresh:
        statement = statement.execution_options(populate_existing=True)
    return list(db.session.scalars(statement))


def lines_of_many(prescription_ids: Sequence[int]) -> dict[int, list[PrescriptionLine]]:
    """The lines of several prescriptions, by prescription, with one statement."""
    found: dict[int, list[PrescriptionLine]] = {one: [] for one in prescription_ids}
    if not found:
        return found
    rows = db.session.scalars(
        select(PrescriptionLine)
        .where(PrescriptionLine.prescription_id.in_(prescription_ids), PrescriptionLine.removed_at.is_(None))
        .order_by(PrescriptionLine.position, PrescriptionLine.id)
    )
    for row in rows:
        found[row.prescription_id].append(row)
    return found


def acceptances_of(prescription_id: int) -> list[Acceptance]:
    """The warnings that were set aside, in order."""
    return list(
        db.session.scalars(
            select(Acceptance).where(Acceptance.prescription_id == prescription_id).order_by(Acceptance.id)
        )
    )


def prescriptions_of_patient(actor: Actor, patient_id: int, *, limit: int = LISTED) -> list[Prescription]:
    """A patient's prescriptions that somebody may read, the latest first; discarded drafts are left out."""
    return list(
        db.session.scalars(
            select(Prescription)
            .join(Prescription.practitioner)
            .where(
                Prescription.patient_id == patient_id,
                Prescription.status != "discarded",
                policy.prescriptions_in_sight(actor),
            )
            .order_by(
                func.coalesce(Prescription.signed_at, Prescription.created_at).desc(), Prescription.id.desc()
            )
            .limit(limit)
            .options(contains_eager(Prescription.practitioner), joinedload(Prescription.facility))
        )
    )


def prescription_of_note(actor: Actor, note_id: int) -> Prescription | None:
    """The prescription that belongs to a note: the draft if there is one, else the latest signed one."""
    return db.session.scalars(
        select(Prescription)
        .where(
            Prescription.note_id == note_id,
            Prescription.status != "discarded",
            policy.prescriptions_in_sight(actor),
        )
        .order_by((Prescription.status == "draft").desc(), Prescription.id.desc())
        .limit(1)
        .options(
            joinedload(Prescription.practitioner),
            joinedload(Prescription.patient),
            joinedload(Prescription.facility),
        )
    ).first()


def draft_of_note(note_id: int, practitioner_id: int) -> Prescription | None:
    """The unsigned prescription of a note, of its own author."""
    return db.session.scalars(
        select(Prescription)
        .where(
            Prescription.note_id == note_id,
            Prescription.practitioner_id == practitioner_id,
            Prescription.status == "draft",
        )
        .options(
            joinedload(Prescription.practitioner),
            joinedload(Prescription.patient),
            joinedload(Prescription.facility),
        )
    ).first()


def superseded_by(actor: Actor, prescription_id: int) -> int | None:
    """The id of the signed prescription that replaced this one, if the reader may see it."""
    return db.session.scalar(
        select(Prescription.id)
        .where(
            Prescription.replaces_id == prescription_id,
            Prescription.signed_at.is_not(None),
            policy.prescriptions_in_sight(actor),
        )
        .limit(1)
    )


def ends_on() -> ColumnElement[date | None]:
    """The last day of a line in its facility's zone; None for one that goes on. STAT is over with its day."""
    day = func.date(func.timezone(Facility.zone, Prescription.signed_at))
    days = case(
        (PrescriptionLine.frequency == "stat", 1),
        (PrescriptionLine.duration_unit == "week", PrescriptionLine.duration * 7),
        (PrescriptionLine.duration_unit == "month", PrescriptionLine.duration * 30),
        (PrescriptionLine.duration_unit == "day", PrescriptionLine.duration),
        else_=None,
    )
    return day + days - 1


def running_column(actor: Actor, patient_id: int, *, but: int | None = None) -> ScalarSelect[Any]:
    """What a patient takes by signed prescriptions today, as far as somebody may read, as a JSON list: for
    ``read_running``. ``but`` leaves a prescription out.
    """
    last = ends_on()
    today = func.date(func.timezone(Facility.zone, literal(clock.now())))
    line = PrescriptionLine
    fields: list[Any] = []
    for name in (
        "kind", "name", "brand", "form", "strength", "kalpana", "ingredients", "dose_unit", "dose_typed",
        "route", "frequency", "dosing_typed", "every_hours", "duration", "duration_unit", "duration_typed",
        "quantity", "food", "sevana_kala", "anupana", "instructions", "no_substitution", "dose_amount",
        "morning", "noon", "evening", "night", "takes",
    ):  # fmt: skip
        fields += [name, getattr(line, name)]
    shown = func.jsonb_build_object(*fields).concat(
        func.jsonb_build_object(
            "line_id", line.id,
            "prescription_id", Prescription.id,
            "practitioner", Practitioner.name,
            "signed_on", func.date(func.timezone(Facility.zone, Prescription.signed_at)),
            "until", last,
        )
    )  # fmt: skip
    conditions = [
        Prescription.patient_id == patient_id,
        Prescription.status == "signed",
        line.stopped_at.is_(None),
        line.removed_at.is_(None),
        or_(last.is_(None), last >= today),
        policy.prescriptions_in_sight(actor),
    ]
    if but is not None:
        conditions.append(Prescription.id != but)
    return (
        select(func.jsonb_agg(aggregate_order_by(shown, Prescription.id.desc(), line.position, line.id)))
        .select_from(line)
        .join(Prescription, Prescription.id == line.prescription_id)
        .join(Practitioner, Practitioner.id == Prescription.practitioner_id)
        .join(Facility, Facility.id == Prescription.facility_id)
        .where(and_(*conditions))
        .scalar_subquery()
    )


def running(actor: Actor, patient_id: int) -> list[RunningLine]:
    """What a patient takes by prescription today, as far as somebody may read; the newest first."""
    return read_running(db.session.scalar(select(running_column(actor, patient_id))))


def replaced_before(prescription: Prescription) -> Prescription | None:
    """The signed prescription that this draft is to take the place of."""
    if prescription.replaces_id is None:
        return None
    return db.session.get(Prescription, prescription.replaces_id)
