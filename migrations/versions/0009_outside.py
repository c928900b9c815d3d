"""Calendars outside, visits online, and which changes practitioners and clinics are told of.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

HEARD = {
    "practitioners": ("hears_booked", "hears_moved", "hears_cancelled", "hears_soon_only"),
    "facilities": ("hears_waiting", "hears_booked", "hears_moved", "hears_cancelled"),
}
LINK = "meeting_url ~ '^https://' AND length(meeting_url) <= 500"
PATTERN = "meeting_pattern ~ '^https://' AND length(meeting_pattern) <= 500"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, columns in HEARD.items():
        for name in columns:
            op.add_column(
                table, sa.Column(name, sa.Boolean(), server_default=sa.text("true"), nullable=False)
            )
    op.add_column("facilities", sa.Column("meeting_pattern", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_facilities_meeting_pattern"), "facilities", PATTERN)
    op.add_column("appointments", sa.Column("meeting_url", sa.Text(), nullable=True))
    # The default comes after the column: rows that are there already need not be written anew.
    op.add_column("appointments", sa.Column("meeting_key", sa.Uuid(), nullable=True))
    op.alter_column("appointments", "meeting_key", server_default=sa.text("gen_random_uuid()"))
    op.execute("UPDATE appointments SET meeting_key = gen_random_uuid() WHERE mode = 'online'")
    op.create_check_constraint(op.f("ck_appointments_meeting_url"), "appointments", LINK)
    op.create_table(
        "calendar_feeds",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("initials", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("read_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name=op.f("fk_calendar_feeds_practitioner_id")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_calendar_feeds_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feeds")),
        sa.UniqueConstraint("token_hash", name="uq_calendar_feeds_token"),
    )
    op.create_index(
        "uq_calendar_feeds_one_live",
        "calendar_feeds",
        ["practitioner_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("calendar_feeds")
    op.drop_constraint(op.f("ck_appointments_meeting_url"), "appointments", type_="check")
    op.drop_column("appointments", "meeting_key")
    op.drop_column("appointments", "meeting_url")
    op.drop_constraint(op.f("ck_facilities_meeting_pattern"), "facilities", type_="check")
    op.drop_column("facilities", "meeting_pattern")
    for table, columns in HEARD.items():
        for name in reversed(columns):
            op.drop_column(table, name)
