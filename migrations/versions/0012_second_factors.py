"""Second factors: time-based codes, recovery codes, passkeys.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def _person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _codes()
    _pending()
    _passkeys()
    op.add_column("login_sessions", sa.Column("proved_at", INSTANT, nullable=True))
    op.add_column(
        "facilities",
        sa.Column("second_step_required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def _codes() -> None:
    op.create_table(
        "authenticators",
        _id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authenticators")),
        sa.UniqueConstraint("user_id", name="uq_authenticators_user"),
        _person("authenticators"),
    )
    op.create_table(
        "recovery_codes",
        _id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("user_id", "code_hash", name="uq_recovery_codes_code"),
        _person("recovery_codes"),
    )


def _pending() -> None:
    table = "pending_sign_ins"
    op.create_table(
        table,
        _id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("signed_in_by", sa.Text(), nullable=False),
        sa.Column("next_url", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_sign_ins")),
        sa.CheckConstraint("attempts BETWEEN 0 AND 5", name=op.f("ck_pending_sign_ins_attempts_bounded")),
        sa.CheckConstraint(
            "signed_in_by IN ('password', 'google', 'github')", name=op.f("ck_pending_sign_ins_means_known")
        ),
        _person(table),
    )
    op.create_index("ix_pending_sign_ins_expires", table, ["expires_at"])


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        _id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("synced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 60", name=op.f("ck_passkeys_name")),
        sa.CheckConstraint("sign_count >= 0", name=op.f("ck_passkeys_sign_count")),
        _person("passkeys"),
    )
    op.create_index("ix_passkeys_user", "passkeys", ["user_id", "id"])
    table = "passkey_challenges"
    op.create_table(
        table,
        _id(),
        sa.Column("challenge_hash", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_challenges")),
        sa.UniqueConstraint("challenge_hash", name="uq_passkey_challenges_challenge"),
        sa.CheckConstraint(
            "purpose = CASE WHEN user_id IS NULL THEN 'sign_in' ELSE 'add' END",
            name=op.f("ck_passkey_challenges_purpose_known"),
        ),
        _person(table),
    )
    op.create_index("ix_passkey_challenges_expires", table, ["expires_at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("facilities", "second_step_required")
    op.drop_column("login_sessions", "proved_at")
    for table in ("passkey_challenges", "passkeys", "pending_sign_ins", "recovery_codes", "authenticators"):
        op.drop_table(table)
