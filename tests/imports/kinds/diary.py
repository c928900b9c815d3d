"""A clinic with a diary to bring in: its people, its lines, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import func, select

from clinic.core import clock
from clinic.core.db import db
from clinic.scheduling.models import Allocation, Appointment
from clinic.scheduling.service import Booking, book
from tests.imports.conftest import Clinic
from tests.imports.kinds.steps import (
    outcomes,
    said,
)

HEADINGS = ("Date", "Time", "Patient", "Mobile", "Doctor", "Service")
MOBILE = "98450 00001"


@dataclass
class Diary:
    """A clinic with two doctors, a household of two and somebody else, by their ids; ``day`` is in a week."""

    clinic: Clinic
    day: date
    nair: int
    joshi: int
    lakshmi: int
    raju: int
    amina: int
    service: int

    def at(self, hour: int, minute: int = 0) -> datetime:
        return clock.at(self.day, time(hour, minute), "Asia/Kolkata")

    def line(self, wall: str, patient: str = "Lakshmi Pillai", **more: str) -> tuple[str, ...]:
        """A line under ``HEADINGS``."""
        values = {
            "day": f"{self.day:%d/%m/%Y}", "wall": wall, "patient": patient, "mobile": MOBILE,
            "doctor": "Dr Meera Nair", "service": "Consultation", **more,
        }  # fmt: skip
        return tuple(values[name] for name in ("day", "wall", "patient", "mobile", "doctor", "service"))

    def book(self, hour: int, minute: int = 0, **changes: object) -> Appointment:
        """A visit of Amina with Dr Nair, booked at the desk."""
        values: dict[str, object] = {
            "patient_id": self.amina, "practitioner_id": self.nair, "service_id": self.service,
            "starts": self.at(hour, minute), "facility_id": self.clinic.facility.id, "tell": False,
        }  # fmt: skip
        made = book(self.clinic.manager, Booking(**(values | changes)))  # type: ignore[arg-type]
        db.session.commit()
        return made

    def preview(self, *lines: tuple[str, ...], headings: tuple[str, ...] = HEADINGS) -> int:
        return self.clinic.preview(_table(headings, *lines), kind="appointments").id

    def bring_in(self, *lines: tuple[str, ...], headings: tuple[str, ...] = HEADINGS) -> int:
        return self.clinic.commit(self.preview(*lines, headings=headings)).id

    def refused(self, import_id: int, number: int = 2) -> str:
        return said(self.clinic, import_id, number)

    def outcomes(self, import_id: int) -> list[str | None]:
        return outcomes(self.clinic, import_id)


def _table(headings: tuple[str, ...], *lines: tuple[str, ...]) -> str:
    return "\n".join("\t".join(cells_) for cells_ in (headings, *lines)) + "\n"


def visits() -> list[Appointment]:
    db.session.expire_all()
    return list(db.session.scalars(select(Appointment).order_by(Appointment.during, Appointment.id)))


def doubly_booked() -> int:
    """How many pairs of claims on one unit overlap; none may."""
    one, other = Allocation.__table__.alias(), Allocation.__table__.alias()
    return (
        db.session.scalar(
            select(func.count()).where(
                one.c.unit_id == other.c.unit_id,
                one.c.id < other.c.id,
                one.c.active,
                other.c.active,
                one.c.during.op("&&")(other.c.during),
            )
        )
        or 0
    )
