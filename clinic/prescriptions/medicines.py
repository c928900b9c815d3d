"""The clinic's list of medicines as its page shows it: searched, by page, and one as a form says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from clinic.core.db import db
from clinic.core.paging import COUNT_CAP, Page, PageRequest
from clinic.core.text import fold, one_line
from clinic.prescriptions.checks import line_problems
from clinic.prescriptions.models import Medicine
from clinic.prescriptions.reading import FIELDS, LineRead, read_line, texts_of
from clinic.prescriptions.suggesting import begins, medicine_texts

LONGEST_OTHER_NAMES = 300
USUAL = tuple(
    name
    for name in FIELDS
    if name not in ("kind", "name", "ingredients", "brand", "quantity", "no_substitution")
)
"""What is kept of how a medicine is usually given."""


@dataclass(frozen=True, kw_only=True)
class MedicineRow:
    """One medicine of the page, with its usual line."""

    medicine: Medicine
    line: LineRead


@dataclass(frozen=True, kw_only=True)
class MedicineTyped:
    """A medicine as a form says it: ``line`` is how it is usually given, ``problems`` the words by field."""

    line: LineRead
    other_names: str

    @property
    def problems(self) -> dict[str, str]:
        """What nobody could read. What is usual may be left open: it is a proposal."""
        typed = {"dose": self.line.dose_typed, "dosing": self.line.dosing_typed}
        typed["duration"] = self.line.duration_typed
        found = line_problems(self.line)
        return {name: words for name, words in found.items() if name == "name" or typed.get(name)}

    @property
    def texts(self) -> dict[str, str]:
        """The texts a form shows again."""
        return texts_of(self.line) | {"other_names": self.other_names}

    @property
    def columns(self) -> dict[str, Any]:
        """The values of a row of ``medicines``."""
        texts = texts_of(self.line)
        return {
            "kind": self.line.kind,
            "name": self.line.name,
            "other_names": self.other_names,
            "search_name": fold(f"{self.line.name} {self.other_names}"),
            "ingredients": self.line.ingredients,
            "usual": {name: texts[name] for name in USUAL if texts[name]},
        }


def read_medicine(texts: Mapping[str, str]) -> MedicineTyped:
    """A medicine from its form."""
    kept = {name: texts.get(name, "") for name in ("kind", "name", "ingredients", *USUAL)}
    other_names = one_line(texts.get("other_names", ""))[:LONGEST_OTHER_NAMES]
    return MedicineTyped(line=read_line(kept), other_names=other_names)


def typed_of(medicine: Medicine) -> MedicineTyped:
    """A medicine of the list as its form begins."""
    return MedicineTyped(line=read_line(medicine_texts(medicine)), other_names=medicine.other_names)


def medicine_page(term: str, request: PageRequest, *, retired: bool = False) -> Page[MedicineRow]:
    """Those in use, or those retired, by name; every word of ``term`` begins a word of a name.

    Two statements.
    """
    conditions = [Medicine.active.is_not(retired), *begins(Medicine.search_name, fold(term).split()[:6])]
    few = select(Medicine.id).where(*conditions).limit(COUNT_CAP + 1).subquery()
    total = db.session.scalar(select(func.count()).select_from(few)) or 0
    rows = db.session.scalars(
        select(Medicine)
        .where(*conditions)
        .order_by(Medicine.search_name, Medicine.id)
        .limit(request.limit)
        .offset(request.offset)
    )
    shown = [MedicineRow(medicine=row, line=read_line(medicine_texts(row))) for row in rows]
    return Page(shown, request, min(total, COUNT_CAP), capped=total > COUNT_CAP)
