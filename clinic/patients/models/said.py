"""What somebody said about a patient's body, medicines and insurer: with who said it, and when."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Instant, Key
from clinic.patients.models.health import ENDED, PRECISION, Kept
from clinic.patients.models.health import SOURCE as ANY_SOURCE

SOURCE = "source IN ('patient', 'staff')"


class Said:
    """``source`` is ``patient`` (their own form) or ``staff``; what no longer holds is ended, not removed."""

    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    source: Mapped[str]
    said_on: Mapped[date]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class PatientMedication(Base, Kept, Created):
    """A medicine somebody takes, in their own words, and who ordered it. It is no prescription."""

    __tablename__ = "patient_medications"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 200", name="name"),
        CheckConstraint("length(dose) <= 100", name="dose"),
        CheckConstraint("length(often) <= 200", name="often"),
        CheckConstraint("length(ordered_by) <= 200", name="ordered_by"),
        CheckConstraint(
            f"(since IS NULL) = (since_precision IS NULL) AND since_precision {PRECISION}",
            name="since_precision",
        ),
        CheckConstraint(
            f"(until IS NULL) = (until_precision IS NULL) AND until_precision {PRECISION}",
            name="until_precision",
        ),
        CheckConstraint("since <= until", name="since_before_until"),
        CheckConstraint(ANY_SOURCE, name="source_known"),
        CheckConstraint(ENDED, name="ended_says_why"),
        UniqueConstraint("replaces_id", name="uq_patient_medications_replaces"),
        Index("ix_patient_medications_patient", "patient_id", "id"),
    )
    name: Mapped[str]
    dose: Mapped[str | None]
    often: Mapped[str | None]
    since: Mapped[date | None]
    since_precision: Mapped[str | None]
    until: Mapped[date | None]
    until_precision: Mapped[str | None]
    ordered_by: Mapped[str | None]


class PatientInsurance(Base, Said, Created):
    """Who insures a patient. The policy number is sealed: it opens with the application's keys only."""

    __tablename__ = "patient_insurances"
    __table_args__ = (
        CheckConstraint("length(insurer) BETWEEN 1 AND 200", name="insurer"),
        CheckConstraint(SOURCE, name="source_known"),
        Index("ix_patient_insurances_patient", "patient_id", "id"),
    )
    insurer: Mapped[str]
    policy_sealed: Mapped[str | None]
    valid_until: Mapped[date | None]


class PatientMeasures(Base, Said, Created):
    """Height in centimetres and weight in kilograms outside a visit; the newest that is not ended counts."""

    __tablename__ = "patient_measures"
    __table_args__ = (
        CheckConstraint("height_cm BETWEEN 30 AND 250", name="height"),
        CheckConstraint("weight_kg BETWEEN 0.5 AND 400", name="weight"),
        CheckConstraint("num_nonnulls(height_cm, weight_kg) > 0", name="something"),
        CheckConstraint(SOURCE, name="source_known"),
        Index("ix_patient_measures_patient", "patient_id", "id"),
    )
    height_cm: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    weight_kg: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
