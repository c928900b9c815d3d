"""An assessment of a patient: constitution, imbalance, examination."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Created, InGroup, Instant, Key
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner


class AssessmentKind(StrEnum):
    PRAKRITI = "prakriti"
    VIKRITI = "vikriti"
    ASHTAVIDHA = "ashtavidha"
    DASHAVIDHA = "dashavidha"
    AGNI_KOSHTHA = "agni_koshtha"


class AssessmentStatus(StrEnum):
    """``answering`` and ``submitted`` are a patient's own answers, with them and with the clinic; a ``draft``
    is a practitioner's.
    """

    ANSWERING = "answering"
    SUBMITTED = "submitted"
    DRAFT = "draft"
    CONFIRMED = "confirmed"
    ENTERED_IN_ERROR = "entered_in_error"


CONSTITUTIONS = ("vata", "pitta", "kapha", "vata_pitta", "pitta_kapha", "vata_kapha", "tridosha")
DOSHA_STATES = ("vriddhi", "sama", "kshaya")
AMA = ("sama", "nirama")
STAGES = ("sanchaya", "prakopa", "prasara", "sthanasamshraya", "vyakti", "bheda")
PROGNOSES = ("sukhasadhya", "kricchrasadhya", "yapya", "asadhya")
AGNI = ("sama", "vishama", "tikshna", "manda")
KOSHTHA = ("mridu", "madhyama", "krura")
TYPED_COLUMNS = (
    "vata_percent", "pitta_percent", "kapha_percent", "suggested", "result", "result_reason",
    "vata_state", "vata_severity", "pitta_state", "pitta_severity", "kapha_state", "kapha_severity",
    "ama", "stage", "prognosis", "agni", "koshtha",
)  # fmt: skip
"""What is charted and searched, and copied into a correction."""


def _one_of(column: str, values: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


def _severity(dosha: str) -> str:
    """Balanced is severity 0; an excess or a lack has one of 1 to 3."""
    state, severity = f"{dosha}_state", f"{dosha}_severity"
    return (
        f"num_nonnulls({state}, {severity}) IN (0, 2) AND {_one_of(state, DOSHA_STATES)}"
        f" AND {severity} BETWEEN 0 AND 3 AND ({state} = 'sama') = ({severity} = 0)"
    )


class Assessment(Base, InGroup, Created):
    """One assessment: a draft until a practitioner confirms it, then locked for good by a trigger.

    ``form_version`` names the questions it was made with. ``patient_answers`` is what the patient said and
    nobody else changes; ``body`` is the practitioner's, as the version's form has it: answers by item for
    prakriti, else field codes to values. What is charted or searched has a column of its own instead.
    ``*_percent`` and ``suggested`` are reckoned from the answers, ``result`` is what the practitioner chose.
    ``other_body`` holds what a second tab typed over an older ``version`` until somebody has chosen.
    ``replaced_prakriti`` is what stood on the patient before. A correction is a new row that ``supersedes``.
    """

    __tablename__ = "assessments"
    __table_args__ = (
        CheckConstraint(_one_of("kind", AssessmentKind), name="kind_known"),
        CheckConstraint(_one_of("status", AssessmentStatus), name="status_known"),
        CheckConstraint(_one_of("suggested", CONSTITUTIONS), name="suggested_known"),
        CheckConstraint(_one_of("result", CONSTITUTIONS), name="result_known"),
        CheckConstraint(
            "num_nonnulls(vata_percent, pitta_percent, kapha_percent) IN (0, 3)"
            " AND least(vata_percent, pitta_percent, kapha_percent) >= 0"
            " AND vata_percent + pitta_percent + kapha_percent = 100",
            name="percent_sum",
        ),
        CheckConstraint(_severity("vata"), name="vata_severity"),
        CheckConstraint(_severity("pitta"), name="pitta_severity"),
        CheckConstraint(_severity("kapha"), name="kapha_severity"),
        CheckConstraint(_one_of("ama", AMA), name="ama_known"),
        CheckConstraint(_one_of("stage", STAGES), name="stage_known"),
        CheckConstraint(_one_of("prognosis", PROGNOSES), name="prognosis_known"),
        CheckConstraint(_one_of("agni", AGNI), name="agni_known"),
        CheckConstraint(_one_of("koshtha", KOSHTHA), name="koshtha_known"),
        CheckConstraint("jsonb_typeof(body) = 'object'", name="body_object"),
        CheckConstraint(
            "status NOT IN ('answering', 'submitted') OR (kind = 'prakriti' AND patient_answers IS NOT NULL)",
            name="answers_are_prakriti",
        ),
        CheckConstraint("status <> 'draft' OR practitioner_id IS NOT NULL", name="draft_has_author"),
        CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed_has_person"),
        CheckConstraint(
            "status <> 'confirmed' OR (confirmed_at IS NOT NULL AND practitioner_id IS NOT NULL"
            " AND other_body IS NULL)",
            name="confirmed_by_practitioner",
        ),
        CheckConstraint(
            "status <> 'confirmed' OR kind <> 'prakriti'"
            " OR (result IS NOT NULL AND vata_percent IS NOT NULL)",
            name="prakriti_has_result",
        ),
        CheckConstraint(
            "status <> 'confirmed' OR kind <> 'vikriti'"
            " OR num_nonnulls(vata_state, pitta_state, kapha_state, ama) = 4",
            name="vikriti_has_doshas",
        ),
        CheckConstraint(
            "(status = 'entered_in_error') = (error_at IS NOT NULL)"
            " AND (error_at IS NULL) = (error_reason IS NULL)",
            name="error_has_reason",
        ),
        Index("ix_assessments_patient", "patient_id", "kind", "id"),
        Index(
            "uq_assessments_open_answers",
            "patient_id",
            unique=True,
            postgresql_where=text("status IN ('answering', 'submitted')"),
        ),
        Index(
            "uq_assessments_draft",
            "patient_id",
            "practitioner_id",
            "kind",
            unique=True,
            postgresql_where=text("status = 'draft'"),
        ),
        Index(
            "uq_assessments_supersedes",
            "supersedes_id",
            unique=True,
            postgresql_where=text("status = 'confirmed'"),
        ),
        Index("ix_assessments_appointment", "appointment_id"),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioners.id"))
    kind: Mapped[str]
    form_version: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str] = mapped_column(default=AssessmentStatus.DRAFT)
    version: Mapped[int] = mapped_column(default=1)
    patient_answers: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    submitted_at: Mapped[Instant | None]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    other_body: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    vata_percent: Mapped[int | None] = mapped_column(SmallInteger)
    pitta_percent: Mapped[int | None] = mapped_column(SmallInteger)
    kapha_percent: Mapped[int | None] = mapped_column(SmallInteger)
    suggested: Mapped[str | None]
    result: Mapped[str | None]
    result_reason: Mapped[str | None]
    replaced_prakriti: Mapped[str | None]
    vata_state: Mapped[str | None]
    vata_severity: Mapped[int | None] = mapped_column(SmallInteger)
    pitta_state: Mapped[str | None]
    pitta_severity: Mapped[int | None] = mapped_column(SmallInteger)
    kapha_state: Mapped[str | None]
    kapha_severity: Mapped[int | None] = mapped_column(SmallInteger)
    ama: Mapped[str | None]
    stage: Mapped[str | None]
    prognosis: Mapped[str | None]
    agni: Mapped[str | None]
    koshtha: Mapped[str | None]
    saved_at: Mapped[Instant]
    saved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    confirmed_at: Mapped[Instant | None]
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("assessments.id"))
    shared_at: Mapped[Instant | None]
    error_at: Mapped[Instant | None]
    error_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    error_reason: Mapped[str | None]
    patient: Mapped[Patient] = relationship()
    facility: Mapped[Facility] = relationship()
    practitioner: Mapped[Practitioner | None] = relationship()
