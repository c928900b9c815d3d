"""Who somebody is: people who sign in, their roles, the sessions they have open, the codes they were sent."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.access import Role
from clinic.core.db import Base, Created, Instant, Key


class User(Base, Created):
    """Somebody who may sign in: staff by e-mail and password, a household by its mobile."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("email", name="uq_users_email"),
        UniqueConstraint("mobile", name="uq_users_mobile"),
        CheckConstraint("email = lower(email)", name="email_lower_case"),
        CheckConstraint(r"mobile ~ '^\+[1-9][0-9]{6,14}$'", name="mobile_e164"),
        CheckConstraint("email IS NOT NULL OR mobile IS NOT NULL", name="reachable"),
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


class SessionKind(StrEnum):
    STAFF = "staff"
    PATIENT = "patient"


class LoginSession(Base, Created):
    """One browser signed in as one person. The cookie holds the token; the row holds its hash."""

    __tablename__ = "login_sessions"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_login_sessions_token"),
        CheckConstraint("kind IN ('staff', 'patient')", name="kind_known"),
        Index("ix_login_sessions_user_open", "user_id", postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[Key]
    token_hash: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    last_seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    end_reason: Mapped[str | None]
    origin: Mapped[str]
    agent: Mapped[str]
    user: Mapped[User] = relationship()


class OneTimeCode(Base, Created):
    """A six-digit code sent to a mobile, bound to the browser that asked; only its keyed hash is kept."""

    __tablename__ = "one_time_codes"
    __table_args__ = (
        CheckConstraint("attempts BETWEEN 0 AND 5", name="attempts_bounded"),
        Index("ix_one_time_codes_mobile_created", "mobile", "created_at"),
        Index("ix_one_time_codes_origin_created", "origin", "created_at"),
        Index("ix_one_time_codes_created", "created_at"),
    )
    id: Mapped[Key]
    mobile: Mapped[str]
    purpose: Mapped[str] = mapped_column(default="sign_in")
    code_hash: Mapped[str]
    browser_hash: Mapped[str]
    origin: Mapped[str]
    expires_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    used_at: Mapped[Instant | None]
    replaced_at: Mapped[Instant | None]


class SignInAttempt(Base):
    """One try to sign in by password, so that guessing can be slowed."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index("ix_sign_in_attempts_identifier_at", "identifier_hash", "at"),
        Index("ix_sign_in_attempts_origin_at", "origin", "at"),
    )
    id: Mapped[Key]
    at: Mapped[Instant]
    identifier_hash: Mapped[str]
    browser_hash: Mapped[str]
    origin: Mapped[str]
    succeeded: Mapped[bool]


class AccountLink(Base, Created):
    """A link that lets somebody set a password, once; only its hash is kept."""

    __tablename__ = "account_links"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_account_links_token"),
        CheckConstraint("purpose IN ('invitation', 'reset')", name="purpose_known"),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    purpose: Mapped[str]
    token_hash: Mapped[str]
    expires_at: Mapped[Instant]
    spent_at: Mapped[Instant | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    user: Mapped[User] = relationship(foreign_keys=[user_id])
