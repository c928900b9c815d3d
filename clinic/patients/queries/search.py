"""Finding patients by any word of their name, as it is written or heard, and by their numbers and e-mail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.names import without_title
from clinic.core.paging import COUNT_CAP, Page, PageRequest
from clinic.core.text import clean, fold, one_line
from clinic.patients import policy
from clinic.patients.models import Patient
from clinic.patients.queries import named, numbered
from clinic.patients.queries.misspelt import close_to
from clinic.patients.queries.stages import Search

LONGEST_TERM = 100
MOST_WORDS = 6
MOST_COUNTED = 200
"""What a term finds is counted up to here: whoever finds more goes on typing, and does not turn pages."""
SHORT = 120
"""So many patients from the beginning are simply read, to show the last of them."""
DEEPEST = 10_000
"""So far into what a term finds can be turned; who turns through everybody meets no end."""


@dataclass(frozen=True, kw_only=True)
class PatientRow:
    """A patient as a list shows them."""

    id: int
    mrn: str
    name: str
    sex: str
    birth_date: date | None
    birth_precision: str | None
    mobile: str | None
    phone_as_given: str | None
    email: str | None
    city: str | None
    file_number: str | None
    allergy_status: str
    deceased: bool
    deceased_on: date | None
    created_at: datetime


@dataclass(frozen=True)
class FoundPatients(Page[PatientRow]):
    """A page of patients. ``close``: nobody is called what was typed, and these nearly are.

    ``file_beginning`` is what the file numbers were asked to begin with, folded.
    """

    close: bool = False
    file_beginning: str = ""

    def file_number_of(self, row: PatientRow) -> str:
        """The row's file number where that is what was looked for; else nothing."""
        beginning, number = self.file_beginning, row.file_number or ""
        return number if beginning and numbered.fold_number(number).startswith(beginning) else ""


COLUMNS = tuple(getattr(Patient, name) for name in PatientRow.__dataclass_fields__)


def search_patients(actor: Actor, term: str, page: PageRequest) -> FoundPatients:
    """Patients that ``actor`` may see and ``term`` finds.

    No term: all, the newest first. Words: every one begins a word of the name; after those come the patients
    whose names only sound so; and where there are none, those a slip of the finger away, on one page. Digits:
    the mobile ends or begins with them, or a number of the patient's begins with them. With an ``@``: the
    e-mail begins with it. ``SU-…`` is the patient's number. ``%``, ``_`` and the backslash mean themselves.
    Names without the title that was typed before them come last. At most four statements, five with a title.
    """
    cleaned = _cleaned(term)
    if not cleaned:
        return _everybody(actor, page)
    search = search_for(actor, cleaned)
    rows, total = _page(search, page)
    found = FoundPatients(
        rows,
        page,
        min(total, MOST_COUNTED),
        capped=total > MOST_COUNTED,
        file_beginning=numbered.file_beginning(cleaned),
    )
    return found if total else _close(actor, cleaned, page) or found


def quick_search(actor: Actor, term: str, *, limit: int = 8) -> FoundPatients:
    """The first few that ``search_patients`` would find, not counting the rest. Mostly one statement, at most
    four; none for no term.
    """
    page = PageRequest(1, limit)
    cleaned = _cleaned(term)
    if not cleaned:
        return FoundPatients([], page, 0)
    rows = _first_rows(search_for(actor, cleaned), limit)
    if not rows:
        return _close(actor, cleaned, page) or FoundPatients([], page, 0)
    return FoundPatients(rows, page, len(rows), file_beginning=numbered.file_beginning(cleaned))


def search_for(actor: Actor, term: str) -> Search:
    """Where to look for a cleaned ``term``. One statement where it has several words, another where several
    are left behind a title.
    """
    if "@" in term:
        return Search((numbered.with_email(actor, term),))
    parts = numbered.with_number(actor, term) if numbered.file_beginning(term) else []
    if not numbered.digits_of(term):
        words = _words(term)
        parts.extend(named.with_words(actor, words))
        if (untitled := without_title(words)) != words:
            parts.extend(named.with_words(actor, untitled))
    return Search(tuple(parts))


def kind_of(term: str) -> str:
    """Which kind of term was typed, never the term itself: ``none``, ``email``, ``number`` or ``words``."""
    cleaned = _cleaned(term)
    if not cleaned:
        return "none"
    if "@" in cleaned:
        return "email"
    return "number" if numbered.file_beginning(cleaned) else "words"


def _cleaned(term: str) -> str:
    return one_line(clean(term))[:LONGEST_TERM]


def _words(term: str) -> list[str]:
    return fold(term).split()[:MOST_WORDS]


def _page(search: Search, page: PageRequest) -> tuple[list[PatientRow], int]:
    """The patients of a page, and how many there are in all as far as anybody counts."""
    end = page.offset + page.limit
    if end <= SHORT:
        rows = _first_rows(search, end)
        total = len(rows) if len(rows) < end else search.count(MOST_COUNTED + 1)
        return rows[page.offset :], total
    ids = search.ids(max(MOST_COUNTED + 1, end)) if end <= DEEPEST else []
    return _rows(ids[page.offset : end]), len(ids)


def _everybody(actor: Actor, page: PageRequest) -> FoundPatients:
    everybody = select(*COLUMNS).where(policy.visible(actor))
    newest = everybody.order_by(Patient.created_at.desc(), Patient.id.desc())
    rows = [_row(row) for row in db.session.execute(newest.offset(page.offset).limit(page.limit))]
    if page.page == 1 and len(rows) < page.limit:
        return FoundPatients(rows, page, len(rows))
    few = newest.with_only_columns(Patient.id).limit(COUNT_CAP + 1).subquery()
    total = db.session.scalar(select(func.count()).select_from(few)) or 0
    return FoundPatients(rows, page, min(total, COUNT_CAP), capped=total > COUNT_CAP)


def _rows(ids: Sequence[int]) -> list[PatientRow]:
    if not ids:
        return []
    rows = db.session.execute(select(*COLUMNS).where(Patient.id.in_(ids)))
    by_id = {row.id: _row(row) for row in rows}
    return [by_id[patient_id] for patient_id in ids if patient_id in by_id]


def _first_rows(search: Search, limit: int) -> list[PatientRow]:
    return [_row(row) for row in search.rows(limit, COLUMNS)]


def _row(row: Any) -> PatientRow:
    return PatientRow(**{name: getattr(row, name) for name in PatientRow.__dataclass_fields__})


def _close(actor: Actor, term: str, page: PageRequest) -> FoundPatients | None:
    """Patients with nearly that name, all on the first page; nothing where there is no name in the term."""
    if page.page > 1 or re.search(r"[\d@]", term):
        return None
    search = close_to(actor, without_title(_words(term)))
    rows = _first_rows(search, page.limit) if search else []
    return FoundPatients(rows, page, len(rows), close=True) if rows else None
