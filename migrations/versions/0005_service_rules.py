"""The rules of a service: who performs it, buffers, and how early and late patients may act.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = (
    sa.Column("buffer_before", sa.SmallInteger(), server_default="0", nullable=False),
    sa.Column("buffer_after", sa.SmallInteger(), server_default="0", nullable=False),
    sa.Column("notice_minutes", sa.Integer(), server_default="0", nullable=False),
    sa.Column("horizon_days", sa.SmallInteger(), nullable=True),
    sa.Column("change_minutes", sa.Integer(), server_default="0", nullable=False),
)
CHECKS = {
    "buffer_before": "buffer_before BETWEEN 0 AND 240 AND buffer_before % 5 = 0",
    "buffer_after": "buffer_after BETWEEN 0 AND 240 AND buffer_after % 5 = 0",
    "notice": "notice_minutes BETWEEN 0 AND 43200",
    "horizon": "horizon_days BETWEEN 1 AND 730",
    "change": "change_minutes BETWEEN 0 AND 43200",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in COLUMNS:
        op.add_column("services", column.copy())
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_services_{name}"), "services", rule)
    op.create_table(
        "service_practitioners",
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("fk_service_practitioners_service_id")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name=op.f("fk_service_practitioners_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("service_id", "practitioner_id", name="pk_service_practitioners"),
    )
    op.create_index(
        "ix_service_practitioners_practitioner", "service_practitioners", ["practitioner_id"]
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("service_practitioners")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_services_{name}"), "services", type_="check")
    for column in reversed(COLUMNS):
        op.drop_column("services", column.name)
