"""What is sent to somebody's phone or mailbox to prove that it is theirs: codes and links."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.accounts.models.users import User
from clinic.core.db import Base, Created, Instant, Key


class CodePurpose(StrEnum):
    """What a code is good for; it opens nothing else."""

    SIGN_IN = "sign_in"
    EMAIL_VERIFY = "email_verify"
    MOBILE_OLD = "mobile_old"
    MOBILE_NEW = "mobile_new"
    LEAVE_OLD = "leave_old"
    LEAVE_NEW = "leave_new"
    CONFIRM = "confirm"
    CLOSE = "close"


class OneTimeCode(Base, Created):
    """A six-digit code sent to a mobile or an e-mail address, bound to the browser that asked and to one
    purpose; only its keyed hash is kept.

    ``user_id`` is who was signed in when asking; ``about`` what is being confirmed, in the purpose's own
    words.
    """

    __tablename__ = "one_time_codes"
    __table_args__ = (
        CheckConstraint("attempts BETWEEN 0 AND 5", name="attempts_bounded"),
        CheckConstraint("num_nonnulls(mobile, email) = 1", name="one_address"),
        CheckConstraint(
            "purpose IN ({})".format(", ".join(f"'{purpose}'" for purpose in CodePurpose)),
            name="purpose_known",
        ),
        Index("ix_one_time_codes_mobile_created", "mobile", "created_at"),
        Index(
            "ix_one_time_codes_email_created",
            "email",
            "created_at",
            postgresql_where=text("email IS NOT NULL"),
        ),
        Index("ix_one_time_codes_origin_created", "origin", "created_at"),
        Index("ix_one_time_codes_created", "created_at"),
    )
    id: Mapped[Key]
    mobile: Mapped[str | None]
    email: Mapped[str | None]
    purpose: Mapped[str] = mapped_column(default=CodePurpose.SIGN_IN)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    about: Mapped[str | None]
    code_hash: Mapped[str]
    browser_hash: Mapped[str]
    origin: Mapped[str]
    expires_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    used_at: Mapped[Instant | None]
    replaced_at: Mapped[Instant | None]


class AccountLink(Base, Created):
    """A link sent to somebody, good once; only its hash is kept.

    ``email`` is the address it was mailed to, which whoever opens it has therefore proved to have; null for a
    link that was handed over in another way.
    """

    __tablename__ = "account_links"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_account_links_token"),
        CheckConstraint(
            "purpose IN ('invitation', 'reset', 'verify_email', 'connect')", name="purpose_known"
        ),
        CheckConstraint("purpose <> 'verify_email' OR email IS NOT NULL", name="email_to_verify"),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    purpose: Mapped[str]
    token_hash: Mapped[str]
    email: Mapped[str | None]
    expires_at: Mapped[Instant]
    spent_at: Mapped[Instant | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    user: Mapped[User] = relationship(foreign_keys=[user_id])
