"""Message texts the clinic writes itself: each version a row, never changed.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
TABLE = "message_texts"
CHECKS = {
    "form_known": "form IN ('sms', 'email', 'short')",
    "number_positive": "number >= 1",
    "body_written": "body <> '' AND length(body) <= 5000",
    "subject_one_line": "subject <> '' AND length(subject) <= 200 AND subject !~ '[\\r\\n]'",
    "subject_with_its_text": "(subject IS NULL) = (body IS NULL OR form = 'sms')",
    "dlt_template_id": "dlt_template_id IS NULL OR dlt_template_id ~ '^[0-9]{1,30}$' AND form = 'sms'",
}
TRIGGER = (
    f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("dlt_template_id", sa.Text(), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f(f"fk_{TABLE}_created_by")),
        sa.ForeignKeyConstraint(["group_id"], ["clinic_groups.id"], name=op.f(f"fk_{TABLE}_group_id")),
        sa.UniqueConstraint("group_id", "kind", "form", "locale", "number", name="uq_message_texts_version"),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{TABLE}_{name}")) for name, rule in CHECKS.items()),
    )
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table(TABLE)
