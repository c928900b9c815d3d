"""What an older register knows of a patient: its file number, the first visit, remarks, and a "nil" for allergies.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FOLDED = r"nullif(regexp_replace(lower(file_number), '[\s./\-]+', '', 'g'), '')"
STATUSES = "'not_asked', 'none_stated', 'none_known', 'recorded'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("patients", sa.Column("file_number", sa.Text(), nullable=True))
    op.add_column(
        "patients",
        sa.Column(
            "file_number_folded", sa.Text(collation="C"), sa.Computed(FOLDED, persisted=True), nullable=True
        ),
    )
    op.add_column("patients", sa.Column("first_visit_on", sa.Date(), nullable=True))
    op.add_column("patients", sa.Column("remarks", sa.Text(), nullable=True))
    op.create_index("ix_patients_file_number", "patients", ["file_number_folded"])
    op.drop_constraint(op.f("ck_patients_allergy_status_known"), "patients", type_="check")
    op.create_check_constraint(
        op.f("ck_patients_allergy_status_known"), "patients", f"allergy_status IN ({STATUSES})"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("UPDATE patients SET allergy_status = 'not_asked' WHERE allergy_status = 'none_stated'")
    op.drop_constraint(op.f("ck_patients_allergy_status_known"), "patients", type_="check")
    op.create_check_constraint(
        op.f("ck_patients_allergy_status_known"),
        "patients",
        "allergy_status IN ('not_asked', 'none_known', 'recorded')",
    )
    op.drop_index("ix_patients_file_number", table_name="patients")
    for column in ("remarks", "first_visit_on", "file_number_folded", "file_number"):
        op.drop_column("patients", column)
