"""Sign-in through others, verified e-mail addresses, terms of use.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)
USERS = (
    sa.Column("terms_accepted_version", sa.Text(), nullable=True),
    sa.Column("terms_accepted_at", INSTANT, nullable=True),
    sa.Column("email_verified_at", INSTANT, nullable=True),
)
TERMS = "(terms_accepted_version IS NULL) = (terms_accepted_at IS NULL)"
WAYS = "signed_in_by IN ('password', 'code', 'email_code', 'passkey', 'google', 'github')"
PROVIDERS = "provider IN ('google', 'github')"
PURPOSES = "purpose IN ('invitation', 'reset', 'verify_email', 'connect')"
PURPOSES_BEFORE = "purpose IN ('invitation', 'reset')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in USERS:
        op.add_column("users", column.copy())
    op.create_check_constraint(op.f("ck_users_terms_accepted_whole"), "users", TERMS)
    op.add_column(
        "login_sessions",
        sa.Column("signed_in_by", sa.Text(), server_default=sa.text("'password'"), nullable=False),
    )
    # Sessions of patients that are open already were opened by a code.
    op.execute("UPDATE login_sessions SET signed_in_by = 'code' WHERE kind = 'patient'")
    op.create_check_constraint(op.f("ck_login_sessions_signed_in_by_known"), "login_sessions", WAYS)
    op.add_column("account_links", sa.Column("email", sa.Text(), nullable=True))
    op.drop_constraint(op.f("ck_account_links_purpose_known"), "account_links", type_="check")
    op.create_check_constraint(op.f("ck_account_links_purpose_known"), "account_links", PURPOSES)
    op.create_check_constraint(
        op.f("ck_account_links_email_to_verify"), "account_links", "purpose <> 'verify_email' OR email IS NOT NULL"
    )
    op.create_table(
        "identities",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("linked_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.CheckConstraint(PROVIDERS, name=op.f("ck_identities_provider_known")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_identities_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("provider", "subject", name="uq_identities_subject"),
        sa.UniqueConstraint("user_id", "provider", name="uq_identities_one_per_provider"),
    )
    op.create_table(
        "outside_sign_ins",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("state_hash", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("next_url", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("returned_at", INSTANT, nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.CheckConstraint(PROVIDERS, name=op.f("ck_outside_sign_ins_provider_known")),
        sa.CheckConstraint(
            "(subject IS NULL) = (email IS NULL) AND (subject IS NULL OR returned_at IS NOT NULL)",
            name=op.f("ck_outside_sign_ins_proved_after_return"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_outside_sign_ins_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_sign_ins")),
        sa.UniqueConstraint("state_hash", name="uq_outside_sign_ins_state"),
    )
    op.create_index("ix_outside_sign_ins_created", "outside_sign_ins", ["created_at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("outside_sign_ins")
    op.drop_table("identities")
    op.execute("DELETE FROM account_links WHERE purpose IN ('verify_email', 'connect')")
    op.drop_constraint(op.f("ck_account_links_email_to_verify"), "account_links", type_="check")
    op.drop_constraint(op.f("ck_account_links_purpose_known"), "account_links", type_="check")
    op.create_check_constraint(op.f("ck_account_links_purpose_known"), "account_links", PURPOSES_BEFORE)
    op.drop_column("account_links", "email")
    op.drop_constraint(op.f("ck_login_sessions_signed_in_by_known"), "login_sessions", type_="check")
    op.drop_column("login_sessions", "signed_in_by")
    op.drop_constraint(op.f("ck_users_terms_accepted_whole"), "users", type_="check")
    for column in reversed(USERS):
        op.drop_column("users", column.name)
