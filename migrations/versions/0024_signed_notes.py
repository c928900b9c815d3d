"""Diagnoses and codes, notes entered in error, copies that can be verified.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)
# A list of tens of thousands comes in at once: its words are written with one statement, not one per code,
# and without a foreign key that would look each of them up. Nothing else writes them.
CODE_WORDS = """
CREATE FUNCTION codes_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM code_words WHERE code_id IN (SELECT id FROM touched);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN NULL;
    END IF;
    INSERT INTO code_words (word, code_id)
    SELECT DISTINCT left(word, 100), touched.id
    FROM touched, unnest(string_to_array(touched.search_text, ' ')) AS word
    WHERE touched.active AND word <> ''
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""
# The note is locked while a row that belongs to it is written: a diagnosis cannot slip in between the look
# at the note and the signature of somebody else's transaction.
DIAGNOSES_LOCKED = """
CREATE FUNCTION diagnoses_signed_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found record;
BEGIN
    FOR found IN
        SELECT id, status, patient_id, facility_id FROM notes WHERE id IN (
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.note_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.note_id END
        ) ORDER BY id FOR SHARE
    LOOP
        IF found.status = 'signed' THEN
            RAISE EXCEPTION 'note % is signed', found.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'diagnoses_signed_locked';
        END IF;
        IF TG_OP <> 'DELETE' AND found.id = NEW.note_id
            AND (NEW.patient_id, NEW.facility_id) IS DISTINCT FROM (found.patient_id, found.facility_id)
        THEN
            RAISE EXCEPTION 'note % is about somebody else', found.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'diagnoses_of_the_note';
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
VITALS_LOCKED = """
CREATE OR REPLACE FUNCTION vital_signs_signed_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE locked bigint;
BEGIN
    SELECT id INTO locked FROM (
        SELECT id, status FROM notes WHERE id IN (
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.note_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.note_id END
        ) ORDER BY id FOR SHARE
    ) AS held WHERE status = 'signed' LIMIT 1;
    IF locked IS NOT NULL THEN
        RAISE EXCEPTION 'note % is signed', locked
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'vital_signs_signed_locked';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
VITALS_LOCKED_BEFORE = """
CREATE OR REPLACE FUNCTION vital_signs_signed_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE locked bigint;
BEGIN
    SELECT id INTO locked FROM notes
    WHERE status = 'signed' AND id IN (
        CASE WHEN TG_OP <> 'INSERT' THEN OLD.note_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.note_id END
    ) LIMIT 1;
    IF locked IS NOT NULL THEN
        RAISE EXCEPTION 'note % is signed', locked
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'vital_signs_signed_locked';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
# Entered in error, reinstated, entered in error again: in turns, and only of what was signed.
RETRACTIONS_IN_TURN = """
CREATE FUNCTION note_retractions_in_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM notes WHERE id = NEW.note_id AND status = 'signed' FOR SHARE;
    IF NOT FOUND OR NEW.number <> (
        SELECT coalesce(max(number), 0) + 1 FROM note_retractions WHERE note_id = NEW.note_id
    ) THEN
        RAISE EXCEPTION 'note % cannot be marked so now', NEW.note_id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'note_retractions_in_turn';
    END IF;
    RETURN NEW;
END $$
"""
# A template that signed notes were written in keeps its fields: they are what the notes read by.
LAYOUTS_LOCKED = """
CREATE FUNCTION note_templates_signed_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP = 'DELETE' OR NEW.layout IS DISTINCT FROM OLD.layout OR NEW.id <> OLD.id)
        AND EXISTS (SELECT 1 FROM notes WHERE template_id = OLD.id AND status = 'signed')
    THEN
        RAISE EXCEPTION 'signed notes were written in template %', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'note_templates_signed_locked';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _checks(table: str, rules: dict[str, str]) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in rules.items()]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _code_lists()
    _diagnoses()
    _retractions()
    _copies()
    op.create_check_constraint(
        op.f("ck_notes_shared_when_signed"), "notes", "shared_at IS NULL OR status = 'signed'"
    )
    op.execute(VITALS_LOCKED)


