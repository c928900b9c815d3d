"""What patients agree to: kinds of consent, their texts by version, and each signature."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from clinic.core.db import Base, Created, InGroup, Instant, Key


class Purpose(StrEnum):
    """What a consent is for. All but OTHER have one kind at a time, so that a rule can ask for it."""

    TREATMENT = "treatment"
    DATA_USE = "data_use"
    FAMILY = "family"
    NEWS = "news"
    PHOTOGRAPHY = "photography"
    RESEARCH = "research"
    OTHER = "other"


class Method(StrEnum):
    """How somebody signed: their name typed, or drawn by hand."""

    TYPED = "typed"
    DRAWN = "drawn"


class Via(StrEnum):
    """Where somebody signed: in the portal, or on a device of the clinic with staff beside them."""

    PORTAL = "portal"
    DESK = "desk"


class ConsentKind(Base, InGroup, Created):
    """One thing a clinic asks leave for. ``name`` is what staff call it; patients read a version's title."""

    __tablename__ = "consent_kinds"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        CheckConstraint(
            "purpose IN ({})".format(", ".join(f"'{purpose}'" for purpose in Purpose)), name="purpose_known"
        ),
        Index(
            "uq_consent_kinds_purpose",
            "group_id",
            "purpose",
            unique=True,
            postgresql_where=text("active AND purpose <> 'other'"),
        ),
    )
    id: Mapped[Key]
    name: Mapped[str]
    purpose: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class ConsentVersion(Base, Created):
    """A consent's words in both languages. A draft until published; then a trigger keeps it as it is.

    The published version with the highest number is the one that counts. ``valid_months`` is how long a
    signature holds, None for good.
    """

    __tablename__ = "consent_versions"
    __table_args__ = (
        UniqueConstraint("kind_id", "number", name="uq_consent_versions_number"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint(
            "length(title) BETWEEN 1 AND 200 AND length(title_hi) BETWEEN 1 AND 200 "
            "AND length(body) BETWEEN 1 AND 20000 AND length(body_hi) BETWEEN 1 AND 20000",
            name="texts",
        ),
        CheckConstraint("valid_months BETWEEN 1 AND 120", name="valid_months"),
        Index(
            "uq_consent_versions_draft",
            "kind_id",
            unique=True,
            postgresql_where=text("published_at IS NULL"),
        ),
    )
    id: Mapped[Key]
    kind_id: Mapped[int] = mapped_column(ForeignKey("consent_kinds.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str]
    title_hi: Mapped[str]
    body: Mapped[str]
    body_hi: Mapped[str]
    required: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    valid_months: Mapped[int | None] = mapped_column(SmallInteger)
    published_at: Mapped[Instant | None]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[ConsentKind] = relationship()


class Consent(Base):
    """One signature under one version, for one patient. Only its withdrawal is ever written to it, once.

    ``signer_is`` says whether the patient signed or somebody for them, ``relation`` who that was.
    ``signed_by`` is the sign-in it was given from; on a device of the clinic it is the staff member's, and
    ``witness_name`` their name. ``locale`` is the language that was read. ``drawing`` is a PNG.
    """

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint("length(signer_name) BETWEEN 2 AND 100", name="signer_name"),
        CheckConstraint("signer_is IN ('self', 'guardian')", name="signer_known"),
        CheckConstraint(
            "length(relation) <= 60 AND (signer_is = 'guardian' OR relation IS NULL)", name="relation"
        ),
        CheckConstraint("method IN ('typed', 'drawn')", name="method_known"),
        CheckConstraint("(method = 'drawn') = (drawing IS NOT NULL)", name="drawn_has_drawing"),
        CheckConstraint("octet_length(drawing) <= 65536", name="drawing_bounded"),
        CheckConstraint(
            "via IN ('portal', 'desk') AND withdrawn_via IN ('portal', 'desk')", name="via_known"
        ),
        CheckConstraint("(via = 'desk') = (witness_name IS NOT NULL)", name="witnessed_at_the_desk"),
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_via IS NULL) "
            "AND (withdrawn_at IS NULL) = (withdrawn_name IS NULL) "
            "AND (withdrawn_at IS NOT NULL OR num_nonnulls(withdrawn_by, withdrawn_reason) = 0)",
            name="withdrawn_whole",
        ),
        CheckConstraint("length(withdrawn_reason) <= 500", name="withdrawn_reason"),
        Index("ix_consents_patient", "patient_id", "kind_id", "id"),
        Index("ix_consents_version", "version_id"),
    )
    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    kind_id: Mapped[int] = mapped_column(ForeignKey("consent_kinds.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("consent_versions.id"))
    signed_at: Mapped[Instant]
    good_until: Mapped[Instant | None]
    signer_name: Mapped[str]
    signer_is: Mapped[str]
    relation: Mapped[str | None]
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    witness_name: Mapped[str | None]
    method: Mapped[str]
    drawing: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    locale: Mapped[str]
    via: Mapped[str]
    origin: Mapped[str] = mapped_column(default="", server_default="")
    withdrawn_at: Mapped[Instant | None]
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_name: Mapped[str | None]
    withdrawn_reason: Mapped[str | None]
    withdrawn_via: Mapped[str | None]
    version: Mapped[ConsentVersion] = relationship()
