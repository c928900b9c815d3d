"""Who may sign in, what they may do where, and the end of a household's sign-in."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.access import Role
from clinic.core.db import Base, Created, Instant, Key


class User(Base, Created):
    """Somebody who may sign in: staff by e-mail and password, a household by its mobile.

    ``closed_at`` is set once a household has closed its sign-in: the row stays for what refers to it.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("email", name="uq_users_email"),
        UniqueConstraint("mobile", name="uq_users_mobile"),
        CheckConstraint("email = lower(email)", name="email_lower_case"),
        CheckConstraint(r"mobile ~ '^\+[1-9][0-9]{6,14}$'", name="mobile_e164"),
        CheckConstraint("num_nonnulls(email, mobile, closed_at) > 0", name="reachable"),
        CheckConstraint(
            "(terms_accepted_version IS NULL) = (terms_accepted_at IS NULL)", name="terms_accepted_whole"
        ),
        CheckConstraint("closed_at IS NULL OR NOT active", name="closed_is_not_active"),
    )
    id: Mapped[Key]
    name: Mapped[str]
    email: Mapped[str | None]
    mobile: Mapped[str | None]
    password_hash: Mapped[str | None]
    password_changed_at: Mapped[Instant | None]
    locale: Mapped[str] = mapped_column(default="en")
    active: Mapped[bool] = mapped_column(default=True)
    last_sign_in_at: Mapped[Instant | None]
    email_verified_at: Mapped[Instant | None]
    terms_accepted_version: Mapped[str | None]
    terms_accepted_at: Mapped[Instant | None]
    closed_at: Mapped[Instant | None]


class RoleGrant(Base, Created):
    """A role a person holds, at one facility or (``facility_id`` null) at all of them."""

    __tablename__ = "role_grants"
    __table_args__ = (
        UniqueConstraint(
            "user_id", "role", "facility_id", name="uq_role_grants_once", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("role IN ({})".format(", ".join(f"'{role}'" for role in Role)), name="role_known"),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    role: Mapped[str]
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facilities.id"))
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class SignInEmail(Base, Created):
    """An e-mail address somebody proved to have, by which their household may be signed in to as well."""

    __tablename__ = "sign_in_emails"
    __table_args__ = (
        UniqueConstraint("email", name="uq_sign_in_emails_email"),
        CheckConstraint("email = lower(email)", name="email_lower_case"),
        Index("ix_sign_in_emails_user", "user_id"),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    email: Mapped[str]


_OPEN_CLOSING = text("undone_at IS NULL AND done_at IS NULL")


class AccountClosing(Base, Created):
    """A household asked to delete its sign-in. Until ``closes_at`` signing in again undoes that."""

    __tablename__ = "account_closings"
    __table_args__ = (
        CheckConstraint("undone_at IS NULL OR done_at IS NULL", name="one_end"),
        Index("uq_account_closings_open", "user_id", unique=True, postgresql_where=_OPEN_CLOSING),
        Index("ix_account_closings_due", "closes_at", postgresql_where=_OPEN_CLOSING),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    closes_at: Mapped[Instant]
    visits_cancelled: Mapped[int]
    undone_at: Mapped[Instant | None]
    done_at: Mapped[Instant | None]
