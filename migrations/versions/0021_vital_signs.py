"""Measurements outside a note, corrected and never overwritten.

The facility of a row within a note is filled in from the note, so that the code before this revision goes on
writing while the new one starts. Going back removes what was measured outside notes: it has no place there.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLE = "vital_signs"
INSTANT = postgresql.TIMESTAMP(timezone=True)
NUMBERS = (
    "systolic_mmhg, diastolic_mmhg, pulse_per_min, temperature_c, respiration_per_min, spo2_percent, "
    "weight_kg, height_cm, glucose_mg_dl, pain"
)
CHECKS = {
    "moment_within_a_note": "(note_id IS NULL) = (moment IS NULL)",
    "of_a_note_or_a_person": "num_nonnulls(note_id, recorded_by) > 0",
    "source_known": "source IN ('staff', 'patient')",
    "error_says_why": "num_nonnulls(error_at, error_reason) IN (0, 2)",
    "error_reason": "length(error_reason) BETWEEN 1 AND 300",
    "error_outside_notes": "note_id IS NULL OR error_at IS NULL",
    "not_in_the_future": "note_id IS NOT NULL OR measured_at <= created_at + interval '1 minute'",
    "something": f"note_id IS NOT NULL OR num_nonnulls({NUMBERS}) > 0",
}
LINKS = {"facility_id": "facilities", "recorded_by": "users", "supersedes_id": TABLE, "error_by": "users"}
PLACED = """
CREATE FUNCTION vital_signs_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.note_id IS NOT NULL THEN
        SELECT facility_id INTO NEW.facility_id FROM notes WHERE id = NEW.note_id;
    END IF;
    IF NEW.supersedes_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM vital_signs
        WHERE id = NEW.supersedes_id AND patient_id = NEW.patient_id AND error_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'measurement % was not entered in error', NEW.supersedes_id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'vital_signs_superseded';
    END IF;
    RETURN NEW;
END $$
"""
KEPT = """
CREATE FUNCTION vital_signs_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE marks text[] := ARRAY['error_at', 'error_by', 'error_reason'];
BEGIN
    IF OLD.note_id IS NULL AND (
        TG_OP = 'DELETE' OR OLD.error_at IS NOT NULL OR NEW.error_at IS NULL
        OR (to_jsonb(NEW) - marks) IS DISTINCT FROM (to_jsonb(OLD) - marks)
    ) OR OLD.note_id IS NOT NULL AND TG_OP = 'UPDATE' AND NEW.note_id IS NULL THEN
        RAISE EXCEPTION 'measurement % is kept as it is', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'vital_signs_kept';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(TABLE, sa.Column("facility_id", sa.BigInteger(), nullable=True))
    op.add_column(TABLE, sa.Column("recorded_by", sa.BigInteger(), nullable=True))
    op.add_column(TABLE, sa.Column("source", sa.Text(), server_default="staff", nullable=False))
    op.add_column(TABLE, sa.Column("supersedes_id", sa.BigInteger(), nullable=True))
    op.add_column(TABLE, sa.Column("error_at", INSTANT, nullable=True))
    op.add_column(TABLE, sa.Column("error_by", sa.BigInteger(), nullable=True))
    op.add_column(TABLE, sa.Column("error_reason", sa.Text(), nullable=True))
    # Signed notes keep their measurements from every UPDATE; where they were taken is no change of them.
    op.execute("ALTER TABLE vital_signs DISABLE TRIGGER vital_signs_signed_locked")
    op.execute("UPDATE vital_signs SET facility_id = notes.facility_id FROM notes WHERE notes.id = note_id")
    op.execute("ALTER TABLE vital_signs ENABLE TRIGGER vital_signs_signed_locked")
    op.alter_column(TABLE, "facility_id", nullable=False)
    op.alter_column(TABLE, "note_id", nullable=True)
    op.alter_column(TABLE, "moment", nullable=True)
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_{TABLE}_{name}"), TABLE, rule)
    for column, target in LINKS.items():
        op.create_foreign_key(op.f(f"fk_{TABLE}_{column}"), TABLE, target, [column], ["id"])
    op.create_unique_constraint("uq_vital_signs_supersedes", TABLE, ["supersedes_id"])
    op.execute(PLACED)
    op.execute(
        "CREATE TRIGGER vital_signs_placed BEFORE INSERT ON vital_signs "
        "FOR EACH ROW EXECUTE FUNCTION vital_signs_placed()"
    )
    op.execute(KEPT)
    op.execute(
        "CREATE TRIGGER vital_signs_kept BEFORE UPDATE OR DELETE ON vital_signs "
        "FOR EACH ROW EXECUTE FUNCTION vital_signs_kept()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER vital_signs_kept ON vital_signs")
    op.execute("DROP FUNCTION vital_signs_kept()")
    op.execute("DROP TRIGGER vital_signs_placed ON vital_signs")
    op.execute("DROP FUNCTION vital_signs_placed()")
    op.drop_constraint("uq_vital_signs_supersedes", TABLE, type_="unique")
    for column in LINKS:
        op.drop_constraint(op.f(f"fk_{TABLE}_{column}"), TABLE, type_="foreignkey")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_{TABLE}_{name}"), TABLE, type_="check")
    op.execute("DELETE FROM vital_signs WHERE note_id IS NULL")
    op.alter_column(TABLE, "moment", nullable=False)
    op.alter_column(TABLE, "note_id", nullable=False)
    for name in ("error_reason", "error_by", "error_at", "supersedes_id", "source", "recorded_by", "facility_id"):
        op.drop_column(TABLE, name)
