"""What messages cost, their order, a second provider, and messages to many.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
NOT_ARRIVED = "status IN ('failed', 'unknown')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _messages()
    _days()
    _health()
    _broadcasts()


def _messages() -> None:
    """``urgent`` stays, with a default, for the code that serves while this runs."""
    op.alter_column("messages", "urgent", server_default=sa.text("false"))
    op.add_column("messages", sa.Column("priority", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("messages", sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("messages", sa.Column("next_provider", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("segments", sa.SmallInteger(), nullable=True))
    op.add_column("messages", sa.Column("cost_paise", sa.BigInteger(), nullable=True))
    op.create_check_constraint(op.f("ck_messages_priority_known"), "messages", "priority BETWEEN 0 AND 3")
    op.create_check_constraint(op.f("ck_messages_cost_not_negative"), "messages", "cost_paise >= 0")
    op.execute("UPDATE messages SET priority = 0 WHERE urgent AND status IN ('queued', 'sending')")
    op.execute(
        "UPDATE messages SET priority = 2"
        " WHERE kind LIKE 'reminder\\_%' AND status IN ('queued', 'sending') AND NOT urgent"
    )
    op.drop_index("ix_messages_due", table_name="messages")
    op.create_index(
        "ix_messages_due",
        "messages",
        ["priority", "next_try_at"],
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index(
        "ix_messages_not_arrived",
        "messages",
        ["finished_at", "id"],
        postgresql_where=sa.text(NOT_ARRIVED),
    )


def _days() -> None:
    table = "sms_days"
    op.create_table(
        table,
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("paise", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("segments", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("warned_at", INSTANT, nullable=True),
        sa.Column("reached_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_sms_days")),
        sa.CheckConstraint("paise >= 0 AND segments >= 0", name=op.f("ck_sms_days_not_negative")),
    )


def _health() -> None:
    op.create_table(
        "provider_health",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("avoid_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_provider_health")),
    )


def _broadcasts() -> None:
    table = "broadcasts"
    checks = {
        "purpose_known": "purpose IN ('service', 'news')",
        "status_known": "status IN ('draft', 'waiting', 'writing', 'written', 'stopped')",
        "channels_known": "channels <@ ARRAY['sms', 'email']::text[] AND cardinality(channels) > 0",
        "begins_when_confirmed": "status IN ('draft', 'stopped') OR begins_at IS NOT NULL",
        "text_not_empty": "text_en <> '' AND text_hi <> ''",
    }
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("audience", postgresql.JSONB(), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("subject_en", sa.Text(), server_default="", nullable=False),
        sa.Column("subject_hi", sa.Text(), server_default="", nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("text_hi", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("begins_at", INSTANT, nullable=True),
        sa.Column("last_patient_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("people", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("estimate_paise", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("stopped_by", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sa.ForeignKeyConstraint(["group_id"], ["clinic_groups.id"], name=op.f("fk_broadcasts_group_id")),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in checks.items()),
    )
    op.create_index("ix_broadcasts_facility", table, ["facility_id", "id"])
    op.create_index(
        "ix_broadcasts_due",
        table,
        ["begins_at"],
        postgresql_where=sa.text("status IN ('waiting', 'writing')"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("broadcasts")
    op.drop_table("provider_health")
    op.drop_table("sms_days")
    op.drop_index("ix_messages_not_arrived", table_name="messages")
    op.drop_index("ix_messages_due", table_name="messages")
    op.create_index(
        "ix_messages_due", "messages", ["next_try_at"], postgresql_where=sa.text("status = 'queued'")
    )
    op.drop_constraint(op.f("ck_messages_cost_not_negative"), "messages", type_="check")
    op.drop_constraint(op.f("ck_messages_priority_known"), "messages", type_="check")
    for column in ("cost_paise", "segments", "next_provider", "tries", "priority"):
        op.drop_column("messages", column)
    op.alter_column("messages", "urgent", server_default=None)
