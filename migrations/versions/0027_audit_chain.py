"""The audit sealed in batches, and access in an emergency.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)
APPEND_ONLY = ("audit_batches", "audit_checks")
# Whoever writes audit rows holds this lock, shared, until their transaction ends, from before the rows get
# their ids. Whoever takes it alone knows that every id given out so far is committed or never will be.
WRITING = """
CREATE FUNCTION audit_events_writing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1401, 1);
    RETURN NULL;
END $$
"""
WRITING_TRIGGER = (
    "CREATE TRIGGER audit_events_writing BEFORE INSERT ON audit_events "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_events_writing()"
)
# What may change of an access in an emergency: it ends, once; it is looked over, once.
KEPT = """
CREATE FUNCTION emergency_accesses_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR (to_jsonb(NEW) - '{closed_at,reviewed_by,reviewed_at,review_note}'::text[])
            IS DISTINCT FROM (to_jsonb(OLD) - '{closed_at,reviewed_by,reviewed_at,review_note}'::text[])
        OR (OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at)
        OR (OLD.reviewed_at IS NOT NULL AND (NEW.reviewed_at, NEW.reviewed_by, NEW.review_note)
            IS DISTINCT FROM (OLD.reviewed_at, OLD.reviewed_by, OLD.review_note))
    THEN
        RAISE EXCEPTION 'emergency access % is kept as it was', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'emergency_accesses_kept';
    END IF;
    RETURN NEW;
END $$
"""
KEPT_TRIGGERS = (
    "CREATE TRIGGER emergency_accesses_kept BEFORE UPDATE OR DELETE ON emergency_accesses "
    "FOR EACH ROW EXECUTE FUNCTION emergency_accesses_kept()",
    "CREATE TRIGGER emergency_accesses_not_truncated BEFORE TRUNCATE ON emergency_accesses "
    "FOR EACH STATEMENT EXECUTE FUNCTION append_only()",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "audit_batches",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", INSTANT, nullable=False),
        sa.Column("previous_mac", sa.LargeBinary(), nullable=False),
        sa.Column("row_macs", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.CheckConstraint("number >= 1 AND first_id >= 1", name=op.f("ck_audit_batches_from_one")),
        sa.CheckConstraint("first_id <= last_id", name=op.f("ck_audit_batches_range")),
        sa.CheckConstraint(
            "octet_length(row_macs) = 40 * count AND octet_length(mac) = 32",
            name=op.f("ck_audit_batches_lengths"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_batches")),
        sa.UniqueConstraint("first_id", name="uq_audit_batches_first_id"),
    )
    op.create_table(
        "audit_checks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("batches", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("batch", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("heads_read", sa.Boolean(), nullable=False),
        sa.CheckConstraint("good = (finding IS NULL)", name=op.f("ck_audit_checks_bad_has_finding")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_checks")),
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    op.execute(WRITING)
    op.execute(WRITING_TRIGGER)
    op.execute("ALTER TABLE audit_events ALTER COLUMN id SET GENERATED ALWAYS")
    op.create_table(
        "emergency_accesses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("reviewed_by", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_at", INSTANT, nullable=True),
        sa.Column("review_note", sa.Text(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "urgency IN ('unconscious', 'cannot_say', 'standing_in', 'other')",
            name=op.f("ck_emergency_accesses_urgency_known"),
        ),
        sa.CheckConstraint(
            "char_length(reason) BETWEEN 10 AND 500", name=op.f("ck_emergency_accesses_reason_length")
        ),
        sa.CheckConstraint("started_at < ends_at", name=op.f("ck_emergency_accesses_ends_after_start")),
        sa.CheckConstraint(
            "(reviewed_at IS NULL) = (reviewed_by IS NULL)",
            name=op.f("ck_emergency_accesses_reviewed_by_somebody"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_emergency_accesses_user_id")),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_emergency_accesses_patient_id")
        ),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["facilities.id"], name=op.f("fk_emergency_accesses_facility_id")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"], ["users.id"], name=op.f("fk_emergency_accesses_reviewed_by")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["clinic_groups.id"], name=op.f("fk_emergency_accesses_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_accesses")),
    )
    op.create_index("ix_emergency_accesses_user_ends", "emergency_accesses", ["user_id", "ends_at"])
    op.create_index("ix_emergency_accesses_patient", "emergency_accesses", ["patient_id", "id"])
    op.execute(KEPT)
    for trigger in KEPT_TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("emergency_accesses")
    op.execute("DROP FUNCTION emergency_accesses_kept()")
    op.execute("ALTER TABLE audit_events ALTER COLUMN id SET GENERATED BY DEFAULT")
    op.execute("DROP TRIGGER audit_events_writing ON audit_events")
    op.execute("DROP FUNCTION audit_events_writing()")
    op.drop_table("audit_checks")
    op.drop_table("audit_batches")
