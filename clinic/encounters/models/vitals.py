"""Measurements."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Instant, Key


class VitalSigns(Base, Created):
    """One set of measurements within a note. Units stand in the column names; locked with the note."""

    __tablename__ = "vital_signs"
    __table_args__ = (
        UniqueConstraint("note_id", "moment", name="uq_vital_signs_note_moment"),
        CheckConstraint("moment IN ('before', 'after')", name="moment_known"),
        CheckConstraint("systolic_mmhg BETWEEN 50 AND 300", name="systolic"),
        CheckConstraint("diastolic_mmhg BETWEEN 20 AND 200", name="diastolic"),
        CheckConstraint("systolic_mmhg > diastolic_mmhg", name="systolic_above_diastolic"),
        CheckConstraint("pulse_per_min BETWEEN 20 AND 250", name="pulse"),
        CheckConstraint("temperature_c BETWEEN 30 AND 45", name="temperature"),
        CheckConstraint("respiration_per_min BETWEEN 4 AND 80", name="respiration"),
        CheckConstraint("spo2_percent BETWEEN 50 AND 100", name="spo2"),
        CheckConstraint("weight_kg BETWEEN 0.5 AND 400", name="weight"),
        CheckConstraint("height_cm BETWEEN 30 AND 250", name="height"),
        CheckConstraint("glucose_mg_dl BETWEEN 10 AND 1000", name="glucose"),
        CheckConstraint("pain BETWEEN 0 AND 10", name="pain"),
        Index("ix_vital_signs_patient", "patient_id", "measured_at"),
    )
    id: Mapped[Key]
    note_id: Mapped[int] = mapped_column(ForeignKey("notes.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    moment: Mapped[str] = mapped_column(default="before")
    measured_at: Mapped[Instant]
    systolic_mmhg: Mapped[int | None] = mapped_column(SmallInteger)
    diastolic_mmhg: Mapped[int | None] = mapped_column(SmallInteger)
    pulse_per_min: Mapped[int | None] = mapped_column(SmallInteger)
    temperature_c: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    respiration_per_min: Mapped[int | None] = mapped_column(SmallInteger)
    spo2_percent: Mapped[int | None] = mapped_column(SmallInteger)
    weight_kg: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    height_cm: Mapped[Decimal | None] = mapped_column(Numeric(5, 1))
    glucose_mg_dl: Mapped[int | None] = mapped_column(SmallInteger)
    pain: Mapped[int | None] = mapped_column(SmallInteger)
