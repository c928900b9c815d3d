"""An index for the sign-ins of one person: among all they read they are few.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_audit_events_sign_ins",
        "audit_events",
        ["actor_id", "at"],
        postgresql_where=sa.text("action = 'sign_in.done'"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_audit_events_sign_ins", "audit_events")
