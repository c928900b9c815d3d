"""What the tests of every kind of list do: export it, go back to before it was there, take an import back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, inspect

from clinic.accounts.models import User
from clinic.core.db import db, unit_of_work
from clinic.exports.columns import COLUMNS
from clinic.exports.policy import Listing
from clinic.exports.queries.lists import Wanted, batches, extent
from clinic.exports.writing import csv_chunks
from clinic.facilities.models import Facility
from clinic.imports import service
from clinic.imports.kinds import Touched
from clinic.imports.models import Import
from tests.imports.conftest import Clinic

Table = Callable[..., str]
"""``table(headings, *rows)`` as the text of a CSV file."""


def exported(listing: Listing, *facility_ids: int, wanted: Wanted | None = None) -> bytes:
    """A list as the clinic's own CSV file."""
    reach, rows = frozenset(facility_ids), wanted or Wanted()
    last_id = extent(listing, reach, rows).last_id
    return b"".join(csv_chunks(COLUMNS[listing], batches(listing, reach, rows, last_id=last_id)))


def cells(content: bytes, *without: str) -> list[dict[str, str]]:
    """The rows of a CSV file by heading, some columns left out."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [{name: text for name, text in row.items() if name not in without} for row in rows]


@contextmanager
def gone_afterwards(clinic: Clinic) -> Iterator[None]:
    """Whatever is written inside was never there once it is over."""
    facility_id = clinic.facility.id
    db.session.commit()
    connection = db.session.get_bind()
    assert isinstance(connection, Connection)
    db.session.remove()
    before = connection.begin_nested()
    clinic.facility = db.session.get_one(Facility, facility_id)
    try:
        yield
    finally:
        db.session.remove()
        before.rollback()
        clinic.facility = db.session.get_one(Facility, facility_id)


def take_back(clinic: Clinic, import_id: int) -> tuple[list[Touched], Import]:
    """Ask for an import to be taken back: what stands in the way, and the import as it then is."""
    with unit_of_work():
        touched = service.undo(clinic.manager, clinic.row(import_id))
    service.carry_on(import_id)
    return touched, clinic.row(import_id)


def outcomes(clinic: Clinic, import_id: int) -> list[str | None]:
    """What became of the lines, in order."""
    return [line.outcome for line in clinic.lines(import_id)]


def said(clinic: Clinic, import_id: int, number: int) -> str:
    """Why a line was refused, in one text."""
    return " ".join(fault["message"] for fault in clinic.line(import_id, number).faults)


def noted(clinic: Clinic, import_id: int, number: int) -> str:
    """What is worth knowing of a line, in one text."""
    return " ".join(note["message"] for note in clinic.line(import_id, number).notes)


def again(user: User) -> User:
    """Somebody from before a worker was here, whose session took everything with it."""
    return db.session.get_one(User, inspect(user).identity)


def decide(clinic: Clinic, import_id: int, number: int, decision: str) -> None:
    """Say what becomes of a line."""
    with unit_of_work():
        service.decide(clinic.manager, clinic.row(import_id), clinic.line(import_id, number), decision)


__all__: Sequence[str] = [
    "Table",
    "again",
    "cells",
    "decide",
    "exported",
    "gone_afterwards",
    "noted",
    "outcomes",
    "said",
    "take_back",
]
