"""Who asked for the present step of an import, and lines by the record they made.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


INDEXES = (
    ("ix_guardianships_user", "guardianships", "user_id"),
    ("ix_care_relationships_patient", "care_relationships", "patient_id"),
    ("ix_patient_identifiers_patient", "patient_identifiers", "patient_id"),
)
"""What a patient or a sign-in that goes must be looked up by."""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("imports", sa.Column("acting_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_imports_acting_id"), "imports", "users", ["acting_id"], ["id"])
    op.create_index(
        "ix_import_rows_record",
        "import_rows",
        ["record_id"],
        postgresql_where=sa.text("record_id IS NOT NULL"),
    )
    for name, table, column in INDEXES:
        op.create_index(name, table, [column])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, table, _column in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    op.drop_index("ix_import_rows_record", table_name="import_rows")
    op.drop_constraint(op.f("fk_imports_acting_id"), "imports", type_="foreignkey")
    op.drop_column("imports", "acting_id")
