"""Papers: files that belong to a patient's record, and files that wait for the form they were chosen in."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.accounts.models import User
from clinic.core.db import Base, Created, InGroup, Instant, Key
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner


class PaperKind(StrEnum):
    """What a paper is."""

    PRESCRIPTION = "prescription"
    LAB_REPORT = "lab_report"
    DOCTORS_NOTE = "doctors_note"
    DISCHARGE_SUMMARY = "discharge_summary"
    VACCINATION = "vaccination"
    OTHER = "other"


class PaperSource(StrEnum):
    """How it came: from somebody of the clinic, from the patient's side, or with a booking."""

    STAFF = "staff"
    PATIENT = "patient"
    BOOKING = "booking"


class Scan(StrEnum):
    """What the virus scanner says. What is pending waits for it, and is not served; what is refused is
    gone.
    """

    PENDING = "pending"
    CLEAN = "clean"
    REFUSED = "refused"


def _one_of(column: str, values: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


def _file_checks() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint(_one_of("scan", Scan), name="scan_known"),
        CheckConstraint(
            "media_type IN ('image/jpeg', 'image/png', 'application/pdf')", name="media_type_known"
        ),
        CheckConstraint("size > 0", name="size_positive"),
        CheckConstraint("length(sha256) = 64", name="sha256_whole"),
        CheckConstraint("(media_type = 'application/pdf') = (pages IS NOT NULL)", name="pages_of_pdf"),
    )


class _File:
    """What is known of a file. ``stem`` is the part its keys in the store begin with; ``sha256`` is of the
    bytes as they came; ``size`` in bytes, ``width`` and ``height`` in pixels.
    """

    stem: Mapped[str]
    file_name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    pages: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    scan: Mapped[str] = mapped_column(default=Scan.PENDING, server_default="pending")
    scanned_at: Mapped[Instant | None]

    @property
    def is_pdf(self) -> bool:
        """Whether it is a document of pages, not one picture."""
        return self.media_type == "application/pdf"

    @property
    def key(self) -> str:
        """Where the file itself is in the store."""
        return f"{self.stem}/original.{EXTENSIONS[self.media_type]}"

    @property
    def thumb_key(self) -> str:
        """Where its small picture is."""
        return f"{self.stem}/thumb.jpg"

    def page_key(self, number: int) -> str:
        """Where the picture of a page is kept once it was drawn; the first page is 1."""
        return f"{self.stem}/page-{number}.jpg"


EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}


class Paper(Base, InGroup, Created, _File):
    """A file of a patient's record. The file never changes; what is said of it may, and counts in
    ``version``.

    ``practitioner_id`` is the doctor here whom it is from, ``doctor`` one elsewhere. ``shared`` shows it to
    the patient, whose own papers are always theirs to see. A removed paper was entered in error: it stays
    for clinical staff, marked.
    """

    __tablename__ = "papers"
    __table_args__ = (
        CheckConstraint(_one_of("kind", PaperKind), name="kind_known"),
        CheckConstraint(_one_of("source", PaperSource), name="source_known"),
        CheckConstraint("length(title) BETWEEN 1 AND 200", name="title"),
        CheckConstraint("practitioner_id IS NULL OR doctor IS NULL", name="one_doctor"),
        CheckConstraint("(verified_at IS NULL) = (verified_by IS NULL)", name="verified_by_somebody"),
        CheckConstraint("(removed_at IS NULL) = (removed_why IS NULL)", name="removed_with_reason"),
        *_file_checks(),
        UniqueConstraint("stem", name="uq_papers_stem"),
        Index(
            "uq_papers_same_file_clinic",
            "patient_id",
            "sha256",
            unique=True,
            postgresql_where=text("removed_at IS NULL AND scan <> 'refused' AND source = 'staff'"),
        ),
        Index(
            "uq_papers_same_file_household",
            "patient_id",
            "sha256",
            unique=True,
            postgresql_where=text("removed_at IS NULL AND scan <> 'refused' AND source <> 'staff'"),
        ),
        Index("ix_papers_patient", "patient_id", "id"),
        Index("ix_papers_facility", "facility_id", "id"),
        Index("ix_papers_waiting", "id", postgresql_where=text("scan = 'pending'")),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    kind: Mapped[str]
    title: Mapped[str]
    description: Mapped[str | None]
    document_date: Mapped[date | None]
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioners.id"))
    doctor: Mapped[str | None]
    source: Mapped[str]
    shared: Mapped[bool] = mapped_column(default=True, server_default="true")
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    verified_at: Mapped[Instant | None]
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    removed_at: Mapped[Instant | None]
    removed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    removed_why: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    patient: Mapped[Patient] = relationship()
    practitioner: Mapped[Practitioner | None] = relationship()
    uploader: Mapped[User | None] = relationship(foreign_keys="Paper.uploaded_by")
    verifier: Mapped[User | None] = relationship(foreign_keys="Paper.verified_by")

    @property
    def is_removed(self) -> bool:
        """Whether it was marked as entered in error."""
        return self.removed_at is not None

    @property
    def is_served(self) -> bool:
        """Whether its bytes may go out at all: the scanner has found nothing in them."""
        return self.scan == Scan.CLEAN

    @property
    def download_name(self) -> str:
        """What the file is called on the reader's disk."""
        return f"{self.file_name.rpartition('.')[0] or self.file_name}.{EXTENSIONS[self.media_type]}"


class PendingUpload(Base, Created, _File):
    """A file chosen in a form that is not sent yet: kept for an hour, for whoever chose it, under the form's
    key.
    """

    __tablename__ = "pending_uploads"
    __table_args__ = (
        CheckConstraint(_one_of("kind", PaperKind), name="kind_known"),
        *_file_checks(),
        UniqueConstraint("stem", name="uq_pending_uploads_stem"),
        UniqueConstraint("user_id", "form_key", "sha256", name="uq_pending_uploads_same_file"),
        Index("ix_pending_uploads_created", "created_at"),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    form_key: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str]
