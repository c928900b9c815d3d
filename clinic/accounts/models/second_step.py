"""What is asked for after the password: an authenticator app's digits or a recovery code."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.accounts.models.users import User
from clinic.core.db import Base, Created, Instant, Key


class Authenticator(Base, Created):
    """An app that shows six digits, another six every 30 seconds. It counts once ``confirmed_at`` is set.

    ``secret`` is sealed; ``last_step`` is the number of the last 30 seconds a code was accepted for, which is
    never accepted again.
    """

    __tablename__ = "authenticators"
    __table_args__ = (UniqueConstraint("user_id", name="uq_authenticators_user"),)
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    secret: Mapped[str]
    confirmed_at: Mapped[Instant | None]
    last_step: Mapped[int] = mapped_column(default=0, server_default="0")


class RecoveryCode(Base, Created):
    """A code on paper, good once in place of the authenticator's; only its keyed hash is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash", name="uq_recovery_codes_code"),)
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    code_hash: Mapped[str]
    used_at: Mapped[Instant | None]


class PendingSignIn(Base, Created):
    """Somebody who proved the first step in one browser and owes the second."""

    __tablename__ = "pending_sign_ins"
    __table_args__ = (
        CheckConstraint("attempts BETWEEN 0 AND 5", name="attempts_bounded"),
        CheckConstraint("signed_in_by IN ('password', 'google', 'github')", name="means_known"),
        Index("ix_pending_sign_ins_expires", "expires_at"),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    signed_in_by: Mapped[str]
    next_url: Mapped[str]
    browser_hash: Mapped[str]
    origin: Mapped[str]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    expires_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
    user: Mapped[User] = relationship()
