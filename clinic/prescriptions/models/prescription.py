"""A prescription, its lines, and the warnings its writer set aside."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Created, InGroup, Instant, Key
from clinic.encounters.models import Note
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner

STATUSES = ("draft", "signed", "stopped", "superseded", "discarded")
FREQUENCIES = ("times", "od", "bd", "tds", "qid", "hs", "sos", "stat", "weekly", "alternate", "hourly")
LONGEST_TEXT = 4000
Amount = Numeric(8, 3)


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The rule that a column holds one of these words."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Prescription(Base, InGroup, Created):
    """What a practitioner orders for a patient: a draft until signed, then locked for good by a trigger.

    ``version`` counts saves, so that a second tab cannot overwrite the first unseen; ``saved_page`` is the
    random name of the browser page that saved last and ``saved_turn`` which of its saves that was, so that a
    page is not in its own way. ``printed`` holds what
    the law wants on the paper as it was when it was signed: practitioner, patient, diagnoses. A signed one
    may be stopped, or superseded by one whose ``replaces_id`` names it; it stays readable. ``share`` is
    whether the patient shall see it, ``shared_at`` since when they do, ``locale`` the language of their copy.
    ``pathya``, ``apathya`` and ``tests`` hold one thing a line.
    """

    __tablename__ = "prescriptions"
    __table_args__ = (
        UniqueConstraint("reference", name="uq_prescriptions_reference"),
        UniqueConstraint("submission_key", name="uq_prescriptions_submission_key"),
        CheckConstraint(one_of("status", STATUSES), name="status_known"),
        CheckConstraint(one_of("locale", ("en", "hi")), name="locale_known"),
        CheckConstraint("(status IN ('draft', 'discarded')) = (signed_at IS NULL)", name="signed_has_time"),
        CheckConstraint("(signed_at IS NULL) = (signed_by IS NULL)", name="signed_has_signer"),
        CheckConstraint("(signed_at IS NULL) = (printed IS NULL)", name="signed_has_print"),
        CheckConstraint(
            "(status IN ('stopped', 'superseded')) = (ended_at IS NOT NULL)", name="ended_has_time"
        ),
        CheckConstraint("status <> 'stopped' OR coalesce(end_reason, '') <> ''", name="stopped_has_reason"),
        CheckConstraint("shared_at IS NULL OR signed_at IS NOT NULL", name="shared_is_signed"),
        CheckConstraint(f"length(advice) <= {LONGEST_TEXT}", name="advice"),
        CheckConstraint(f"length(pathya) <= {LONGEST_TEXT}", name="pathya"),
        CheckConstraint(f"length(apathya) <= {LONGEST_TEXT}", name="apathya"),
        CheckConstraint(f"length(tests) <= {LONGEST_TEXT}", name="tests"),
        Index("ix_prescriptions_patient", "patient_id", "id"),
        Index("ix_prescriptions_practitioner_status", "practitioner_id", "status"),
        Index(
            "uq_prescriptions_note_draft",
            "note_id",
            unique=True,
            postgresql_where=text("status = 'draft' AND note_id IS NOT NULL"),
        ),
        Index("ix_prescriptions_note", "note_id", postgresql_where=text("note_id IS NOT NULL")),
        Index(
            "uq_prescriptions_replaces",
            "replaces_id",
            unique=True,
            postgresql_where=text("status NOT IN ('draft', 'discarded') AND replaces_id IS NOT NULL"),
        ),
    )
    id: Mapped[Key]
    reference: Mapped[str]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    note_id: Mapped[int | None] = mapped_column(ForeignKey("notes.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("prescriptions.id"))
    submission_key: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="draft")
    version: Mapped[int] = mapped_column(default=1)
    saved_at: Mapped[Instant]
    saved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    saved_page: Mapped[str | None]
    saved_turn: Mapped[int | None]
    locale: Mapped[str] = mapped_column(default="en")
    valid_until: Mapped[date | None]
    review_on: Mapped[date | None]
    advice: Mapped[str] = mapped_column(default="", server_default="")
    pathya: Mapped[str] = mapped_column(default="", server_default="")
    apathya: Mapped[str] = mapped_column(default="", server_default="")
    tests: Mapped[str] = mapped_column(default="", server_default="")
    share: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    shared_at: Mapped[Instant | None]
    signed_at: Mapped[Instant | None]
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    printed: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    end_reason: Mapped[str | None]
    patient: Mapped[Patient] = relationship()
    facility: Mapped[Facility] = relationship()
    practitioner: Mapped[Practitioner] = relationship()
    note: Mapped[Note | None] = relationship()


class PrescriptionLine(Base, Created):
    """One medicine of a prescription, general or Ayurvedic.

    ``name`` is the generic name or the preparation's. ``dose_amount`` and ``dose_unit`` are what is taken at
    once; ``frequency`` is how often: at ``times`` of the day (``morning`` … ``night`` count doses), or by one
    of the usual orders: then ``takes`` doses each time, every ``every_hours`` hours for ``hourly``.
    What could not be read stays as it was typed in ``dose_typed``, ``dosing_typed`` and ``duration_typed``.
    A ``quantity`` that is empty is reckoned, and written down at signing. A line taken off a draft is kept
    until signing, so that it can be put back; one of a signed prescription may be stopped, no more.
    """

    __tablename__ = "prescription_lines"
    __table_args__ = (
        CheckConstraint(one_of("kind", ("general", "ayurvedic")), name="kind_known"),
        CheckConstraint(one_of("frequency", FREQUENCIES), name="frequency_known"),
        CheckConstraint("length(name) <= 200", name="name_length"),
        CheckConstraint("(dose_amount IS NULL) = (dose_unit IS NULL)", name="dose_has_unit"),
        CheckConstraint("dose_amount > 0", name="dose_positive"),
        CheckConstraint("duration > 0", name="duration_positive"),
        CheckConstraint(one_of("duration_unit", ("day", "week", "month", "ongoing")), name="duration_unit"),
        CheckConstraint("(frequency = 'hourly') = (every_hours IS NOT NULL)", name="hourly_has_hours"),
        CheckConstraint("every_hours BETWEEN 1 AND 72", name="every_hours"),
        CheckConstraint("takes > 0", name="takes_positive"),
        CheckConstraint("least(morning, noon, evening, night) >= 0", name="times_not_negative"),
        CheckConstraint("(stopped_at IS NULL) = (stop_reason IS NULL)", name="stopped_has_reason"),
        Index("ix_prescription_lines_prescription", "prescription_id", "position", "id"),
        Index(
            "uq_prescription_lines_key",
            "prescription_id",
            "submission_key",
            unique=True,
            postgresql_where=text("submission_key IS NOT NULL"),
        ),
    )
    id: Mapped[Key]
    prescription_id: Mapped[int] = mapped_column(ForeignKey("prescriptions.id"))
    submission_key: Mapped[str | None]
    position: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str]
    name: Mapped[str]
    brand: Mapped[str] = mapped_column(default="", server_default="")
    form: Mapped[str] = mapped_column(default="", server_default="")
    strength: Mapped[str] = mapped_column(default="", server_default="")
    kalpana: Mapped[str] = mapped_column(default="", server_default="")
    ingredients: Mapped[str] = mapped_column(default="", server_default="")
    dose_amount: Mapped[Decimal | None] = mapped_column(Amount)
    dose_unit: Mapped[str | None]
    dose_typed: Mapped[str] = mapped_column(default="", server_default="")
    route: Mapped[str] = mapped_column(default="", server_default="")
    frequency: Mapped[str | None]
    morning: Mapped[Decimal | None] = mapped_column(Amount)
    noon: Mapped[Decimal | None] = mapped_column(Amount)
    evening: Mapped[Decimal | None] = mapped_column(Amount)
    night: Mapped[Decimal | None] = mapped_column(Amount)
    takes: Mapped[Decimal | None] = mapped_column(Amount)
    every_hours: Mapped[int | None] = mapped_column(SmallInteger)
    dosing_typed: Mapped[str] = mapped_column(default="", server_default="")
    duration: Mapped[int | None] = mapped_column(SmallInteger)
    duration_unit: Mapped[str | None]
    duration_typed: Mapped[str] = mapped_column(default="", server_default="")
    quantity: Mapped[str] = mapped_column(default="", server_default="")
    food: Mapped[str] = mapped_column(default="", server_default="")
    sevana_kala: Mapped[str] = mapped_column(default="", server_default="")
    anupana: Mapped[str] = mapped_column(default="", server_default="")
    instructions: Mapped[str] = mapped_column(default="", server_default="")
    no_substitution: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    removed_at: Mapped[Instant | None]
    stopped_at: Mapped[Instant | None]
    stopped_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    stop_reason: Mapped[str | None]
    prescription: Mapped[Prescription] = relationship()


class Acceptance(Base, Created):
    """A warning or a block that the practitioner knowingly set aside: which, in whose words, and why.

    ``finding`` names what was found on which medicine (``clinic.prescriptions.checks``); a block needs a
    ``reason``.
    """

    __tablename__ = "prescription_acceptances"
    __table_args__ = (
        UniqueConstraint("prescription_id", "finding", name="uq_prescription_acceptances_once"),
        CheckConstraint(one_of("level", ("block", "warn")), name="level_known"),
        CheckConstraint("level <> 'block' OR coalesce(reason, '') <> ''", name="block_has_reason"),
    )
    id: Mapped[Key]
    prescription_id: Mapped[int] = mapped_column(ForeignKey("prescriptions.id"))
    finding: Mapped[str]
    level: Mapped[str]
    text: Mapped[str]
    reason: Mapped[str | None]
    accepted_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    accepted_name: Mapped[str]
