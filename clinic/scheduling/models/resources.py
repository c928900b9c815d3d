"""What a visit needs: services, the people and rooms they take, and when those are there."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, Range
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Created, InGroup, Key
from clinic.core.i18n import locale_tag
from clinic.practitioners.models import Practitioner


class Service(Base, InGroup, Created):
    """Something that can be booked: how long, for how much, and what it needs.

    It needs whoever performs it, a room of ``room_kind``, ``therapists`` more beside the performer, and one
    piece of each kind in ``equipment`` (a kind named twice: two). With ``same_sex`` all who touch the patient
    are of the patient's sex. With a ``capacity`` above 1 it is held for a group, as one session with so many
    seats. ``in_person`` and ``online`` say how it can be attended.

    ``hue`` (1–8) is its colour in the calendar. ``needs_confirmation`` leaves a portal booking pending until
    staff confirm. ``buffer_before`` and ``buffer_after`` are minutes in which people and room are taken, but
    not the patient. For patients: ``notice_minutes`` is how long beforehand they have to book,
    ``horizon_days`` how far ahead they may (the facility's own where it is None), ``change_minutes`` until
    how long before the start they may still cancel or move.
    """

    __tablename__ = "services"
    __table_args__ = (
        UniqueConstraint("facility_id", "code", name="uq_services_facility_code"),
        CheckConstraint("minutes BETWEEN 5 AND 720", name="minutes"),
        CheckConstraint("fee >= 0", name="fee_not_negative"),
        CheckConstraint("hue BETWEEN 1 AND 8", name="hue"),
        CheckConstraint("buffer_before BETWEEN 0 AND 240 AND buffer_before % 5 = 0", name="buffer_before"),
        CheckConstraint("buffer_after BETWEEN 0 AND 240 AND buffer_after % 5 = 0", name="buffer_after"),
        CheckConstraint("notice_minutes BETWEEN 0 AND 43200", name="notice"),
        CheckConstraint("horizon_days BETWEEN 1 AND 730", name="horizon"),
        CheckConstraint("change_minutes BETWEEN 0 AND 43200", name="change"),
        CheckConstraint("in_person OR online", name="some_mode"),
        CheckConstraint("therapists BETWEEN 0 AND 6", name="therapists"),
        CheckConstraint("capacity BETWEEN 1 AND 200", name="capacity"),
        CheckConstraint("cardinality(equipment) <= 6", name="equipment"),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    code: Mapped[str]
    name: Mapped[str]
    name_hi: Mapped[str | None]
    minutes: Mapped[int] = mapped_column(SmallInteger)
    fee: Mapped[Decimal] = mapped_column(Numeric(12, 2), default=Decimal(0))
    hue: Mapped[int] = mapped_column(SmallInteger, default=1)
    room_kind: Mapped[str | None]
    note_template: Mapped[str] = mapped_column(default="soap")
    online_booking: Mapped[bool] = mapped_column(default=True)
    needs_confirmation: Mapped[bool] = mapped_column(default=False)
    before_you_come: Mapped[str | None]
    before_you_come_hi: Mapped[str | None]
    buffer_before: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    buffer_after: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    notice_minutes: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    horizon_days: Mapped[int | None] = mapped_column(SmallInteger)
    change_minutes: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    in_person: Mapped[bool] = mapped_column(default=True, server_default="true")
    online: Mapped[bool] = mapped_column(default=True, server_default="true")
    therapists: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    same_sex: Mapped[bool] = mapped_column(default=False, server_default="false")
    equipment: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    capacity: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    active: Mapped[bool] = mapped_column(default=True)

    def taken(self, during: Range[datetime]) -> Range[datetime]:
        """How long people and room are taken for a visit that lasts ``during``."""
        assert during.lower is not None
        assert during.upper is not None
        return Range(
            during.lower - timedelta(minutes=self.buffer_before),
            during.upper + timedelta(minutes=self.buffer_after),
        )

    @hybrid_property
    def shown_name(self) -> str:
        """The name in the reader's language, as far as the clinic has given one."""
        return (self.name_hi if locale_tag() == "hi" else None) or self.name

    @shown_name.inplace.expression
    @classmethod
    def _shown_name(cls) -> ColumnElement[str]:
        in_hindi = func.coalesce(func.nullif(cls.name_hi, ""), cls.name)
        return in_hindi if locale_tag() == "hi" else cls.name.expression


class ServicePractitioner(Base):
    """Somebody who performs a service. A service without such rows is performed by everybody."""

    __tablename__ = "service_practitioners"
    __table_args__ = (
        PrimaryKeyConstraint("service_id", "practitioner_id", name="pk_service_practitioners"),
        Index("ix_service_practitioners_practitioner", "practitioner_id"),
    )
    service_id: Mapped[int] = mapped_column(ForeignKey("services.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))


class ResourceKind(StrEnum):
    PRACTITIONER = "practitioner"
    THERAPIST = "therapist"
    ROOM = "room"
    EQUIPMENT = "equipment"
    FACILITY = "facility"


PEOPLE = (ResourceKind.PRACTITIONER, ResourceKind.THERAPIST)
OVERBOOK_FROM = 100
"""Units with this number or a higher one are for overbooking."""


class Resource(Base, Created):
    """Somebody or something that can be in use. Capacity n means n units, each claimed by itself.

    The facility itself is one, without units: its hours and time off are the clinic's opening hours and
    closures. A room or piece of equipment without hours is there whenever it is wanted.
    """

    __tablename__ = "resources"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('practitioner', 'therapist', 'room', 'equipment', 'facility')", name="kind_known"
        ),
        CheckConstraint(
            "(kind IN ('practitioner', 'therapist')) = (practitioner_id IS NOT NULL)",
            name="practitioner_is_named",
        ),
        Index(
            "uq_resources_facility",
            "facility_id",
            unique=True,
            postgresql_where=text("kind = 'facility'"),
        ),
        UniqueConstraint("facility_id", "practitioner_id", name="uq_resources_practitioner"),
        Index("ix_resources_facility_kind", "facility_id", "kind"),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    kind: Mapped[str]
    name: Mapped[str]
    room_kind: Mapped[str | None]
    equipment_kind: Mapped[str | None]
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioners.id"))
    position: Mapped[int] = mapped_column(SmallInteger, default=0)
    active: Mapped[bool] = mapped_column(default=True)
    practitioner: Mapped[Practitioner | None] = relationship()


class ResourceUnit(Base):
    """One place within a resource's capacity: what an allocation claims.

    Overbooking has units of its own, numbered from 100 on; a trigger gives them to practitioners alone.
    """

    __tablename__ = "resource_units"
    __table_args__ = (
        UniqueConstraint("resource_id", "number", name="uq_resource_units_number"),
        CheckConstraint("number >= 0", name="number_not_negative"),
        CheckConstraint("overbook = (number >= 100)", name="overbook_is_numbered"),
    )
    id: Mapped[Key]
    resource_id: Mapped[int] = mapped_column(ForeignKey("resources.id"))
    number: Mapped[int] = mapped_column(SmallInteger, default=0)
    overbook: Mapped[bool] = mapped_column(default=False, server_default="false")


class WorkingHours(Base):
    """A weekly interval in the facility's zone, from a date on; a break is the gap between two. Monday is
    0.

    ``once`` is an extra stretch on one day, beside the weekly hours: it is valid for that day alone.
    """

    __tablename__ = "working_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("starts < ends", name="starts_before_ends"),
        CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="valid_range"),
        CheckConstraint("NOT once OR valid_until = valid_from + 1", name="once_is_one_day"),
        Index("ix_working_hours_resource_weekday", "resource_id", "weekday"),
    )
    id: Mapped[Key]
    resource_id: Mapped[int] = mapped_column(ForeignKey("resources.id"))
    weekday: Mapped[int] = mapped_column(SmallInteger)
    starts: Mapped[time]
    ends: Mapped[time]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    once: Mapped[bool] = mapped_column(default=False, server_default="false")


class TimeOff(Base, Created):
    """A stretch in which a resource is not there, and why."""

    __tablename__ = "time_off"
    __table_args__ = (
        CheckConstraint("NOT isempty(during)", name="not_empty"),
        Index("ix_time_off_resource_during", "resource_id", "during"),
    )
    id: Mapped[Key]
    resource_id: Mapped[int] = mapped_column(ForeignKey("resources.id"))
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    reason: Mapped[str]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
