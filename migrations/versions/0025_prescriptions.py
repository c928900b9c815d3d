"""Prescriptions, their lines, favourites and sets, and the rules that check them.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)
PRESCRIPTIONS_LOCKED = """
CREATE FUNCTION prescriptions_signed_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sharing text[] := ARRAY['shared_at'];
    ending text[] := ARRAY['shared_at', 'status', 'ended_at', 'ended_by', 'end_reason'];
BEGIN
    IF OLD.signed_at IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - sharing IS NOT DISTINCT FROM to_jsonb(OLD) - sharing THEN
            RETURN NEW;
        END IF;
        IF OLD.status = 'signed' AND NEW.status IN ('stopped', 'superseded')
            AND to_jsonb(NEW) - ending IS NOT DISTINCT FROM to_jsonb(OLD) - ending THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'prescription % is signed', OLD.id
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'prescriptions_signed_locked';
END $$
"""
"""A signed prescription is as it was signed: it can be shared, and it can end. Nothing else."""
LINES_LOCKED = """
CREATE FUNCTION prescription_lines_signed_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stopping text[] := ARRAY['stopped_at', 'stopped_by', 'stop_reason'];
    locked bigint;
BEGIN
    PERFORM 1 FROM prescriptions WHERE id IN (
        CASE WHEN TG_OP <> 'INSERT' THEN OLD.prescription_id END,
        CASE WHEN TG_OP <> 'DELETE' THEN NEW.prescription_id END
    ) ORDER BY id FOR SHARE;
    SELECT id INTO locked FROM prescriptions WHERE status <> 'draft' AND id IN (
        CASE WHEN TG_OP <> 'INSERT' THEN OLD.prescription_id END,
        CASE WHEN TG_OP <> 'DELETE' THEN NEW.prescription_id END
    ) LIMIT 1;
    IF locked IS NOT NULL THEN
        IF TG_OP = 'UPDATE' THEN
            IF OLD.stopped_at IS NULL AND NEW.stopped_at IS NOT NULL
                AND to_jsonb(NEW) - stopping IS NOT DISTINCT FROM to_jsonb(OLD) - stopping
                AND EXISTS (SELECT 1 FROM prescriptions WHERE id = locked AND status = 'signed') THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION 'prescription % is signed', locked
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'prescription_lines_signed_locked';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
"""The share lock lets a line wait for a signature that is under way, and then be refused."""
ACCEPTANCES_LOCKED = """
CREATE FUNCTION prescription_acceptances_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM 1 FROM prescriptions WHERE id = NEW.prescription_id FOR SHARE;
        IF EXISTS (SELECT 1 FROM prescriptions WHERE id = NEW.prescription_id AND status = 'draft') THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'what was set aside on a prescription stays as it is'
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'prescription_acceptances_locked';
END $$
"""
TRIGGERS = (
    "CREATE TRIGGER prescriptions_signed_locked BEFORE UPDATE OR DELETE ON prescriptions "
    "FOR EACH ROW EXECUTE FUNCTION prescriptions_signed_locked()",
    "CREATE TRIGGER prescription_lines_signed_locked BEFORE INSERT OR UPDATE OR DELETE ON prescription_lines "
    "FOR EACH ROW EXECUTE FUNCTION prescription_lines_signed_locked()",
    "CREATE TRIGGER prescription_acceptances_locked BEFORE INSERT OR UPDATE OR DELETE "
    "ON prescription_acceptances FOR EACH ROW EXECUTE FUNCTION prescription_acceptances_locked()",
    *(
        f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        for table in ("prescriptions", "prescription_lines", "prescription_acceptances")
    ),
)
TABLES = (
    "prescription_sets",
    "prescription_favourites",
    "prescription_acceptances",
    "prescription_lines",
    "prescriptions",
    "prescription_rules",
    "medicines",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _medicines()
    _prescription_rules()
    _prescriptions()
    _prescription_lines()
    _prescription_acceptances()
    _prescription_favourites()
    _prescription_sets()
    _shipped()
    for statement in (PRESCRIPTIONS_LOCKED, LINES_LOCKED, ACCEPTANCES_LOCKED, *TRIGGERS):
        op.execute(statement)


def _shipped() -> None:
    """The lists a clinic begins with, each from its one data file; from then on they are the clinic's."""
    for row in _data("medicines"):
        op.get_bind().execute(
            sa.text(
                "INSERT INTO medicines (code, kind, name, other_names, search_name, ingredients, usual, created_at)"
                " VALUES (:code, :kind, :name, :other_names, :search_name, :ingredients, CAST(:usual AS jsonb),"
                " now())"
            ),
            {**row, "usual": json.dumps(row["usual"])},
        )
    lists = ("kalpanas", "words", "words_with", "unless", "patient_words")
    for row in _data("rules"):
        op.get_bind().execute(
            sa.text(
                "INSERT INTO prescription_rules (code, level, condition, years, kalpanas, words, words_with,"
                " unless, patient_words, message, message_hi, shipped, created_at) VALUES (:code, :level,"
                " :condition, :years, :kalpanas, :words, :words_with, :unless, :patient_words, :message,"
                " :message_hi, true, now())"
            ),
            {"years": None, **{name: [] for name in lists}, **row},
        )


def _data(name: str) -> list[dict[str, Any]]:
    folder = Path(__file__).parents[2] / "clinic" / "prescriptions" / "data"
    rows: list[dict[str, Any]] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return rows


def _medicines() -> None:
    op.create_table(
        "medicines",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("other_names", sa.Text(), server_default="", nullable=False),
        sa.Column("search_name", sa.Text(collation="C"), nullable=False),
        sa.Column("ingredients", sa.Text(), server_default="", nullable=False),
        sa.Column("usual", postgresql.JSONB(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.Column("changed_by", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("kind IN ('general', 'ayurvedic')", name=op.f("ck_medicines_kind_known")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name=op.f("ck_medicines_name_length")),
        sa.ForeignKeyConstraint(["changed_by"], ["users.id"], name=op.f("fk_medicines_changed_by")),
        sa.ForeignKeyConstraint(["group_id"], ["clinic_groups.id"], name=op.f("fk_medicines_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medicines")),
        sa.UniqueConstraint("code", name="uq_medicines_code"),
        sa.UniqueConstraint("kind", "name", name="uq_medicines_name"),
    )
    op.create_index("ix_medicines_search_name", "medicines", ["search_name"], unique=False)


def _prescription_rules() -> None:
    op.create_table(
        "prescription_rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("years", sa.SmallInteger(), nullable=True),
        sa.Column("kalpanas", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("words", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("words_with", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("unless", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("patient_words", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("message_hi", sa.Text(), server_default="", nullable=False),
        sa.Column("shipped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.Column("changed_by", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "(condition IN ('younger', 'older')) = (years IS NOT NULL)",
            name=op.f("ck_prescription_rules_age_has_years"),
        ),
        sa.CheckConstraint(
            "condition IN ('always', 'pregnancy', 'lactation', 'younger', 'older', 'condition')",
            name=op.f("ck_prescription_rules_condition_known"),
        ),
        sa.CheckConstraint("level IN ('block', 'warn')", name=op.f("ck_prescription_rules_level_known")),
        sa.CheckConstraint(
            "length(message) BETWEEN 1 AND 300", name=op.f("ck_prescription_rules_message_length")
        ),
        sa.CheckConstraint("years BETWEEN 0 AND 120", name=op.f("ck_prescription_rules_years")),
        sa.ForeignKeyConstraint(["changed_by"], ["users.id"], name=op.f("fk_prescription_rules_changed_by")),
        sa.ForeignKeyConstraint(
            ["group_id"], ["clinic_groups.id"], name=op.f("fk_prescription_rules_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescription_rules")),
        sa.UniqueConstraint("code", name="uq_prescription_rules_code"),
    )


def _prescriptions() -> None:
    op.create_table(
        "prescriptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("note_id", sa.BigInteger(), nullable=True),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("submission_key", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.Column("saved_by", sa.BigInteger(), nullable=True),
        sa.Column("saved_page", sa.Text(), nullable=True),
        sa.Column("saved_turn", sa.BigInteger(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("advice", sa.Text(), server_default="", nullable=False),
        sa.Column("pathya", sa.Text(), server_default="", nullable=False),
        sa.Column("apathya", sa.Text(), server_default="", nullable=False),
        sa.Column("tests", sa.Text(), server_default="", nullable=False),
        sa.Column("share", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("shared_at", INSTANT, nullable=True),
        sa.Column("signed_at", INSTANT, nullable=True),
        sa.Column("signed_by", sa.BigInteger(), nullable=True),
        sa.Column(
            "printed",
            postgresql.JSONB(
                none_as_null=True,
            ),
            nullable=True,
        ),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "(status IN ('draft', 'discarded')) = (signed_at IS NULL)",
            name=op.f("ck_prescriptions_signed_has_time"),
        ),
        sa.CheckConstraint(
            "(status IN ('stopped', 'superseded')) = (ended_at IS NOT NULL)",
            name=op.f("ck_prescriptions_ended_has_time"),
        ),
        sa.CheckConstraint("locale IN ('en', 'hi')", name=op.f("ck_prescriptions_locale_known")),
        sa.CheckConstraint(
            "status <> 'stopped' OR coalesce(end_reason, '') <> ''",
            name=op.f("ck_prescriptions_stopped_has_reason"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'signed', 'stopped', 'superseded', 'discarded')",
            name=op.f("ck_prescriptions_status_known"),
        ),
        sa.CheckConstraint(
            "(signed_at IS NULL) = (printed IS NULL)", name=op.f("ck_prescriptions_signed_has_print")
        ),
        sa.CheckConstraint(
            "(signed_at IS NULL) = (signed_by IS NULL)", name=op.f("ck_prescriptions_signed_has_signer")
        ),
        sa.CheckConstraint("length(advice) <= 4000", name=op.f("ck_prescriptions_advice")),
        sa.CheckConstraint("length(apathya) <= 4000", name=op.f("ck_prescriptions_apathya")),
        sa.CheckConstraint("length(pathya) <= 4000", name=op.f("ck_prescriptions_pathya")),
        sa.CheckConstraint("length(tests) <= 4000", name=op.f("ck_prescriptions_tests")),
        sa.CheckConstraint(
            "shared_at IS NULL OR signed_at IS NOT NULL", name=op.f("ck_prescriptions_shared_is_signed")
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_prescriptions_appointment_id")
        ),
        sa.ForeignKeyConstraint(["ended_by"], ["users.id"], name=op.f("fk_prescriptions_ended_by")),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["facilities.id"], name=op.f("fk_prescriptions_facility_id")
        ),
        sa.ForeignKeyConstraint(["group_id"], ["clinic_groups.id"], name=op.f("fk_prescriptions_group_id")),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_prescriptions_note_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_prescriptions_patient_id")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name=op.f("fk_prescriptions_practitioner_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["prescriptions.id"], name=op.f("fk_prescriptions_replaces_id")
        ),
        sa.ForeignKeyConstraint(["saved_by"], ["users.id"], name=op.f("fk_prescriptions_saved_by")),
        sa.ForeignKeyConstraint(["signed_by"], ["users.id"], name=op.f("fk_prescriptions_signed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescriptions")),
        sa.UniqueConstraint("reference", name="uq_prescriptions_reference"),
        sa.UniqueConstraint("submission_key", name="uq_prescriptions_submission_key"),
    )
    op.create_index(
        "ix_prescriptions_note",
        "prescriptions",
        ["note_id"],
        unique=False,
        postgresql_where=sa.text("note_id IS NOT NULL"),
    )
    op.create_index("ix_prescriptions_patient", "prescriptions", ["patient_id", "id"], unique=False)
    op.create_index(
        "ix_prescriptions_practitioner_status", "prescriptions", ["practitioner_id", "status"], unique=False
    )
    op.create_index(
        "uq_prescriptions_note_draft",
        "prescriptions",
        ["note_id"],
        unique=True,
        postgresql_where=sa.text("status = 'draft' AND note_id IS NOT NULL"),
    )
    op.create_index(
        "uq_prescriptions_replaces",
        "prescriptions",
        ["replaces_id"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('draft', 'discarded') AND replaces_id IS NOT NULL"),
    )


def _prescription_lines() -> None:
    op.create_table(
        "prescription_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("prescription_id", sa.BigInteger(), nullable=False),
        sa.Column("submission_key", sa.Text(), nullable=True),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), server_default="", nullable=False),
        sa.Column("form", sa.Text(), server_default="", nullable=False),
        sa.Column("strength", sa.Text(), server_default="", nullable=False),
        sa.Column("kalpana", sa.Text(), server_default="", nullable=False),
        sa.Column("ingredients", sa.Text(), server_default="", nullable=False),
        sa.Column("dose_amount", sa.Numeric(precision=8, scale=3), nullable=True),
        sa.Column("dose_unit", sa.Text(), nullable=True),
        sa.Column("dose_typed", sa.Text(), server_default="", nullable=False),
        sa.Column("route", sa.Text(), server_default="", nullable=False),
        sa.Column("frequency", sa.Text(), nullable=True),
        sa.Column("morning", sa.Numeric(precision=8, scale=3), nullable=True),
        sa.Column("noon", sa.Numeric(precision=8, scale=3), nullable=True),
        sa.Column("evening", sa.Numeric(precision=8, scale=3), nullable=True),
        sa.Column("night", sa.Numeric(precision=8, scale=3), nullable=True),
        sa.Column("takes", sa.Numeric(precision=8, scale=3), nullable=True),
        sa.Column("every_hours", sa.SmallInteger(), nullable=True),
        sa.Column("dosing_typed", sa.Text(), server_default="", nullable=False),
        sa.Column("duration", sa.SmallInteger(), nullable=True),
        sa.Column("duration_unit", sa.Text(), nullable=True),
        sa.Column("duration_typed", sa.Text(), server_default="", nullable=False),
        sa.Column("quantity", sa.Text(), server_default="", nullable=False),
        sa.Column("food", sa.Text(), server_default="", nullable=False),
        sa.Column("sevana_kala", sa.Text(), server_default="", nullable=False),
        sa.Column("anupana", sa.Text(), server_default="", nullable=False),
        sa.Column("instructions", sa.Text(), server_default="", nullable=False),
        sa.Column("no_substitution", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.Column("stopped_at", INSTANT, nullable=True),
        sa.Column("stopped_by", sa.BigInteger(), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "(frequency = 'hourly') = (every_hours IS NOT NULL)",
            name=op.f("ck_prescription_lines_hourly_has_hours"),
        ),
        sa.CheckConstraint(
            "duration_unit IN ('day', 'week', 'month', 'ongoing')",
            name=op.f("ck_prescription_lines_duration_unit"),
        ),
        sa.CheckConstraint(
            "frequency IN ('times', 'od', 'bd', 'tds', 'qid', 'hs', 'sos', 'stat', 'weekly', "
            "'alternate', 'hourly')",
            name=op.f("ck_prescription_lines_frequency_known"),
        ),
        sa.CheckConstraint("kind IN ('general', 'ayurvedic')", name=op.f("ck_prescription_lines_kind_known")),
        sa.CheckConstraint(
            "(dose_amount IS NULL) = (dose_unit IS NULL)", name=op.f("ck_prescription_lines_dose_has_unit")
        ),
        sa.CheckConstraint(
            "(stopped_at IS NULL) = (stop_reason IS NULL)",
            name=op.f("ck_prescription_lines_stopped_has_reason"),
        ),
        sa.CheckConstraint("dose_amount > 0", name=op.f("ck_prescription_lines_dose_positive")),
        sa.CheckConstraint("duration > 0", name=op.f("ck_prescription_lines_duration_positive")),
        sa.CheckConstraint("every_hours BETWEEN 1 AND 72", name=op.f("ck_prescription_lines_every_hours")),
        sa.CheckConstraint(
            "least(morning, noon, evening, night) >= 0", name=op.f("ck_prescription_lines_times_not_negative")
        ),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_prescription_lines_name_length")),
        sa.CheckConstraint("takes > 0", name=op.f("ck_prescription_lines_takes_positive")),
        sa.ForeignKeyConstraint(
            ["prescription_id"], ["prescriptions.id"], name=op.f("fk_prescription_lines_prescription_id")
        ),
        sa.ForeignKeyConstraint(["stopped_by"], ["users.id"], name=op.f("fk_prescription_lines_stopped_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescription_lines")),
    )
    op.create_index(
        "ix_prescription_lines_prescription",
        "prescription_lines",
        ["prescription_id", "position", "id"],
        unique=False,
    )
    op.create_index(
        "uq_prescription_lines_key",
        "prescription_lines",
        ["prescription_id", "submission_key"],
        unique=True,
        postgresql_where=sa.text("submission_key IS NOT NULL"),
    )


def _prescription_acceptances() -> None:
    op.create_table(
        "prescription_acceptances",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("prescription_id", sa.BigInteger(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("accepted_by", sa.BigInteger(), nullable=False),
        sa.Column("accepted_name", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "level <> 'block' OR coalesce(reason, '') <> ''",
            name=op.f("ck_prescription_acceptances_block_has_reason"),
        ),
        sa.CheckConstraint(
            "level IN ('block', 'warn')", name=op.f("ck_prescription_acceptances_level_known")
        ),
        sa.ForeignKeyConstraint(
            ["accepted_by"], ["users.id"], name=op.f("fk_prescription_acceptances_accepted_by")
        ),
        sa.ForeignKeyConstraint(
            ["prescription_id"],
            ["prescriptions.id"],
            name=op.f("fk_prescription_acceptances_prescription_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescription_acceptances")),
        sa.UniqueConstraint("prescription_id", "finding", name="uq_prescription_acceptances_once"),
    )


def _prescription_favourites() -> None:
    op.create_table(
        "prescription_favourites",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search_name", sa.Text(collation="C"), nullable=False),
        sa.Column("line", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name=op.f("fk_prescription_favourites_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescription_favourites")),
        sa.UniqueConstraint("practitioner_id", "search_name", name="uq_prescription_favourites_once"),
    )


def _prescription_sets() -> None:
    op.create_table(
        "prescription_sets",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search_name", sa.Text(collation="C"), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("texts", postgresql.JSONB(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name=op.f("ck_prescription_sets_name_length")),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["facilities.id"], name=op.f("fk_prescription_sets_facility_id")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("fk_prescription_sets_made_by")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name=op.f("fk_prescription_sets_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescription_sets")),
    )
    op.create_index(
        "uq_prescription_sets_own",
        "prescription_sets",
        ["practitioner_id", "search_name"],
        unique=True,
        postgresql_where=sa.text("practitioner_id IS NOT NULL AND removed_at IS NULL"),
    )
    op.create_index(
        "uq_prescription_sets_shared",
        "prescription_sets",
        ["facility_id", "search_name"],
        unique=True,
        postgresql_where=sa.text("practitioner_id IS NULL AND removed_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        op.drop_table(table)
    for name in (
        "prescriptions_signed_locked",
        "prescription_lines_signed_locked",
        "prescription_acceptances_locked",
    ):
        op.execute(f"DROP FUNCTION {name}()")
