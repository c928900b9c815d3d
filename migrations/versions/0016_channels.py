"""In-app and push messages, what people choose to hear, quiet hours, and text messages that come in.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
CHANNELS = "channel IN ('sms', 'email', 'push', 'in_app')"
REPLIES = "'stopped', 'started', 'help', 'coming', 'not_coming', 'which'"
MEANINGS = "'stop', 'start', 'yes', 'no', 'help', 'other'"


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, INSTANT, nullable=nullable)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_messages_channel_known"), "messages", type_="check")
    op.create_check_constraint(op.f("ck_messages_channel_known"), "messages", CHANNELS)
    _inbox()
    _push()
    _choices()
    _inbound()


def _inbox() -> None:
    table = "inbox_items"
    op.create_table(
        table,
        _id(),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger()),
        sa.Column("facility_id", sa.BigInteger()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("path", sa.Text()),
        _at("read_at", nullable=True),
        _at("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_items")),
        sa.UniqueConstraint("message_id", "user_id", name=op.f("uq_inbox_items_message_user")),
        sa.CheckConstraint("path LIKE '/%'", name=op.f("ck_inbox_items_path_on_this_site")),
        _to(table, "message_id", "messages"),
        _to(table, "user_id", "users"),
        _to(table, "patient_id", "patients"),
        _to(table, "facility_id", "facilities"),
    )
    op.create_index("ix_inbox_items_user", table, ["user_id", "id"])
    op.create_index(
        "ix_inbox_items_unread", table, ["user_id"], postgresql_where=sa.text("read_at IS NULL")
    )


def _push() -> None:
    table = "push_subscriptions"
    op.create_table(
        table,
        _id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.BigInteger()),
        sa.Column("endpoint_hash", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        _at("last_used_at", nullable=True),
        _at("retired_at", nullable=True),
        _at("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("endpoint_hash", name=op.f("uq_push_subscriptions_endpoint")),
        _to(table, "user_id", "users"),
        _to(table, "session_id", "login_sessions"),
    )
    op.create_index(
        "ix_push_subscriptions_live", table, ["user_id"], postgresql_where=sa.text("retired_at IS NULL")
    )
    op.create_index("ix_push_subscriptions_session", table, ["session_id"])


def _choices() -> None:
    op.create_table(
        "message_choices",
        _id(),
        sa.Column("recipient_type", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.BigInteger(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        _at("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_choices")),
        sa.UniqueConstraint(
            "recipient_type", "recipient_id", "choice", "channel", name=op.f("uq_message_choices_once")
        ),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_message_choices_channel_known")),
    )
    op.create_table(
        "quiet_hours",
        sa.Column("recipient_type", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        _at("created_at"),
        sa.PrimaryKeyConstraint("recipient_type", "recipient_id", name=op.f("pk_quiet_hours")),
        sa.CheckConstraint("starts <> ends", name=op.f("ck_quiet_hours_some_time")),
    )


def _inbound() -> None:
    op.create_table(
        "sms_stops",
        sa.Column("mobile", sa.Text(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        _at("changed_at"),
        sa.PrimaryKeyConstraint("mobile", name=op.f("pk_sms_stops")),
    )
    table = "inbound_messages"
    op.create_table(
        table,
        _id(),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("mobile", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.BigInteger()),
        sa.Column("facility_id", sa.BigInteger()),
        sa.Column("subject_id", sa.BigInteger()),
        sa.Column("reply", sa.Text()),
        _at("done_at", nullable=True),
        sa.Column("done_by", sa.BigInteger()),
        _at("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_messages")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_inbound_messages_provider_id")),
        sa.CheckConstraint(f"meaning IN ({MEANINGS})", name=op.f("ck_inbound_messages_meaning_known")),
        sa.CheckConstraint(f"reply IN ({REPLIES})", name=op.f("ck_inbound_messages_reply_known")),
        _to(table, "patient_id", "patients"),
        _to(table, "facility_id", "facilities"),
        _to(table, "done_by", "users"),
    )
    op.create_index("ix_inbound_messages_mobile", table, ["mobile", "id"])
    op.create_index(
        "ix_inbound_messages_open", table, ["id"], postgresql_where=sa.text("done_at IS NULL")
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in (
        "inbound_messages",
        "sms_stops",
        "quiet_hours",
        "message_choices",
        "push_subscriptions",
        "inbox_items",
    ):
        op.drop_table(table)
    op.execute("DELETE FROM messages WHERE channel IN ('push', 'in_app')")
    op.drop_constraint(op.f("ck_messages_channel_known"), "messages", type_="check")
    op.create_check_constraint(op.f("ck_messages_channel_known"), "messages", "channel IN ('sms', 'email')")
