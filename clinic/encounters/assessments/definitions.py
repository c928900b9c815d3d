"""What is asked, read from the data files: the prakriti questions, and the forms of the other kinds."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from clinic.core.i18n import locale_tag

DATA = Path(__file__).parent / "data"
CURRENT = 1
"""The version that new assessments of every kind are made with."""
DOSHAS = ("vata", "pitta", "kapha")
DOSHA_SCALE = ("kshaya-3", "kshaya-2", "kshaya-1", "sama-0", "vriddhi-1", "vriddhi-2", "vriddhi-3")
"""A dosha's state and severity as one answer, from the gravest lack to the gravest excess."""


class FieldKind(StrEnum):
    CHOICE = "choice"
    CHOICES = "choices"
    NUMBER = "number"
    TEXT = "text"
    DOSHA = "dosha"


@dataclass(frozen=True, kw_only=True)
class Words:
    """Something named in English and Hindi, with its Sanskrit term where it has one of its own."""

    en: str
    hi: str
    term: str = ""

    @property
    def said(self) -> str:
        """In the reader's language."""
        return self.hi if locale_tag() == "hi" else self.en

    @property
    def beside(self) -> str:
        """The Sanskrit term to stand small beside the English word; the Hindi word is that term."""
        return self.term if locale_tag() != "hi" else ""


@dataclass(frozen=True, kw_only=True)
class Option:
    code: str
    words: Words


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing asked. ``column`` names the typed column that keeps it; others are kept in the body."""

    code: str
    kind: FieldKind
    words: Words
    options: tuple[Option, ...] = ()
    column: str = ""
    unit: str = ""
    required: bool = False
    least: Decimal = Decimal(0)
    most: Decimal = Decimal(0)
    decimals: int = 0

    @property
    def codes(self) -> frozenset[str]:
        """What may be answered, for a choice."""
        if self.kind is FieldKind.DOSHA:
            return frozenset(DOSHA_SCALE)
        return frozenset(option.code for option in self.options)

    def option(self, code: str) -> Option | None:
        """The answer with this code."""
        return next((option for option in self.options if option.code == code), None)


@dataclass(frozen=True, kw_only=True)
class Section:
    words: Words
    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form of one kind of examination, in one version."""

    kind: str
    version: int
    words: Words
    gloss: Words
    sections: tuple[Section, ...]

    @property
    def fields(self) -> Iterator[Field]:
        """All fields in order."""
        for section in self.sections:
            yield from section.fields

    def field(self, code: str) -> Field | None:
        """The field with this code."""
        return next((field for field in self.fields if field.code == code), None)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question about the constitution, with what each dosha's tendency looks like in it."""

    code: str
    question: Words
    short: Words
    tendencies: dict[str, Words]


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """The prakriti questions in one version; fewer than ``needed`` answers say nothing."""

    version: int
    needed: int
    items: tuple[Item, ...]

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(item.code for item in self.items)


@cache
def instrument(version: int = CURRENT) -> Instrument:
    """The prakriti questions of a version. Raises FileNotFoundError for one that never was."""
    data = _read(f"prakriti_{version}.toml")
    items = tuple(
        Item(
            code=row["code"],
            question=Words(en=row["en"], hi=row["hi"], term=row["term"]),
            short=Words(en=row["short_en"], hi=row["short_hi"], term=row["term"]),
            tendencies={dosha: Words(en=row[dosha][0], hi=row[dosha][1]) for dosha in DOSHAS},
        )
        for row in data["item"]
    )
    return Instrument(version=data["version"], needed=data["needed"], items=items)


@cache
def forms(version: int = CURRENT) -> dict[str, Form]:
    """The forms of a version by their kind, in the order they are offered in."""
    data = _read(f"examinations_{version}.toml")
    shared = data["options"]
    made = {}
    for row in data["form"]:
        made[row["kind"]] = Form(
            kind=row["kind"],
            version=data["version"],
            words=_words(row),
            gloss=Words(en=row["gloss_en"], hi=row["gloss_hi"]),
            sections=tuple(
                Section(words=_words(part), fields=tuple(_field(one, shared) for one in part["fields"]))
                for part in row["section"]
            ),
        )
    return made


def form_of(kind: str, version: int = CURRENT) -> Form | None:
    """The form of a kind; None for the prakriti questions, which are no form, and for what is not known."""
    return forms(version).get(kind)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


def _words(row: dict[str, Any]) -> Words:
    return Words(en=row["en"], hi=row["hi"], term=row.get("term", ""))


def _field(row: dict[str, Any], shared: dict[str, list[list[str]]]) -> Field:
    options = row.get("options", [])
    return Field(
        code=row["code"],
        kind=FieldKind(row["kind"]),
        words=_words(row),
        options=_options(shared[options] if isinstance(options, str) else options),
        column=row.get("column", ""),
        unit=row.get("unit", ""),
        required=row.get("required", False),
        least=Decimal(str(row.get("least", 0))),
        most=Decimal(str(row.get("most", 0))),
        decimals=row.get("decimals", 0),
    )


def _options(rows: Sequence[Sequence[str]]) -> tuple[Option, ...]:
    return tuple(
        Option(code=row[0], words=Words(en=row[1], hi=row[2], term=row[3] if len(row) > 3 else ""))
        for row in rows
    )
