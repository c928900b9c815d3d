"""The patient: identity, contact and what intake asks."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Sequence, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from clinic.core.db import Base, Created, InGroup, Instant, Key
from clinic.facilities.models import Facility


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class BirthPrecision(StrEnum):
    """How exact a birth date is; ``age`` means it was reckoned back from an age in years."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    AGE = "age"


class Prakriti(StrEnum):
    """Constitution, as the vaidya recorded it."""

    VATA = "vata"
    PITTA = "pitta"
    KAPHA = "kapha"
    VATA_PITTA = "vata_pitta"
    PITTA_KAPHA = "pitta_kapha"
    VATA_KAPHA = "vata_kapha"
    TRIDOSHA = "tridosha"


BLOOD_GROUPS = ("A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-")
FOLDED_FILE_NUMBER = r"nullif(regexp_replace(lower(file_number), '[\s./\-]+', '', 'g'), '')"
"""A file number as it is compared: ``OPD/12-7`` and ``opd 127`` are one."""
MRN_SEQUENCE = Sequence("patients_mrn_seq", metadata=Base.metadata, start=10001)


def _one_of(column: str, values: type[StrEnum] | tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


class Patient(Base, InGroup, Created):
    """A person in care. Several may share one mobile.

    ``mobile`` is E.164 and can be messaged; ``phone_as_given`` keeps a number that is not, as it came.
    ``search_name`` is the name folded for searching, ``search_sound`` as it is heard (``core.names``); a
    trigger keeps the words of both in ``patient_words``. Where there is no sound yet, the clock adds it.
    ``file_number`` is what an older register calls the patient (a family may share one), ``first_visit_on``
    the day they first came, here or in that register, ``remarks`` what the front desk wants to remember.
    ``submission_key`` makes the same form sent twice one patient. ``allergies_asked_source`` names the system
    that asked, where it was not a person here. ``email_verified_at`` is when the e-mail kept now was proved
    by a code; the health id (ABHA) is kept sealed, with a keyed hash so that no two patients have one.
    ``has_photo`` and ``sign_in_closes_at`` (somebody asked to delete the sign-in that acts for the patient)
    are filled in by ``queries.get_patient``, and None elsewhere.
    """

    __tablename__ = "patients"
    __table_args__ = (
        UniqueConstraint("mrn", name="uq_patients_mrn"),
        UniqueConstraint("submission_key", name="uq_patients_submission_key"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 200", name="name_length"),
        CheckConstraint(_one_of("sex", Sex), name="sex_known"),
        CheckConstraint("(birth_date IS NULL) = (birth_precision IS NULL)", name="birth_date_has_precision"),
        CheckConstraint(_one_of("birth_precision", BirthPrecision), name="birth_precision_known"),
        CheckConstraint(_one_of("prakriti", Prakriti), name="prakriti_known"),
        CheckConstraint(_one_of("blood_group", BLOOD_GROUPS), name="blood_group_known"),
        CheckConstraint(r"mobile ~ '^\+[1-9][0-9]{6,14}$'", name="mobile_e164"),
        UniqueConstraint("abha_hash", name="uq_patients_abha"),
        CheckConstraint("(abha_sealed IS NULL) = (abha_hash IS NULL)", name="abha_sealed_and_hashed"),
        CheckConstraint(
            "allergy_status IN ('not_asked', 'none_stated', 'none_known', 'recorded')",
            name="allergy_status_known",
        ),
        CheckConstraint(
            "allergy_status <> 'none_known' OR (allergies_asked_at IS NOT NULL"
            " AND num_nonnulls(allergies_asked_by, allergies_asked_source) > 0)",
            name="none_known_was_asked",
        ),
        Index("ix_patients_search_name", "search_name", "id"),
        Index("ix_patients_sound_missing", "id", postgresql_where=text("search_sound IS NULL")),
        Index("ix_patients_mobile", "mobile"),
        Index("ix_patients_mobile_reversed", "mobile_reversed"),
        Index("ix_patients_email", "email_folded"),
        Index("ix_patients_file_number", "file_number_folded"),
        Index("ix_patients_created", "created_at", "id"),
        Index("ix_patients_birth_date", "birth_date"),
    )
    id: Mapped[Key]
    mrn: Mapped[str]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    name: Mapped[str]
    search_name: Mapped[str] = mapped_column(Text(collation="C"))
    search_sound: Mapped[str | None] = mapped_column(Text(collation="C"))
    sex: Mapped[str] = mapped_column(default=Sex.UNKNOWN)
    birth_date: Mapped[date | None]
    birth_precision: Mapped[str | None]
    mobile: Mapped[str | None] = mapped_column(Text(collation="C"))
    mobile_reversed: Mapped[str | None] = mapped_column(
        Text(collation="C"), Computed("reverse(mobile)", persisted=True)
    )
    phone_as_given: Mapped[str | None]
    email: Mapped[str | None]
    email_folded: Mapped[str | None] = mapped_column(
        Text(collation="C"), Computed("lower(email)", persisted=True)
    )
    email_verified_at: Mapped[Instant | None]
    abha_sealed: Mapped[str | None]
    abha_hash: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="en")
    line: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    postal_code: Mapped[str | None]
    country: Mapped[str] = mapped_column(default="IN")
    file_number: Mapped[str | None]
    file_number_folded: Mapped[str | None] = mapped_column(
        Text(collation="C"), Computed(FOLDED_FILE_NUMBER, persisted=True)
    )
    first_visit_on: Mapped[date | None]
    emergency_name: Mapped[str | None]
    emergency_phone: Mapped[str | None]
    emergency_relationship: Mapped[str | None]
    medical_history: Mapped[str | None]
    remarks: Mapped[str | None]
    prakriti: Mapped[str | None]
    blood_group: Mapped[str | None]
    allergy_status: Mapped[str] = mapped_column(default="not_asked")
    allergies_asked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    allergies_asked_at: Mapped[Instant | None]
    allergies_asked_source: Mapped[str | None]
    deceased: Mapped[bool] = mapped_column(default=False)
    deceased_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)
    submission_key: Mapped[str | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    has_photo: Mapped[bool | None] = query_expression()
    sign_in_closes_at: Mapped[datetime | None] = query_expression()
    facility: Mapped[Facility] = relationship()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class PatientWord(Base):
    """One word of a patient's name, folded, or as it is heard with ``~`` before it; kept by a trigger on
    ``patients``.
    """

    __tablename__ = "patient_words"
    __table_args__ = (Index("ix_patient_words_patient", "patient_id", "word"),)
    word: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id", ondelete="CASCADE"), primary_key=True)


class PatientIdentifier(Base):
    """What another system calls this patient."""

    __tablename__ = "patient_identifiers"
    __table_args__ = (
        UniqueConstraint("system", "value", name="uq_patient_identifiers_system_value"),
        Index("ix_patient_identifiers_patient", "patient_id"),
    )
    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    system: Mapped[str]
    value: Mapped[str]
