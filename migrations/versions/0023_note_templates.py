"""Templates a clinic makes, words people use again and again, and which page saved a note last.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
TEMPLATES = "note_templates"
NEW_COLUMNS = (
    "facility_id",
    "origin",
    "schema",
    "based_on_id",
    "revision",
    "created_by",
    "published_at",
    "published_by",
    "retired_at",
    "retired_by",
)
CHECKS = {
    "origin_known": "origin IN ('shipped', 'clinic')",
    "clinic_has_place": "(origin = 'clinic') = (facility_id IS NOT NULL)",
    "active_is_published": "NOT active OR (published_at IS NOT NULL AND retired_at IS NULL)",
    "name_length": "length(name) BETWEEN 1 AND 120",
}
# What was published stays as it is, so that old notes keep their form; it may only go out of use and back.
LOCKED = """
CREATE FUNCTION note_templates_published_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['active', 'retired_at', 'retired_by'];
BEGIN
    IF OLD.published_at IS NOT NULL
        AND (TG_OP = 'DELETE' OR (to_jsonb(NEW) - free) IS DISTINCT FROM (to_jsonb(OLD) - free))
    THEN
        RAISE EXCEPTION 'version % of note template % is published', OLD.version, OLD.code
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'note_templates_published_locked';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
TRIGGER = """
CREATE TRIGGER note_templates_published_locked BEFORE UPDATE OR DELETE ON note_templates
FOR EACH ROW EXECUTE FUNCTION note_templates_published_locked()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _templates()
    _snippets()
    op.add_column("notes", sa.Column("saved_page", sa.Text(), nullable=True))
    op.add_column("notes", sa.Column("saved_turn", sa.BigInteger(), nullable=True))


def _templates() -> None:
    op.add_column(TEMPLATES, sa.Column("facility_id", sa.BigInteger(), nullable=True))
    op.add_column(TEMPLATES, sa.Column("origin", sa.Text(), server_default="shipped", nullable=False))
    op.add_column(TEMPLATES, sa.Column("schema", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column(TEMPLATES, sa.Column("based_on_id", sa.BigInteger(), nullable=True))
    op.add_column(TEMPLATES, sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column(TEMPLATES, sa.Column("created_by", sa.BigInteger(), nullable=True))
    op.add_column(TEMPLATES, sa.Column("published_at", INSTANT, nullable=True))
    op.add_column(TEMPLATES, sa.Column("published_by", sa.BigInteger(), nullable=True))
    op.add_column(TEMPLATES, sa.Column("retired_at", INSTANT, nullable=True))
    op.add_column(TEMPLATES, sa.Column("retired_by", sa.BigInteger(), nullable=True))
    op.execute("UPDATE note_templates SET published_at = created_at")
    op.execute("UPDATE note_templates SET retired_at = created_at WHERE NOT active")
    for column, target in (
        ("facility_id", "facilities"),
        ("based_on_id", TEMPLATES),
        ("created_by", "users"),
        ("published_by", "users"),
        ("retired_by", "users"),
    ):
        op.create_foreign_key(op.f(f"fk_{TEMPLATES}_{column}"), TEMPLATES, target, [column], ["id"])
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_{TEMPLATES}_{name}"), TEMPLATES, rule)
    op.create_index(
        "uq_note_templates_draft",
        TEMPLATES,
        ["code"],
        unique=True,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_index("ix_note_templates_facility", TEMPLATES, ["facility_id", "code"])
    op.execute(LOCKED)
    op.execute(TRIGGER)


def _snippets() -> None:
    table = "snippets"
    checks = {
        "one_owner": "(owner_id IS NULL) <> (facility_id IS NULL)",
        "word_length": "length(word) BETWEEN 1 AND 24",
        "text_length": "length(text) BETWEEN 1 AND 4000",
    }
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("facility_id", sa.BigInteger(), nullable=True),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f(f"fk_{table}_owner_id")),
        sa.ForeignKeyConstraint(["facility_id"], ["facilities.id"], name=op.f(f"fk_{table}_facility_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f(f"fk_{table}_created_by")),
        sa.ForeignKeyConstraint(["group_id"], ["clinic_groups.id"], name=op.f(f"fk_{table}_group_id")),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in checks.items()),
    )
    for name, column in (
        ("uq_snippets_owner_word", "owner_id"),
        ("uq_snippets_facility_word", "facility_id"),
    ):
        op.create_index(
            name,
            table,
            [column, "word"],
            unique=True,
            postgresql_where=sa.text(f"{column} IS NOT NULL AND removed_at IS NULL"),
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("notes", "saved_turn")
    op.drop_column("notes", "saved_page")
    op.drop_table("snippets")
    op.execute("DROP TRIGGER note_templates_published_locked ON note_templates")
    op.execute("DROP FUNCTION note_templates_published_locked()")
    op.drop_index("ix_note_templates_facility", TEMPLATES)
    op.drop_index("uq_note_templates_draft", TEMPLATES)
    for name in reversed(CHECKS):
        op.drop_constraint(op.f(f"ck_{TEMPLATES}_{name}"), TEMPLATES)
    for column in reversed(NEW_COLUMNS):
        op.drop_column(TEMPLATES, column)
