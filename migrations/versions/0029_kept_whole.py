"""What a signed note holds cannot be emptied or lent: papers stay, and belong to the note's own patient.

Revision ID: 0029
Revises: 0028
"""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

NOT_TRUNCATED = ("papers", "note_papers", "appointment_papers", "patient_measures")
PAPERS_LOCKED = """
CREATE OR REPLACE FUNCTION note_papers_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.note_id ELSE OLD.note_id END;
    held record;
BEGIN
    SELECT status, patient_id INTO held FROM notes WHERE id = noted FOR SHARE;
    IF held.status = 'signed' OR TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'what is attached to note % stays', noted
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'note_papers_locked';
    END IF;
    IF TG_OP = 'INSERT' AND NOT EXISTS (
        SELECT 1 FROM papers WHERE id = NEW.paper_id AND patient_id = held.patient_id
    ) THEN
        RAISE EXCEPTION 'paper % is not of the patient of note %', NEW.paper_id, noted
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'note_papers_of_the_patient';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
PAPERS_LOCKED_BEFORE = """
CREATE OR REPLACE FUNCTION note_papers_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.note_id ELSE OLD.note_id END;
    state text;
BEGIN
    SELECT status INTO state FROM notes WHERE id = noted FOR SHARE;
    IF state = 'signed' OR TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'what is attached to note % stays', noted
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'note_papers_locked';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
# An addendum is never taken back, so one in a draft would be signed with it though nobody looked at it.
ADDENDA_TO_SIGNED = """
CREATE FUNCTION addenda_to_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM notes WHERE id = NEW.note_id AND status = 'signed' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'note % is not signed', NEW.note_id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'addenda_to_signed';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in NOT_TRUNCATED:
        op.execute(
            f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    op.execute(PAPERS_LOCKED)
    op.execute(ADDENDA_TO_SIGNED)
    op.execute(
        "CREATE TRIGGER addenda_to_signed BEFORE INSERT ON addenda "
        "FOR EACH ROW EXECUTE FUNCTION addenda_to_signed()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER addenda_to_signed ON addenda")
    op.execute("DROP FUNCTION addenda_to_signed()")
    op.execute(PAPERS_LOCKED_BEFORE)
    for table in NOT_TRUNCATED:
        op.execute(f"DROP TRIGGER {table}_not_truncated ON {table}")
