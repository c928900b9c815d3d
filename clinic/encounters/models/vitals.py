"""Measurements, within a note and outside one."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Instant, Key


class VitalSigns(Base, Created):
    """One set of measurements. Units stand in the column names.

    Within a note it has a ``moment`` and is locked when the note is signed. Outside a note it says who
    measured, and never changes: a wrong one is marked as entered in error, once, with the reason, and a
    correction is a new row that names the one it ``supersedes_id``. The facility of a note's row is its
    note's; a trigger sees to it.
    """

    __tablename__ = "vital_signs"
    __table_args__ = (
        UniqueConstraint("note_id", "moment", name="uq_vital_signs_note_moment"),
        UniqueConstraint("supersedes_id", name="uq_vital_signs_supersedes"),
        CheckConstraint("moment IN ('before', 'after')", name="moment_known"),
        CheckConstraint("(note_id IS NULL) = (moment IS NULL)", name="moment_within_a_note"),
        CheckConstraint("num_nonnulls(note_id, recorded_by) > 0", name="of_a_note_or_a_person"),
        CheckConstraint("source IN ('staff', 'patient')", name="source_known"),
        CheckConstraint("num_nonnulls(error_at, error_reason) IN (0, 2)", name="error_says_why"),
        CheckConstraint("length(error_reason) BETWEEN 1 AND 300", name="error_reason"),
        CheckConstraint("note_id IS NULL OR error_at IS NULL", name="error_outside_notes"),
        CheckConstraint(
            "note_id IS NOT NULL OR measured_at <= created_at + interval '1 minute'", name="not_in_the_future"
        ),
        CheckConstraint(
            "note_id IS NOT NULL OR num_nonnulls(systolic_mmhg, diastolic_mmhg, pulse_per_min, "
            "temperature_c, respiration_per_min, spo2_percent, weight_kg, height_cm, glucose_mg_dl, pain"
            ") > 0",
            name="something",
        ),
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
    note_id: Mapped[int | None] = mapped_column(ForeignKey("notes.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    moment: Mapped[str | None]
    measured_at: Mapped[Instant]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    source: Mapped[str] = mapped_column(default="staff", server_default="staff")
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("vital_signs.id"))
    error_at: Mapped[Instant | None]
    error_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    error_reason: Mapped[str | None]
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
