"""Accounts at other providers that people sign in with here."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.accounts.models.users import User
from clinic.core.db import Base, Created, Instant, Key


class Provider(StrEnum):
    """Who else may say who somebody is."""

    GOOGLE = "google"
    GITHUB = "github"


_PROVIDER_KNOWN = "provider IN ({})".format(", ".join(f"'{provider}'" for provider in Provider))


class Identity(Base):
    """An account elsewhere that somebody signs in with here.

    ``subject`` is what the provider calls the account for ever; ``email`` is what it said when the two were
    connected, and decides nothing afterwards.
    """

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("provider", "subject", name="uq_identities_subject"),
        UniqueConstraint("user_id", "provider", name="uq_identities_one_per_provider"),
        CheckConstraint(_PROVIDER_KNOWN, name="provider_known"),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    provider: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str]
    linked_at: Mapped[Instant]
    last_used_at: Mapped[Instant | None]
    user: Mapped[User] = relationship()


class OutsideSignIn(Base, Created):
    """One walk to a provider and back, bound to the browser that set out.

    ``sealed`` holds the nonce and the PKCE verifier. ``returned_at`` spends the state; ``subject`` and
    ``email`` are what the provider then said, kept for as long as connecting it to ``user_id`` waits for
    their own confirmation, which ``settled_at`` ends. When setting out ``user_id`` is who was signed in and
    asked to connect an account, null for a sign-in.
    """

    __tablename__ = "outside_sign_ins"
    __table_args__ = (
        UniqueConstraint("state_hash", name="uq_outside_sign_ins_state"),
        CheckConstraint(_PROVIDER_KNOWN, name="provider_known"),
        CheckConstraint(
            "(subject IS NULL) = (email IS NULL) AND (subject IS NULL OR returned_at IS NOT NULL)",
            name="proved_after_return",
        ),
        Index("ix_outside_sign_ins_created", "created_at"),
    )
    id: Mapped[Key]
    provider: Mapped[str]
    state_hash: Mapped[str]
    browser_hash: Mapped[str]
    sealed: Mapped[str]
    next_url: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    subject: Mapped[str | None]
    email: Mapped[str | None]
    expires_at: Mapped[Instant]
    returned_at: Mapped[Instant | None]
    settled_at: Mapped[Instant | None]
