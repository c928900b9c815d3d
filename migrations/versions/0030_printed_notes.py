"""What a note's copies show of people and places is kept as it was when the note was signed.

Notes signed before have none of it: their copies go on to show the rows of today, and their codes hold.
Going back drops what was kept, so copies of notes signed in between are then told to differ.

Revision ID: 0030
Revises: 0029
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# Asked for at the moment of the signature only, so that notes signed earlier can still be shared. That it
# never changes afterwards is what notes_signed_locked already says of every column but shared_at.
SIGNED_PRINTED = """
CREATE FUNCTION notes_signed_printed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'note % is signed without what its copies show', NEW.id
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'notes_signed_printed';
END $$
"""
TRIGGERS = {
    "notes_signed_printed": "BEFORE UPDATE ON notes FOR EACH ROW "
    "WHEN (OLD.status <> 'signed' AND NEW.status = 'signed' AND NEW.printed IS NULL)",
    "notes_inserted_printed": "BEFORE INSERT ON notes FOR EACH ROW "
    "WHEN (NEW.status = 'signed' AND NEW.printed IS NULL)",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("notes", sa.Column("printed", postgresql.JSONB(), nullable=True))
    op.create_check_constraint(
        op.f("ck_notes_printed_when_signed"),
        "notes",
        "printed IS NULL OR (status = 'signed' AND jsonb_typeof(printed) = 'object')",
    )
    op.execute(SIGNED_PRINTED)
    for name, when in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION notes_signed_printed()")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON notes")
    op.execute("DROP FUNCTION notes_signed_printed()")
    op.drop_constraint(op.f("ck_notes_printed_when_signed"), "notes", type_="check")
    op.drop_column("notes", "printed")
