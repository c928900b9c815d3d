"""A clinic that brings in a list: the steps a person and a worker take, one after the other."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.facilities.models import Facility
from clinic.imports import service
from clinic.imports.models import Import, ImportRow, ImportState
from tests.factories import FacilityFactory, UserFactory, actor_of, grant


@dataclass
class Clinic:
    """A facility and its manager, who brings things in."""

    facility: Facility
    manager: Actor

    def receive(self, content: bytes | str, *, kind: str = "patients", name: str = "register.csv") -> int:
        """Send a file and let the worker read it; the import's id."""
        data = content.encode() if isinstance(content, str) else content
        with unit_of_work():
            row = service.receive(
                self.manager, self.facility, kind=kind, file_name=name, pieces=[data] if data else []
            )
            import_id = row.id
        service.carry_on(import_id)
        return import_id

    def check(self, import_id: int) -> Import:
        """Agree to the guessed columns, and let the worker look at every line."""
        row = self.row(import_id)
        assert row.state == ImportState.MAPPING, (row.state, row.why)
        with unit_of_work():
            service.confirm_mapping(self.manager, row, row.mapping, day_order=row.day_order)
        service.carry_on(import_id)
        return self.row(import_id)

    def preview(self, content: bytes | str, **more: str) -> Import:
        """A file up to its preview."""
        return self.check(self.receive(content, **more))

    def commit(self, import_id: int) -> Import:
        """Bring in what is agreed."""
        with unit_of_work():
            service.commit(self.manager, self.row(import_id))
        service.carry_on(import_id)
        return self.row(import_id)

    def bring_in(self, content: bytes | str, **more: str) -> Import:
        """A file all the way in."""
        return self.commit(self.preview(content, **more).id)

    def row(self, import_id: int) -> Import:
        """The import as it stands."""
        db.session.expire_all()
        return db.session.get_one(Import, import_id)

    def lines(self, import_id: int) -> list[ImportRow]:
        """Its lines, in the order of the file."""
        db.session.expire_all()
        return list(
            db.session.scalars(
                select(ImportRow).where(ImportRow.import_id == import_id).order_by(ImportRow.number)
            )
        )

    def line(self, import_id: int, number: int) -> ImportRow:
        """One line by the number a spreadsheet shows."""
        return next(line for line in self.lines(import_id) if line.number == number)


@pytest.fixture
def clinic(session: Session) -> Clinic:
    facility = FacilityFactory()
    user = grant(UserFactory(name="Meera Krishnan"), Role.FACILITY_ADMIN, facility=facility)
    session.commit()
    return Clinic(facility, actor_of(user, Role.FACILITY_ADMIN, facility=facility))


@pytest.fixture
def table() -> Callable[..., str]:
    """``table(headings, *rows)`` as the text of a CSV file."""

    def written(headings: Sequence[str], *rows: Sequence[str]) -> str:
        buffer = io.StringIO()
        csv.writer(buffer).writerows([headings, *rows])
        return buffer.getvalue()

    return written
