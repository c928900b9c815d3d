"""What a booking can be: held, overbooked, one of a series, a walk-in with a token.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CLAIMING = "status IN ('pending', 'confirmed', 'arrived', 'in_progress', 'completed')"
COLUMNS = (
    sa.Column("overbooked", sa.Boolean(), server_default="false", nullable=False),
    sa.Column("session_id", sa.BigInteger(), nullable=True),
    sa.Column("seat", sa.SmallInteger(), nullable=True),
    sa.Column("series_id", sa.BigInteger(), nullable=True),
    sa.Column("token", sa.SmallInteger(), nullable=True),
    sa.Column("token_day", sa.Date(), nullable=True),
)
CHECKS = {
    "seat_in_session": "(session_id IS NULL) = (seat IS NULL)",
    "token_of_a_day": "(token IS NULL) = (token_day IS NULL) AND token > 0",
    "overbooked_with_reason": "NOT overbooked OR override_reason IS NOT NULL",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "series",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["facility_id"], ["facilities.id"], op.f("fk_series_facility_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], op.f("fk_series_created_by")),
        sa.ForeignKeyConstraint(["group_id"], ["clinic_groups.id"], op.f("fk_series_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
    )
    for column in COLUMNS:
        op.add_column("appointments", column.copy())
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_appointments_{name}"), "appointments", rule)
    op.create_foreign_key(
        op.f("fk_appointments_session_id"), "appointments", "group_sessions", ["session_id"], ["id"]
    )
    op.create_foreign_key(
        "fk_appointments_seat",
        "appointments",
        "group_seats",
        ["session_id", "seat"],
        ["session_id", "number"],
    )
    op.create_foreign_key(op.f("fk_appointments_series_id"), "appointments", "series", ["series_id"], ["id"])
    op.create_unique_constraint(
        "uq_appointments_token", "appointments", ["facility_id", "token_day", "token"]
    )
    op.create_index(
        "uq_appointments_seat",
        "appointments",
        ["session_id", "seat"],
        unique=True,
        postgresql_where=sa.text(f"session_id IS NOT NULL AND {CLAIMING}"),
    )
    op.create_index(
        "ix_appointments_series",
        "appointments",
        ["series_id"],
        postgresql_where=sa.text("series_id IS NOT NULL"),
    )
    op.add_column("appointment_events", sa.Column("from_practitioner_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_appointment_events_from_practitioner_id"),
        "appointment_events",
        "practitioners",
        ["from_practitioner_id"],
        ["id"],
    )
    op.add_column("allocations", sa.Column("version", sa.BigInteger(), nullable=True))
    op.add_column("holds", sa.Column("kind", sa.Text(), server_default="undo", nullable=False))
    op.create_check_constraint(op.f("ck_holds_kind_known"), "holds", "kind IN ('undo', 'form', 'offer')")
    op.create_index("ix_holds_purpose", "holds", ["purpose"])
    op.create_index(
        "ix_holds_created_by", "holds", ["created_by"], postgresql_where=sa.text("kind = 'form'")
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_holds_created_by", "holds")
    op.drop_index("ix_holds_purpose", "holds")
    op.drop_column("holds", "kind")
    op.drop_column("allocations", "version")
    op.drop_column("appointment_events", "from_practitioner_id")
    op.drop_index("uq_appointments_seat", "appointments")
    op.drop_constraint("uq_appointments_token", "appointments", type_="unique")
    for column in COLUMNS:
        op.drop_column("appointments", column.name)
    op.drop_table("series")
