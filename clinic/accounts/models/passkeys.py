"""Passkeys, and what they are asked to sign."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.accounts.models.users import User
from clinic.core.db import Base, Created, Instant, Key


class Passkey(Base, Created):
    """A key pair in somebody's phone, computer or password manager; here is its public half.

    ``credential_id`` is base64url; ``sign_count`` is what the device counted last, 0 if it does not count;
    ``synced`` passkeys are on several devices of theirs.
    """

    __tablename__ = "passkeys"
    __table_args__ = (
        UniqueConstraint("credential_id", name="uq_passkeys_credential"),
        CheckConstraint("length(name) BETWEEN 1 AND 60", name="name"),
        CheckConstraint("sign_count >= 0", name="sign_count"),
        Index("ix_passkeys_user", "user_id", "id"),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    credential_id: Mapped[str]
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    synced: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    name: Mapped[str]
    last_used_at: Mapped[Instant | None]
    user: Mapped[User] = relationship()


class PasskeyChallenge(Base):
    """What a passkey is asked to sign, once, in one browser: to be added by a person, or to sign in."""

    __tablename__ = "passkey_challenges"
    __table_args__ = (
        UniqueConstraint("challenge_hash", name="uq_passkey_challenges_challenge"),
        CheckConstraint(
            "purpose = CASE WHEN user_id IS NULL THEN 'sign_in' ELSE 'add' END", name="purpose_known"
        ),
        Index("ix_passkey_challenges_expires", "expires_at"),
    )
    id: Mapped[Key]
    challenge_hash: Mapped[str]
    purpose: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    browser_hash: Mapped[str]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
