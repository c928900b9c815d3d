"""What a patient adds to their profile: a photo, and further people to call in an emergency."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Key


class PatientPhoto(Base, Created):
    """A face to recognise: a JPEG of at most 512 by 512 pixels, written by us, without what a camera adds."""

    __tablename__ = "patient_photos"
    __table_args__ = (
        CheckConstraint("length(jpeg) <= 300000", name="small"),
        CheckConstraint("width BETWEEN 1 AND 512 AND height BETWEEN 1 AND 512", name="size"),
    )
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    jpeg: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, nullable=False)
    width: Mapped[int]
    height: Mapped[int]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class EmergencyContact(Base):
    """A second, third or fourth person to call; the first stands with the patient. ``phone`` is E.164."""

    __tablename__ = "emergency_contacts"
    __table_args__ = (
        UniqueConstraint("patient_id", "position", name="uq_emergency_contacts_position"),
        CheckConstraint("position BETWEEN 2 AND 4", name="position"),
        CheckConstraint("num_nonnulls(name, phone) > 0", name="says_who"),
    )
    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str | None]
    phone: Mapped[str | None]
    relationship: Mapped[str | None]