def _code_lists() -> None:
    op.create_table(
        "code_systems",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("list_version", sa.Text(), server_default="", nullable=False),
        sa.Column("licence", sa.Text(), server_default="", nullable=False),
        sa.Column("file_name", sa.Text(), server_default="", nullable=False),
        sa.Column("imported_at", INSTANT, nullable=False),
        sa.Column("imported_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_code_systems")),
        _to("code_systems", "imported_by", "users"),
        *_checks("code_systems", {"code_known": "code IN ('icd10', 'namaste', 'tm2', 'own')"}),
    )
    table = "codes"
    op.create_table(
        table,
        _id(),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("display", sa.Text(), nullable=False),
        sa.Column("display_hi", sa.Text(), server_default="", nullable=False),
        sa.Column("term", sa.Text(), server_default="", nullable=False),
        sa.Column("synonyms", sa.Text(), server_default="", nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("list_version", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codes")),
        sa.ForeignKeyConstraint(["system"], ["code_systems.code"], name=op.f("fk_codes_system")),
        sa.UniqueConstraint("system", "code", name="uq_codes_system_code"),
        *_checks(
            table,
            {
                "code_shape": r"CASE system WHEN 'icd10' THEN code ~ '^[A-Z]\d\d(\.\d{1,2})?$' "
                r"WHEN 'namaste' THEN code ~ '^[A-Z]{1,4}-\d+(\.\d+)*$' "
                "WHEN 'tm2' THEN code ~ '^S[K-T][0-9][0-9A-Z]$' "
                "ELSE length(code) BETWEEN 1 AND 40 END",
                "display": "length(display) BETWEEN 1 AND 500",
            },
        ),
    )
    op.create_index(
        "ix_codes_code_prefix",
        table,
        [sa.text("lower(code) text_pattern_ops")],
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "code_words",
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("word", "code_id", name=op.f("pk_code_words")),
    )
    op.create_index("ix_code_words_code", "code_words", ["code_id"])
    op.execute(CODE_WORDS)
    for event, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        op.execute(
            f"CREATE TRIGGER codes_words_{event.lower()} AFTER {event} ON codes "
            f"REFERENCING {rows} TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION codes_words()"
        )
    op.create_table(
        "code_uploads",
        _id(),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("list_version", sa.Text(), server_default="", nullable=False),
        sa.Column("licence", sa.Text(), server_default="", nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_uploads")),
        _to("code_uploads", "created_by", "users"),
    )


def _diagnoses() -> None:
    table = "diagnoses"
    op.create_table(
        table,
        _id(),
        sa.Column("note_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("code_display", sa.Text(), server_default="", nullable=False),
        sa.Column("list_version", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="provisional", nullable=False),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_diagnoses")),
        _to(table, "note_id", "notes"),
        _to(table, "patient_id", "patients"),
        _to(table, "facility_id", "facilities"),
        _to(table, "created_by", "users"),
        _to(table, "group_id", "clinic_groups"),
        *_checks(
            table,
            {
                "text": "length(text) BETWEEN 1 AND 300",
                "status_known": "status IN ('provisional', 'final')",
                "code_with_its_system": "(system IS NULL) = (code IS NULL)",
                "system_known": "system IN ('icd10', 'namaste', 'tm2', 'own')",
            },
        ),
    )
    op.create_index("ix_diagnoses_note", table, ["note_id", "position", "id"])
    op.create_index("ix_diagnoses_patient", table, ["patient_id", "id"])
    op.create_index(
        "uq_diagnoses_primary", table, ["note_id"], unique=True, postgresql_where=sa.text("is_primary")
    )
    op.create_index(
        "uq_diagnoses_once",
        table,
        ["note_id", sa.text("lower(text)"), sa.text("coalesce(code, '')")],
        unique=True,
    )
    op.create_index(
        "ix_diagnoses_own_words",
        table,
        ["facility_id", sa.text("lower(text) text_pattern_ops")],
        postgresql_where=sa.text("code IS NULL"),
    )
    op.execute(DIAGNOSES_LOCKED)
    op.execute(
        "CREATE TRIGGER diagnoses_signed_locked BEFORE INSERT OR UPDATE OR DELETE ON diagnoses "
        "FOR EACH ROW EXECUTE FUNCTION diagnoses_signed_locked()"
    )
    op.execute(
        "CREATE TRIGGER diagnoses_not_truncated BEFORE TRUNCATE ON diagnoses "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
    )


def _retractions() -> None:
    table = "note_retractions"
    op.create_table(
        table,
        _id(),
        sa.Column("note_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_retractions")),
        sa.UniqueConstraint("note_id", "number", name="uq_note_retractions_note_number"),
        _to(table, "note_id", "notes"),
        _to(table, "author_id", "users"),
        *_checks(
            table,
            {
                "kind_known": "kind IN ('entered_in_error', 'reinstated')",
                "in_turns": "(number % 2 = 1) = (kind = 'entered_in_error')",
                "reason": "length(reason) BETWEEN 1 AND 1000",
            },
        ),
    )
    op.execute(RETRACTIONS_IN_TURN)
    op.execute(
        "CREATE TRIGGER note_retractions_in_turn BEFORE INSERT ON note_retractions "
        "FOR EACH ROW EXECUTE FUNCTION note_retractions_in_turn()"
    )
    _append_only(table)
    op.execute(LAYOUTS_LOCKED)
    op.execute(
        "CREATE TRIGGER note_templates_signed_locked BEFORE UPDATE OR DELETE ON note_templates "
        "FOR EACH ROW EXECUTE FUNCTION note_templates_signed_locked()"
    )


def _copies() -> None:
    table = "verifiable_copies"
    op.create_table(
        table,
        _id(),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifiable_copies")),
        sa.UniqueConstraint("code", name="uq_verifiable_copies_code"),
        sa.UniqueConstraint("kind", "subject_id", "digest", name="uq_verifiable_copies_subject_digest"),
        _to(table, "patient_id", "patients"),
        _to(table, "facility_id", "facilities"),
        _to(table, "created_by", "users"),
        _to(table, "group_id", "clinic_groups"),
        *_checks(
            table,
            {
                "code_shape": "code ~ '^[0-9A-HJKMNP-TV-Z]{12}$'",
                "digest_shape": "digest ~ '^[0-9a-f]{64}$'",
            },
        ),
    )
    op.create_index("ix_verifiable_copies_patient", table, ["patient_id"])
    _append_only(table)


def _append_only(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(VITALS_LOCKED_BEFORE)
    op.drop_constraint(op.f("ck_notes_shared_when_signed"), "notes", type_="check")
    op.drop_table("verifiable_copies")
    op.execute("DROP TRIGGER note_templates_signed_locked ON note_templates")
    op.execute("DROP FUNCTION note_templates_signed_locked()")
    op.drop_table("note_retractions")
    op.execute("DROP FUNCTION note_retractions_in_turn()")
    op.drop_table("diagnoses")
    op.execute("DROP FUNCTION diagnoses_signed_locked()")
    op.drop_table("code_uploads")
    op.drop_table("code_words")
    op.drop_table("codes")
    op.execute("DROP FUNCTION codes_words()")
    op.drop_table("code_systems")
