"""What the checks know of a patient: read in one statement, so that a page can ask on every save."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.patients.display import years_between
from clinic.patients.models import Allergy, Condition, PatientMedication
from clinic.patients.queries.health import pregnancy_column, read_pregnancy
from clinic.prescriptions.models import Acceptance, Prescription, PrescriptionRule
from clinic.prescriptions.queries import running_column
from clinic.prescriptions.running import RunningLine, read_running

RULE_COLUMNS = (
    "id", "code", "level", "condition", "years", "kalpanas", "words", "words_with", "unless",
    "patient_words", "message", "message_hi",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AllergyFact:
    """Something a patient reacts to."""

    substance: str
    reaction: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of the clinic, as ``PrescriptionRule`` says."""

    code: str
    level: str
    condition: str
    message: str
    message_hi: str = ""
    years: int | None = None
    kalpanas: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    words_with: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    patient_words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A finding that somebody set aside."""

    finding: str
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Who the medicines are for. ``years`` is None where no age is known."""

    years: int | None = None
    pregnant: bool = False
    nursing: bool = False
    conditions: tuple[str, ...] = ()
    allergies: tuple[AllergyFact, ...] = ()
    allergies_asked: bool = True
    running: tuple[RunningLine, ...] = ()
    taken: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    accepted: dict[str, Accepted] = field(default_factory=dict)


def facts_of(actor: Actor, prescription: Prescription) -> Facts:
    """Everything the checks need about a prescription's patient. One statement beside the loaded rows."""
    patient = prescription.patient
    row = db.session.execute(
        select(
            _allergies(patient.id),
            running_column(actor, patient.id, but=prescription.replaces_id or prescription.id),
            _taken(patient.id),
            _rules(),
            _accepted(prescription.id),
            _conditions(patient.id),
            pregnancy_column(patient.id),
        )
    ).one()
    allergies, running, taken, rules, accepted, conditions, pregnancy = row
    state = read_pregnancy(pregnancy)
    status = state.status if state else ""
    today = clock.today(prescription.facility.zone)
    return Facts(
        years=years_between(patient.birth_date, today) if patient.birth_date else None,
        pregnant=status == "pregnant",
        nursing=status == "lactating",
        conditions=tuple(text for text in (patient.medical_history, *(conditions or ())) if text),
        allergies=tuple(
            AllergyFact(substance=item["substance"], reaction=item["reaction"] or "")
            for item in allergies or []
        ),
        allergies_asked=patient.allergy_status != "not_asked",
        running=tuple(line for line in read_running(running) if line.prescription_id != prescription.id),
        taken=tuple(taken or ()),
        rules=tuple(read_rule(item) for item in rules or []),
        accepted={
            item["finding"]: Accepted(finding=item["finding"], reason=item["reason"] or "", by=item["by"])
            for item in accepted or []
        },
    )


def read_rule(row: dict[str, Any]) -> Rule:
    """A rule of a row or of the shipped file."""
    return Rule(
        code=row["code"],
        level=row["level"],
        condition=row["condition"],
        message=row["message"],
        message_hi=row.get("message_hi") or "",
        years=row.get("years"),
        **{
            name: tuple(row.get(name) or ())
            for name in ("kalpanas", "words", "words_with", "unless", "patient_words")
        },
    )


def _allergies(patient_id: int) -> ScalarSelect[Any]:
    shown = func.jsonb_build_object("substance", Allergy.substance, "reaction", Allergy.reaction)
    return (
        select(func.jsonb_agg(aggregate_order_by(shown, Allergy.id)))
        .where(Allergy.patient_id == patient_id, Allergy.status == "active")
        .scalar_subquery()
    )


def _conditions(patient_id: int) -> ScalarSelect[Any]:
    """What the patient is ill with now, as it was said."""
    return (
        select(func.jsonb_agg(aggregate_order_by(Condition.name, Condition.id)))
        .where(
            Condition.patient_id == patient_id, Condition.ended_at.is_(None), Condition.status != "resolved"
        )
        .scalar_subquery()
    )


def _taken(patient_id: int) -> ScalarSelect[Any]:
    return (
        select(func.jsonb_agg(aggregate_order_by(PatientMedication.name, PatientMedication.id)))
        .where(PatientMedication.patient_id == patient_id, PatientMedication.ended_at.is_(None))
        .scalar_subquery()
    )


def _rules() -> ScalarSelect[Any]:
    pairs: list[Any] = []
    for name in RULE_COLUMNS:
        pairs += [name, getattr(PrescriptionRule, name)]
    return (
        select(func.jsonb_agg(aggregate_order_by(func.jsonb_build_object(*pairs), PrescriptionRule.id)))
        .where(PrescriptionRule.active)
        .scalar_subquery()
    )


def _accepted(prescription_id: int) -> ScalarSelect[Any]:
    shown = func.jsonb_build_object(
        "finding", Acceptance.finding, "reason", Acceptance.reason, "by", Acceptance.accepted_name
    )
    return (
        select(func.jsonb_agg(aggregate_order_by(shown, Acceptance.id)))
        .where(Acceptance.prescription_id == prescription_id)
        .scalar_subquery()
    )


__all__ = ["Accepted", "AllergyFact", "Facts", "Rule", "facts_of", "read_rule"]
