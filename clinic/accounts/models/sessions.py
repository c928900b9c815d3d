"""The sessions people have open, and the tries to open one."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.accounts.models.users import User
from clinic.core.db import Base, Created, Instant, Key


class SessionKind(StrEnum):
    STAFF = "staff"
    PATIENT = "patient"


class SignedInBy(StrEnum):
    """How somebody proved who they are when a session was opened."""

    PASSWORD = "password"  # noqa: S105
    CODE = "code"
    EMAIL_CODE = "email_code"
    PASSKEY = "passkey"
    GOOGLE = "google"
    GITHUB = "github"


class LoginSession(Base, Created):
    """One browser signed in as one person. The cookie holds the token; the row holds its hash.

    ``proved_at`` is when the person last gave their password again in it.
    """

    __tablename__ = "login_sessions"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_login_sessions_token"),
        CheckConstraint("kind IN ('staff', 'patient')", name="kind_known"),
        CheckConstraint(
            "signed_in_by IN ({})".format(", ".join(f"'{way}'" for way in SignedInBy)),
            name="signed_in_by_known",
        ),
        Index("ix_login_sessions_user_open", "user_id", postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[Key]
    token_hash: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    signed_in_by: Mapped[str] = mapped_column(
        default=SignedInBy.PASSWORD, server_default=SignedInBy.PASSWORD.value
    )
    last_seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    end_reason: Mapped[str | None]
    proved_at: Mapped[Instant | None]
    origin: Mapped[str]
    agent: Mapped[str]
    user: Mapped[User] = relationship()


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
