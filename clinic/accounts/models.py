"""Who somebody is: people who sign in, their roles, the sessions they have open, the codes they were sent."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

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
