"""A storm on one clinic: everything that claims time, at random and at once, with all kinds of resources.

``Storm.run`` makes so many attempts with so many threads, and tells what came of them. What must hold
afterwards is asked in SQL: no two active claims on a unit overlap, no patient is in two places, no seat is
taken twice, every visit has its claims, and the database never had to break a knot.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select, text

from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.core.errors import DomainError
from clinic.facilities.models import Facility
from clinic.scheduling.models import (
    Appointment,
    HoldKind,
    Resource,
    ResourceUnit,
    Service,
    WorkingHours,
)
from clinic.scheduling.service import Booking, book, cancel, holding, move, settled, undo_end, undo_move
from clinic.scheduling.service.moves import reassign
from clinic.scheduling.service.series import Every, NewSeries, Rule, SeriesPlace, book_series
from tests.concurrency.conftest import Rush
from tests.factories import PractitionerFactory, ServiceFactory

CHECKS = {
    "units claimed twice": (
        "SELECT count(*) FROM allocations a JOIN allocations b ON a.id < b.id AND a.unit_id = b.unit_id"
        " AND a.during && b.during WHERE a.active AND b.active"
    ),
    "patients in two places": (
        "SELECT count(*) FROM appointments a JOIN appointments b USING (patient_id) WHERE a.id < b.id"
        " AND a.during && b.during AND a.status = 'confirmed' AND b.status = 'confirmed'"
    ),
    "seats taken twice": (
        "SELECT count(*) FROM (SELECT FROM appointments WHERE session_id IS NOT NULL AND status = 'confirmed'"
        " GROUP BY session_id, seat HAVING count(*) > 1) twice"
    ),
    "sessions overfull": (
        "SELECT count(*) FROM group_sessions s WHERE s.capacity <"
        " (SELECT count(*) FROM appointments a WHERE a.session_id = s.id AND a.status = 'confirmed')"
    ),
    "visits without all they need": (
        "SELECT count(*) FROM appointments a JOIN services s ON s.id = a.service_id"
        " WHERE a.status = 'confirmed' AND a.session_id IS NULL AND"
        " (SELECT count(*) FROM allocations c WHERE c.appointment_id = a.id AND c.active"
        "  AND c.during @> a.during)"
        " <> 1 + (s.room_kind IS NOT NULL)::int + s.therapists + cardinality(s.equipment)"
    ),
    "cancelled visits that still claim": (
        "SELECT count(*) FROM appointments a WHERE a.status = 'cancelled' AND EXISTS"
        " (SELECT FROM allocations c WHERE c.appointment_id = a.id AND c.active)"
    ),
    "deadlocks": "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
}
MINUTES = 5


@dataclass
class Storm:
    """What the storm plays with, by ids, and what came of it."""

    rush: Rush
    therapy_id: int
    yoga_id: int
    therapist_ids: list[int]
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[BaseException] = field(default_factory=list)

    @classmethod
    def over(cls, rush: Rush) -> Storm:
        """Add therapies, a group and overbooking to a committed clinic."""
        with rush.app.app_context(), unit_of_work():
            facility = db.session.get_one(Facility, rush.facility_id)
            therapy = ServiceFactory(
                facility_id=facility.id,
                minutes=45,
                room_kind="dhara",
                therapists=1,
                equipment=["stand"],
                buffer_before=5,
                buffer_after=10,
            )
            yoga = ServiceFactory(facility_id=facility.id, minutes=60, room_kind="hall", capacity=5)
            therapists = []
            for _therapist in range(4):
                person = PractitionerFactory()
                therapists.append(person.id)
                resource = _thing(facility.id, "therapist", person.name, practitioner_id=person.id)
                db.session.add_all(
                    WorkingHours(
                        resource_id=resource.id,
                        weekday=day,
                        starts=time(0),
                        ends=time(23, 59),
                        valid_from=date(2020, 1, 1),
                    )
                    for day in range(7)
                )
            for _room in range(2):
                _thing(facility.id, "room", "Dhara", units=1, room_kind="dhara")
            _thing(facility.id, "room", "Hall", room_kind="hall")
            _thing(facility.id, "equipment", "Stand", units=2, equipment_kind="stand")
            for lead in db.session.scalars(
                select(Resource.id).where(
                    Resource.facility_id == facility.id, Resource.kind == "practitioner"
                )
            ):
                db.session.add(ResourceUnit(resource_id=lead, number=100, overbook=True))
            storm = cls(rush, therapy.id, yoga.id, therapists)
        with rush.app.app_context():
            db.session.remove()
        return storm

    def run(self, attempts: int, *, threads: int, seed: int = 1) -> None:
        """Make so many attempts, each in a context of its own as a request would."""
        each = -(-attempts // threads)
        workers = [
            threading.Thread(target=self._work, args=(random.Random(seed * 1000 + n), each))
            for n in range(threads)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def found(self) -> dict[str, int]:
        """What the checks find: all of it should be 0."""
        with self.rush.app.app_context():
            return {name: db.session.scalar(text(check)) or 0 for name, check in CHECKS.items()}

    def _work(self, dice: random.Random, attempts: int) -> None:
        kinds: list[tuple[Callable[[random.Random], object], int]] = [
            (self._book, 30),
            (self._therapy, 20),
            (self._seat, 12),
            (self._move, 20),
            (self._undo, 6),
            (self._cancel, 12),
            (self._uncancel, 4),
            (self._reassign, 4),
            (self._between, 4),
            (self._form, 8),
            (self._offer, 6),
            (self._series, 6),
        ]
        for work in dice.choices(
            [kind for kind, _often in kinds], [often for _kind, often in kinds], k=attempts
        ):
            name = work.__name__.strip("_")
            with self.rush.app.app_context():
                try:
                    work(dice)
                    self.outcomes[f"{name}: done"] += 1
                except DomainError as refused:
                    self.outcomes[f"{name}: {type(refused).__name__}"] += 1
                except BaseException as failure:
                    self.outcomes[f"{name}: FAILED {type(failure).__name__}"] += 1
                    self.failures.append(failure)

    def _at(self, dice: random.Random) -> datetime:
        return self.rush.noon + timedelta(minutes=MINUTES * dice.randrange(72))

    def _booking(self, dice: random.Random, service_id: int, leads: list[int], **more: Any) -> Booking:
        values: dict[str, Any] = {
            "facility_id": self.rush.facility_id,
            "service_id": service_id,
            "patient_id": dice.choice(self.rush.patient_ids),
            "practitioner_id": dice.choice(leads),
            "starts": self._at(dice),
            "tell": False,
        }
        return Booking(**(values | more))

    def _book(self, dice: random.Random) -> object:
        wanted = self._booking(dice, self.rush.service_id, self.rush.practitioner_ids)
        return settled(lambda: book(SYSTEM, wanted))

    def _therapy(self, dice: random.Random) -> object:
        wanted = self._booking(dice, self.therapy_id, self.therapist_ids)
        return settled(lambda: book(SYSTEM, wanted))

    def _between(self, dice: random.Random) -> object:
        wanted = self._booking(
            dice, self.rush.service_id, self.rush.practitioner_ids, overbook=True, override_reason="storm"
        )
        return settled(lambda: book(SYSTEM, wanted))

    def _seat(self, dice: random.Random) -> object:
        starts = self.rush.noon + timedelta(hours=dice.randrange(6))
        wanted = self._booking(dice, self.yoga_id, self.rush.practitioner_ids[:2], starts=starts)
        return settled(lambda: book(SYSTEM, wanted))

    def _form(self, dice: random.Random) -> object:
        key = f"form {dice.random()}"
        service_id, leads = dice.choice(
            [(self.rush.service_id, self.rush.practitioner_ids), (self.therapy_id, self.therapist_ids)]
        )
        wanted = self._booking(dice, service_id, leads, hold=holding.form_purpose(SYSTEM, key))
        settled(lambda: holding.keep_for_form(SYSTEM, self._place(wanted), key))
        if dice.random() < 0.3:
            return settled(lambda: holding.let_go(SYSTEM, key))
        return settled(lambda: book(SYSTEM, wanted))

    def _offer(self, dice: random.Random) -> object:
        purpose = f"offer {dice.random()}"
        wanted = self._booking(dice, self.therapy_id, self.therapist_ids, hold=purpose)
        until = clock.now() + timedelta(seconds=dice.choice([0, 1, 600]))
        settled(
            lambda: holding.reserve(
                self._place(wanted), purpose=purpose, kind=HoldKind.OFFER, until=until, by=None
            )
        )
        return settled(lambda: book(SYSTEM, wanted))

    def _place(self, wanted: Booking) -> holding.Place:
        return holding.Place(
            facility=db.session.get_one(Facility, wanted.facility_id),
            service=db.session.get_one(Service, wanted.service_id),
            practitioner_id=wanted.practitioner_id,
            starts=wanted.starts,
        )

    def _series(self, dice: random.Random) -> object:
        starts = self._at(dice)
        lead = dice.choice(self.rush.practitioner_ids)
        wanted = NewSeries(
            facility_id=self.rush.facility_id,
            service_id=self.rush.service_id,
            patient_id=dice.choice(self.rush.patient_ids),
            rule=Rule(every=Every.DAY, count=3),
            places=[
                SeriesPlace(key=str(n), practitioner_id=lead, starts=starts + timedelta(hours=n))
                for n in range(3)
            ],
            tell=False,
            submission_key=str(dice.random()),
        )
        return settled(lambda: book_series(SYSTEM, wanted))

    def _any_visit(self, dice: random.Random, *statuses: str) -> Appointment:
        ids = db.session.scalars(
            select(Appointment.id).where(Appointment.status.in_(statuses)).order_by(Appointment.id)
        ).all()
        if not ids:
            raise NothingThere
        return db.session.get_one(Appointment, dice.choice(ids))

    def _move(self, dice: random.Random) -> object:
        visit = self._any_visit(dice, "confirmed")
        starts = self._at(dice)
        if visit.service_id == self.yoga_id:
            starts = self.rush.noon + timedelta(hours=dice.randrange(6))
        leads = self.therapist_ids if visit.service_id == self.therapy_id else self.rush.practitioner_ids
        lead = dice.choice(leads)
        return settled(lambda: move(SYSTEM, visit, starts, lead, tell=False))

    def _undo(self, dice: random.Random) -> object:
        visit = self._any_visit(dice, "confirmed")
        return settled(lambda: undo_move(SYSTEM, visit))

    def _cancel(self, dice: random.Random) -> object:
        visit = self._any_visit(dice, "confirmed")
        return settled(lambda: cancel(SYSTEM, visit, "storm", tell=False))

    def _uncancel(self, dice: random.Random) -> object:
        visit = self._any_visit(dice, "cancelled")
        return settled(lambda: undo_end(SYSTEM, visit))

    def _reassign(self, dice: random.Random) -> object:
        visit = self._any_visit(dice, "confirmed")
        return settled(lambda: reassign(SYSTEM, visit, reason="storm"))


class NothingThere(DomainError):
    """There is no visit yet to do this with."""

    def __init__(self) -> None:
        super().__init__("There is nothing yet.")


def _thing(facility_id: int, kind: str, name: str, *, units: int = 1, **values: Any) -> Resource:
    resource = Resource(facility_id=facility_id, kind=kind, name=name, **values)
    db.session.add(resource)
    db.session.flush()
    db.session.add_all(ResourceUnit(resource_id=resource.id, number=n) for n in range(units))
    db.session.flush()
    return resource
