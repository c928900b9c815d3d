"""What the patient page reads by key, who put somebody in care or ended it, and what a person forgot.

Revision ID: 0028
Revises: 0027
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

CARE = ("created_by", "ended_by")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_messages_patient",
        "messages",
        ["patient_id", "send_at", "id"],
        postgresql_where=sa.text("patient_id IS NOT NULL"),
    )
    for name in CARE:
        op.add_column("care_relationships", sa.Column(name, sa.BigInteger(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_care_relationships_{name}"), "care_relationships", "users", [name], ["id"]
        )
    op.add_column(
        "facilities", sa.Column("care_months", sa.SmallInteger(), server_default="12", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_facilities_care_months"), "facilities", "care_months BETWEEN 1 AND 120"
    )
    op.create_table(
        "recent_forgotten",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_recent_forgotten")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recent_forgotten_user_id")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("recent_forgotten")
    op.drop_constraint(op.f("ck_facilities_care_months"), "facilities", type_="check")
    op.drop_column("facilities", "care_months")
    for name in CARE:
        op.drop_constraint(op.f(f"fk_care_relationships_{name}"), "care_relationships", type_="foreignkey")
        op.drop_column("care_relationships", name)
    op.drop_index("ix_messages_patient", table_name="messages")
