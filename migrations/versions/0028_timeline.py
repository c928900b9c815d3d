"""What the patient page reads by key, who put somebody in care or ended it, and what a person forgot.

The same file may come from the clinic and from the household, so that no household learns what the clinic
has.
Indexes are built while others write, outside a transaction; what is left of a build that was broken off is
dropped first.

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
KEPT = "removed_at IS NULL AND scan <> 'refused'"
SAME_FILE = {
    "uq_papers_same_file_clinic": "source = 'staff'",
    "uq_papers_same_file_household": "source <> 'staff'",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        _build(
            "ix_messages_patient",
            "messages",
            ["patient_id", "send_at", "id"],
            where="patient_id IS NOT NULL",
        )
        for name, source in SAME_FILE.items():
            _build(name, "papers", ["patient_id", "sha256"], where=f"{KEPT} AND {source}", unique=True)
        _drop("uq_papers_same_file")
    op.execute("SET LOCAL lock_timeout = '5s'")
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
    twice = sa.text(f"SELECT patient_id FROM papers WHERE {KEPT} GROUP BY patient_id, sha256 HAVING count(*) > 1")
    if op.get_bind().execute(twice).first() is not None:
        raise RuntimeError("The clinic and a household brought the same file: mark one of them as wrong first.")
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        _build("uq_papers_same_file", "papers", ["patient_id", "sha256"], where=KEPT, unique=True)
        for name in (*SAME_FILE, "ix_messages_patient"):
            _drop(name)
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("recent_forgotten")
    op.drop_constraint(op.f("ck_facilities_care_months"), "facilities", type_="check")
    op.drop_column("facilities", "care_months")
    for name in CARE:
        op.drop_constraint(op.f(f"fk_care_relationships_{name}"), "care_relationships", type_="foreignkey")
        op.drop_column("care_relationships", name)


def _build(name: str, table: str, columns: list[str], *, where: str, unique: bool = False) -> None:
    _drop(name)
    op.create_index(
        name, table, columns, unique=unique, postgresql_where=sa.text(where), postgresql_concurrently=True
    )


def _drop(name: str) -> None:
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
